package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lbsam/kernels"
	"lbsam/nn"
	"lbsam/train"
)

// newModels returns the command models.
func newModels(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "models [NAME ...]",
		Short: "List the models and their sizes",
		RunE: func(_ *cobra.Command, names []string) error {
			if len(names) == 0 {
				names = nn.Names()
			}
			return a.models(names, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "a JSON object per model")
	return cmd
}

func (a *app) models(names []string, asJSON bool) error {
	d, err := kernels.Open(kernels.Config{Name: "ref"})
	if err != nil {
		return err
	}
	defer d.Close()
	for i, name := range names {
		m, err := sizeOf(d, name)
		if err != nil {
			return err
		}
		if asJSON {
			if err := a.result(m); err != nil {
				return err
			}
			continue
		}
		if i == 0 {
			a.row("model", "images", "parameters, 10 classes", "100 classes", "convolutions", "linear")
		}
		images := fmt.Sprintf("%dx%dx%d", m.Input[0], m.Input[1], m.Input[2])
		a.row(m.Name, images, thousands(m.Params10), thousands(m.Params100), m.Convs, m.Linears)
	}
	return nil
}

// row prints a row of the table of models.
func (a *app) row(cells ...any) {
	fmt.Fprintf(a.stdout, "%-10v  %9v  %22v  %12v  %12v  %6v\n", cells...)
}

// A modelSize is what models says about one of them.
type modelSize struct {
	Name      string `json:"name"`
	Input     [3]int `json:"input"` // height, width, channels
	Params10  int    `json:"params_10_classes"`
	Params100 int    `json:"params_100_classes"`
	Convs     int    `json:"convolutions"`
	Linears   int    `json:"linear_layers"`
}

func sizeOf(d *kernels.Device, name string) (modelSize, error) {
	h, w, c := inputOf(name)
	m, err := nn.New(d, name, 10, h, w, c, 0)
	if err != nil {
		return modelSize{}, train.UsageError{Message: err.Error()}
	}
	s := modelSize{Name: m.Name, Input: m.Input}
	last := 0 // numbers of the last linear layer, per class
	for _, p := range m.Params() {
		s.Params10 += p.Value.Len()
		switch shape := p.Shape(); len(shape) {
		case 4:
			s.Convs++
		case 2:
			s.Linears++
			last = shape[1] + 1 // and a bias
		}
	}
	s.Params100 = s.Params10 + 90*last
	return s, nil
}

// inputOf is the size of the images for which a model is made.
func inputOf(model string) (h, w, c int) {
	if model = strings.ToLower(model); model == "mlp" || model == "lenet" {
		return 28, 28, 1
	}
	return 32, 32, 3
}
