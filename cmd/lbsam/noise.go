package main

import (
	"context"

	"github.com/spf13/cobra"

	"lbsam/analysis"
	"lbsam/internal/figure"
)

// newNoise returns the command noise.
func newNoise(a *app) *cobra.Command {
	o, jobs := &measureFlags{}, 0
	n := analysis.Noise{Kind: analysis.Multiplicative, Tensors: analysis.Weights, Levels: []float64{0.02, 0.05, 0.1, 0.2}, Draws: 5}
	cmd := &cobra.Command{
		Use:   "noise CHECKPOINT",
		Short: "Measure a model's accuracy under noise on its weights",
		Long: `Measure loss and accuracy with noise on the weights. With w a weight, s the level and z standard normal, a noisy one is

  multiplicative  w*(1 + s*z)
  additive        w + s*z
  range           w + s*(max - min of its tensor)*z

z is drawn by the seed, and is the same at every level. With --per-layer one tensor at a time is noisy, which finds the
sensitive ones. With --recalibrate every score comes twice: with BatchNorm's running statistics as they are, and as they
are over some batches of the training set at the noisy weights.`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := n.Validate(); err != nil {
				return err
			}
			if err := o.checkRecalibrate(n.Recalibrate); err != nil {
				return err
			}
			return a.noise(cmd, args[0], o, n, jobs)
		},
	}
	f := newFlags()
	f.Var(word{&n.Kind, analysis.NoiseKinds()}, "noise", "`what` is added: multiplicative, additive or range")
	f.Var(numbers{&n.Levels}, "levels", "`standard deviations` of the noise, rising")
	f.IntVar(&n.Draws, "draws", n.Draws, "of the noise, per level")
	f.Var(word{&n.Tensors, analysis.Tensors()}, "tensors", "`which` parameters are noisy: weights (no biases, nothing of BatchNorm) or all")
	f.BoolVar(&n.PerLayer, "per-layer", false, "one tensor at a time")
	f.IntVar(&n.Recalibrate, "recalibrate", 0, "score with statistics of so many `batches` too; 0: don't")
	addSection(cmd.Flags(), "Noise", f)
	o.addTo(cmd.Flags())
	addJobs(cmd.Flags(), &jobs)
	return cmd
}

// noised is the result of noise.
type noised struct {
	Kind string `json:"kind"` // "noise"
	subject
	analysis.Noise
	Summary []analysis.NoiseLevel `json:"summary,omitempty"`
	Points  []analysis.NoisePoint `json:"points,omitempty"`
}

// noise measures.
func (a *app) noise(cmd *cobra.Command, path string, o *measureFlags, n analysis.Noise, jobs int) error {
	m, err := a.measure(cmd, "noise", path, o)
	if err != nil {
		return err
	}
	defer m.close()
	sites, err := m.sites(cmd.Context(), jobs)
	if err != nil {
		return err
	}
	n.Seed = m.about.Seed
	r := noised{Kind: "noise", subject: m.about, Noise: n}
	journal, err := analysis.OpenJournal[analysis.NoisePoint](m.folder, r)
	if err != nil {
		return err
	}
	defer journal.Close()
	err = m.run(cmd.Context(), func(ctx context.Context, tell func(done, total int)) error {
		return n.Run(ctx, sites, journal, tell)
	})
	if err != nil {
		return err
	}
	r.Checkpoint, r.Points, r.Summary = m.checkpoint, journal.Points, analysis.NoiseLevels(journal.Points)
	m.say("%s", noiseTable(n, r.Summary))
	if err := m.table(noiseRows(r.Points)); err != nil {
		return err
	}
	if err := m.figures(map[string]figure.Figure{"noise": noiseFigure(n, m.about.Model, r.Summary)}); err != nil {
		return err
	}
	return m.write(r)
}
