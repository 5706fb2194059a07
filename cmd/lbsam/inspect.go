package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lbsam/train"
	"lbsam/train/checkpoint"
)

// An inspection is what inspect prints as JSON.
type inspection struct {
	Kind       string            `json:"kind"` // "inspect"
	File       string            `json:"file"`
	Content    string            `json:"content"` // export, state or tensors
	Format     checkpoint.Format `json:"format"`
	Metadata   map[string]string `json:"metadata"`
	Parameters int64             `json:"parameters"`
	Tensors    []inspectedTensor `json:"tensors"`
}

type inspectedTensor struct {
	Name      string           `json:"name"`
	Dtype     checkpoint.Dtype `json:"dtype"`
	Shape     []int            `json:"shape"`
	Elements  int64            `json:"elements"`
	Min       float64          `json:"min"`
	Mean      float64          `json:"mean"`
	Max       float64          `json:"max"`
	RMS       float64          `json:"rms"`
	NonFinite int64            `json:"non_finite"`
}

// newInspect returns the command inspect.
func newInspect(a *app) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "inspect FILE|RUN",
		Short: "Show what is in a checkpoint",
		Long: `Show what is in a safetensors file or in one of torch.save: metadata, and of each tensor its type and shape and its
numbers. Those that are not finite are counted and left out of the rest. Of a run folder, its best.safetensors.`,
		Args: oneFile,
		RunE: func(_ *cobra.Command, args []string) error {
			path, err := weightsOf(args[0])
			if err != nil {
				return err
			}
			i, err := inspect(path)
			if err != nil {
				return err
			}
			if asJSON {
				return a.result(i)
			}
			a.showInspection(i)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "one JSON object")
	return cmd
}

func inspect(path string) (inspection, error) {
	s, err := checkpoint.Summarise(path)
	if err != nil {
		return inspection{}, train.CheckpointError{Err: err}
	}
	i := inspection{
		Kind: "inspect", File: path, Content: contentOf(s.Header), Format: s.Format,
		Metadata: s.Metadata, Parameters: s.Parameters(), Tensors: []inspectedTensor{},
	}
	for j, t := range s.Tensors {
		n := s.Stats[j]
		i.Tensors = append(i.Tensors, inspectedTensor{t.Name, t.Dtype, t.Shape, n.Elements, n.Min, n.Mean, n.Max, n.RMS, n.NonFinite})
	}
	return i, nil
}

// contentOf says what a file is about.
func contentOf(h checkpoint.Header) string {
	switch {
	case train.IsState(h):
		return "state"
	case h.Metadata["model"] != "":
		return "export"
	}
	return "tensors"
}

// showInspection prints metadata and a table of tensors.
func (a *app) showInspection(i inspection) {
	w := a.stdout
	fmt.Fprintf(w, "%s: %s, %s\n", i.File, map[string]string{
		"state": "the state of a run", "export": "a model", "tensors": "tensors",
	}[i.Content], i.Format)
	for _, key := range slices.Sorted(maps.Keys(i.Metadata)) {
		fmt.Fprintf(w, "  %-10s %s\n", key, oneLine(i.Metadata[key]))
	}
	wide := len("tensor")
	for _, t := range i.Tensors {
		wide = max(wide, min(len(t.Name), 60))
	}
	const numbers = "  %10s  %10s  %10s  %10s  %s\n"
	fmt.Fprintf(w, "%-*s  %-5s  %-16s  %11s"+numbers, wide, "tensor", "type", "shape", "elements", "min", "mean", "max", "rms", "not finite")
	total, bad := int64(0), int64(0)
	for _, t := range i.Tensors {
		g := func(v float64) string { return fmt.Sprintf("%.4g", v) }
		fmt.Fprintf(w, "%-*s  %-5s  %-16s  %11s"+numbers, wide, oneLine(t.Name), t.Dtype, fmt.Sprint(t.Shape), thousands(int(t.Elements)),
			g(t.Min), g(t.Mean), g(t.Max), g(t.RMS), thousands(int(t.NonFinite)))
		total, bad = total+t.Elements, bad+t.NonFinite
	}
	fmt.Fprintf(w, "%d tensors, %s elements", len(i.Tensors), thousands(int(total)))
	if i.Content != "state" {
		fmt.Fprintf(w, ", %s of them parameters", thousands(int(i.Parameters)))
	}
	fmt.Fprintf(w, "; %s not finite\n", thousands(int(bad)))
}

// oneLine is text of a file, fit to be printed.
func oneLine(s string) string {
	const most = 200
	if len(s) > most {
		s = s[:most] + "..."
	}
	quoted := fmt.Sprintf("%q", s)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}
