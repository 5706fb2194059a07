package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lbsam/analysis"
)

// newSharpness returns the command sharpness.
func newSharpness(a *app) *cobra.Command {
	o := &measureFlags{}
	s := analysis.Sharpness{
		Geometries: analysis.Geometries(), Radii: []float64{0.01, 0.02, 0.05, 0.1, 0.2, 0.5}, M: []int{128, 0},
		Steps: 20, Draws: 10, Eta: 0.01, Tensors: analysis.AllTensors,
		Hessian: analysis.Hessian{Eigenvalues: 3, Vectors: 20, Tolerance: 1e-3, Traces: 10},
	}
	cmd := &cobra.Command{
		Use:   "sharpness CHECKPOINT",
		Short: "Measure how much a model's loss rises nearby, and its Hessian",
		Long: `Measure by how much the loss of a model rises around its weights: the highest loss within a radius, found by ascents
of many steps (Auto-PGD) and by the single step of SAM, and the loss in random directions; the largest eigenvalues of
the Hessian, by Lanczos' method, and its trace, by Hutchinson's. The radius is measured as SAM does, or as ASAM does.

It computes in float32, or in float64 on the device ref: coarser numbers have no second derivatives.`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.sharpness(cmd, args[0], o, s)
		},
	}
	addSharpness(cmd.Flags(), &s)
	o.addTo(cmd.Flags())
	return cmd
}

func addSharpness(flags *pflag.FlagSet, s *analysis.Sharpness) {
	f := newFlags()
	f.Var(numbers{&s.Radii}, "radii", "`radii`, rho, at which the loss is measured")
	f.Var(words{&s.Geometries}, "geometry", "what `kind` of radius: sam (the length of the change), asam (that of the change relative to |w| + eta)")
	f.Var(wholes{&s.M}, "m", "`sizes` of the groups of images that have a worst case of their own, over which the mean is taken; 0: one for all")
	f.IntVar(&s.Steps, "steps", s.Steps, "of the ascent to a worst case; 0: none")
	f.IntVar(&s.Draws, "draws", s.Draws, "random directions; 0: none")
	f.Float64Var(&s.Eta, "eta", s.Eta, "ASAM: added to |w|")
	f.Var(word{&s.Tensors, analysis.Tensors()}, "tensors", "`which` parameters move: weights (no biases, nothing of BatchNorm) or all")
	addSection(flags, "Rise of the loss", f)

	f = newFlags()
	h := &s.Hessian
	f.IntVar(&h.Eigenvalues, "eigenvalues", h.Eigenvalues, "how many of the largest ones; the smallest comes with them; 0: none")
	f.IntVar(&h.Vectors, "vectors", h.Vectors, "of Lanczos' method, at most; each takes as much memory as the weights")
	f.Float64Var(&h.Tolerance, "tolerance", h.Tolerance, "residual, relative to the largest eigenvalue, at which Lanczos' method ends early")
	f.IntVar(&h.Traces, "traces", h.Traces, "random vectors for the trace; 0: none")
	f.Float64Var(&h.Step, "hessian-step", h.Step, "step of the differences of gradients, relative to the length of the weights (default: by the precision)")
	addSection(flags, "Hessian", f)
}

// sharpened is the result of sharpness.
type sharpened struct {
	Kind string `json:"kind"` // "sharpness"
	subject
	analysis.Sharpness
	*analysis.SharpnessResult
}

// sharpness measures.
func (a *app) sharpness(cmd *cobra.Command, path string, o *measureFlags, s analysis.Sharpness) error {
	given := cmd.Flags().Changed("m")
	fit := func(images int) { // groups that nobody asked for are left out where they do not fit
		if !given {
			s.M = slices.DeleteFunc(slices.Clone(s.M), func(m int) bool { return m >= images })
		}
	}
	if o.images > 0 {
		fit(o.images)
	}
	if err := s.Validate(o.images); err != nil {
		return err
	}
	switch o.config.Precision {
	case "auto":
		o.config.Precision = "float32"
	case "float32", "float64":
	default:
		return usageError("--precision is %s: want float32, or float64 on device ref; coarser numbers have no second derivatives", o.config.Precision)
	}
	m, err := a.measure(cmd, "sharpness", path, o)
	if err != nil {
		return err
	}
	defer m.close()
	fit(m.about.Images)
	if err := s.Validate(m.about.Images); err != nil {
		return err
	}
	s.Seed = m.about.Seed
	r := sharpened{Kind: "sharpness", subject: m.about, Sharpness: s}
	journal, err := analysis.OpenJournal[analysis.SharpnessPoint](m.folder, r)
	if err != nil {
		return err
	}
	defer journal.Close()
	err = m.run(cmd.Context(), func(ctx context.Context, tell func(done, total int)) error {
		return s.Run(ctx, m.job, m.probe, journal, tell)
	})
	if err != nil {
		return err
	}
	result := s.Result(journal.Points)
	if err := m.writeSharpness(result); err != nil {
		return err
	}
	if !o.quiet {
		fmt.Fprint(a.stderr, sharpnessTable(result))
	}
	r.Checkpoint, r.SharpnessResult = m.checkpoint, &result
	return m.write(r)
}
