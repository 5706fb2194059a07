package main

import (
	"context"
	"path/filepath"

	"github.com/spf13/cobra"

	"lbsam/analysis"
)

// landscapeFlags are what the command landscape takes.
type landscapeFlags struct {
	measureFlags
	plane analysis.Landscape // X, Y and Recalibrate are below
	line  analysis.Interpolation

	x, y        analysis.Grid
	recalibrate int
	jobs        int
}

// newLandscape returns the command landscape.
func newLandscape(a *app) *cobra.Command {
	o := &landscapeFlags{
		plane: analysis.Landscape{Normalise: analysis.FilterNorm, Tensors: analysis.Weights},
		line:  analysis.Interpolation{Statistics: true},
	}
	cmd := &cobra.Command{
		Use:   "landscape CHECKPOINT [CHECKPOINT2]",
		Short: "Measure the loss around a model, or between two",
		Long: `Measure loss and accuracy at weights around those of a model, along random directions that the seed decides (Li et
al. 2018): on a plane of 25 x 25 points, or with --x alone on a line. The unit of the axes is the length of the weights:
of each filter, unless --normalise says otherwise. The directions are kept in directions.safetensors.

With two checkpoints of one model: on the straight line through them (Goodfellow et al. 2015), the first at 0 and the
second at 1.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 && len(args) != 2 {
				return usageError("landscape: found %d files, want one or two: see %s --help", len(args), cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.complete(cmd, len(args)); err != nil {
				return err
			}
			if len(args) == 2 {
				return a.interpolation(cmd, args[0], args[1], o)
			}
			return a.landscape(cmd, args[0], o)
		},
	}
	f := newFlags()
	f.Var(grid{&o.x}, "x", "`grid` of the first axis, min:max:points (default -1:1:25; between two checkpoints -0.5:1.5:41)")
	f.Var(grid{&o.y}, "y", "`grid` of the second axis (default -1:1:25; none if --x is given alone)")
	f.Var(word{&o.plane.Normalise, analysis.Norms()}, "normalise", "`what` of a direction is as long as that of the weights: filter, layer or none")
	f.Var(word{&o.plane.Tensors, analysis.Tensors()}, "tensors", "`which` parameters move: weights (no biases, nothing of BatchNorm) or all")
	f.BoolVar(&o.line.Statistics, "interpolate-statistics", o.line.Statistics, "between two checkpoints, interpolate BatchNorm's running statistics too (beyond them: the nearer one's); else they stay the first one's")
	f.IntVar(&o.recalibrate, "recalibrate", 0, "take BatchNorm's running statistics anew at each point, over so many `batches`; 0: don't")
	addSection(cmd.Flags(), "Landscape", f)
	o.addTo(cmd.Flags())
	addJobs(cmd.Flags(), &o.jobs)
	return cmd
}

// complete checks the flags for so many checkpoints and sets what was not given.
func (o *landscapeFlags) complete(cmd *cobra.Command, checkpoints int) error {
	given := cmd.Flags().Changed
	if checkpoints == 2 {
		for _, name := range []string{"y", "normalise", "tensors"} {
			if given(name) {
				return usageError("--%s is for the landscape around one checkpoint, and there are two: leave it out", name)
			}
		}
	} else if given("interpolate-statistics") {
		return usageError("--interpolate-statistics is for two checkpoints, and there is one: leave it out")
	}
	if err := o.checkRecalibrate(o.recalibrate); err != nil {
		return err
	}
	square := analysis.Grid{Min: -1, Max: 1, Points: 25}
	if given("y") || !given("x") {
		if o.plane.Y = &square; given("y") {
			o.plane.Y = &o.y
		}
	}
	if !given("x") {
		if o.x = square; checkpoints == 2 {
			o.x = analysis.Grid{Min: -0.5, Max: 1.5, Points: 41}
		}
	}
	o.plane.X, o.plane.Recalibrate = o.x, o.recalibrate
	o.line.X, o.line.Recalibrate = o.x, o.recalibrate
	return nil
}

// landscaped is the result of landscape, of one checkpoint.
type landscaped struct {
	Kind string `json:"kind"` // "landscape"
	subject
	analysis.Landscape
	Points []analysis.LandscapePoint `json:"points,omitempty"`
}

// landscape measures around a checkpoint.
func (a *app) landscape(cmd *cobra.Command, path string, o *landscapeFlags) error {
	m, err := a.measure(cmd, "landscape", path, &o.measureFlags)
	if err != nil {
		return err
	}
	defer m.close()
	sites, err := m.sites(cmd.Context(), o.jobs)
	if err != nil {
		return err
	}
	l := o.plane
	l.Seed = m.about.Seed
	r := landscaped{Kind: "landscape", subject: m.about, Landscape: l}
	journal, err := analysis.OpenJournal[analysis.LandscapePoint](m.folder, r)
	if err != nil {
		return err
	}
	defer journal.Close()
	if err := l.SaveDirections(filepath.Join(m.folder, "directions.safetensors"), m.job); err != nil {
		return err
	}
	err = m.run(cmd.Context(), func(ctx context.Context, tell func(done, total int)) error {
		return l.Run(ctx, sites, journal, tell)
	})
	if err != nil {
		return err
	}
	r.Checkpoint, r.Points = m.checkpoint, journal.Points
	m.sayLandscape(r.Points)
	if l.Y == nil {
		err = m.drawLine(r.Points, "along a random direction")
	} else {
		err = m.drawPlane(l, r.Points)
	}
	if err != nil {
		return err
	}
	return m.write(r)
}
