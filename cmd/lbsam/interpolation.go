package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"lbsam/analysis"
	"lbsam/train"
)

// interpolated is the result of landscape, of two checkpoints.
type interpolated struct {
	Kind string `json:"kind"` // "landscape"
	subject
	To       string `json:"to,omitempty"` // the second checkpoint
	ToSHA256 string `json:"to_sha256"`
	analysis.Interpolation
	Barrier *analysis.Number          `json:"barrier,omitempty"`
	Points  []analysis.LandscapePoint `json:"points,omitempty"`
}

// interpolation measures on the line through two checkpoints.
func (a *app) interpolation(cmd *cobra.Command, from, to string, o *landscapeFlags) error {
	to, err := weightsOf(to)
	if err != nil {
		return err
	}
	n, sum, err := a.second(cmd, from, to, o)
	if err != nil {
		return err
	}
	m, err := a.measure(cmd, "landscape", from, &o.measureFlags)
	if err != nil {
		return err
	}
	defer m.close()
	if err := m.sameImages(to); err != nil {
		return err
	}
	sites, err := m.sites(cmd.Context(), o.jobs)
	if err != nil {
		return err
	}
	r := interpolated{Kind: "landscape", subject: m.about, ToSHA256: sum, Interpolation: n}
	journal, err := analysis.OpenJournal[analysis.LandscapePoint](m.folder, r)
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
	r.Checkpoint, r.To, r.Points = m.checkpoint, to, journal.Points
	m.sayLandscape(r.Points)
	if b := analysis.Barrier(r.Points); b.Finite() {
		r.Barrier = &b
		m.say("barrier between the two: %.4f above the straight line through their losses", float64(b))
	}
	if err := m.drawLine(r.Points, "from the first model (0) to the second (1)"); err != nil {
		return err
	}
	return m.write(r)
}

// sameImages says so if the second run trained on other images than the first.
func (m *measurement) sameImages(to string) error {
	h := m.about.Holdout
	other, err := heldOut(to, m.about.Dataset)
	if err != nil {
		return err
	}
	same := h == other || h != nil && other != nil && *h == *other
	if !same && m.about.Split != "test" {
		m.say("note: the runs held out different images; the %s images are those of the first", m.about.Split)
	}
	return nil
}

// second is the interpolation to the checkpoint in file to, which has to be one of
// the model in from, and its SHA-256.
func (a *app) second(cmd *cobra.Command, from, to string, o *landscapeFlags) (n analysis.Interpolation, sum string, err error) {
	c, err := o.check(cmd.Flags(), from)
	if err != nil {
		return n, "", err
	}
	c2, err := o.check(cmd.Flags(), to)
	if err != nil {
		return n, "", err
	}
	if c.Model != c2.Model {
		return n, "", train.CheckpointError{Err: fmt.Errorf("%s is a %s, and %s is a %s: want two checkpoints of one model", c.Init, c.Model, c2.Init, c2.Model)}
	}
	if sum, err = hashOf(to); err != nil {
		return n, "", err
	}
	first := c.Init
	c.Init = to
	card, err := train.ReadCard(to)
	if err != nil {
		return n, "", err
	}
	job, err := a.openJob(cmd.Context(), c, card.Open, false, false)
	if err != nil {
		return n, "", fmt.Errorf("%w; the other checkpoint is %s", err, first)
	}
	defer job.Close()
	n = o.line
	n.To, err = analysis.NewSnapshot(job)
	return n, sum, err
}
