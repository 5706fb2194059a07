package main

import (
	"context"

	"github.com/spf13/cobra"

	"lbsam/analysis"
)

// newNoise returns the command noise.
func newNoise(a *app) *cobra.Command {
	o, n := &measureFlags{}, analysis.Noise{Kind: analysis.Multiplicative, Tensors: analysis.AllTensors}
	cmd := &cobra.Command{
		Use:   "noise CHECKPOINT",
		Short: "Measure a model's accuracy under noise on its weights",
		Args:  oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.noise(cmd, args[0], o, n)
		},
	}
	f := newFlags()
	f.Float64SliceVar(&n.Levels, "levels", []float64{0.02, 0.05, 0.1, 0.2}, "standard deviations of the noise")
	f.IntVar(&n.Draws, "draws", 5, "of the noise, per level")
	addSection(cmd.Flags(), "Noise", f)
	o.addTo(cmd.Flags())
	return cmd
}

// noised is the result of noise.
type noised struct {
	Kind string `json:"kind"` // "noise"
	subject
	analysis.Noise
	Points []analysis.NoisePoint `json:"points,omitempty"`
}

// noise measures.
func (a *app) noise(cmd *cobra.Command, path string, o *measureFlags, n analysis.Noise) error {
	m, err := a.measure(cmd, "noise", path, o)
	if err != nil {
		return err
	}
	defer m.close()
	n.Seed = m.about.Seed
	r := noised{Kind: "noise", subject: m.about, Noise: n}
	journal, err := analysis.OpenJournal[analysis.NoisePoint](m.folder, r)
	if err != nil {
		return err
	}
	defer journal.Close()
	err = m.run(cmd.Context(), func(ctx context.Context, tell func(done, total int)) error {
		return n.Run(ctx, []analysis.Site{{Job: m.job, Probe: m.probe}}, journal, tell)
	})
	if err != nil {
		return err
	}
	r.Checkpoint, r.Points = m.checkpoint, journal.Points
	return m.write(r)
}
