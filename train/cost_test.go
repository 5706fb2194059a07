package train

import (
	"testing"

	"lbsam/datasets"
)

// What is said before a run holds in it.
func TestCostIsWhatARunTakes(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"SGD":         func(c *Config) { c.Minimizer, c.Epochs, c.MaxEvals = "SGD", 9, 17 },
		"SAM":         func(c *Config) { c.Minimizer, c.Epochs, c.MaxEvals = "SAM", 9, 17 },
		"path mean":   func(c *Config) { c.Minimizer, c.K = "PathMeanASAM", 3 },
		"lookahead":   func(c *Config) { c.Minimizer, c.Epochs = "LookaheadSAM", 2 },
		"new batches": func(c *Config) { c.NewBatches = true },
		"limit":       func(c *Config) { c.LimitBatches, c.ValSplit = 2, 0.25 },
		"no reuse":    func(c *Config) { c.Reuse, c.K = false, 3 },
	} {
		c := Demo()
		c.Model, c.Epochs, c.Batch, c.Device = "resnet8-w8", 1, 8, "cpu"
		change(&c)
		j, err := OpenWith(c, datasets.Synthetic(1, 60, 8))
		if err != nil {
			t.Fatal(err)
		}
		r, err := j.Run(t.Context(), nil, nil)
		j.Close()
		if err != nil {
			t.Fatal(err)
		}
		cost := c.Cost(60)
		if r.Last.Step != cost.Steps || int(r.Last.Evals) != cost.Evals() || j.Steps() != cost.PerEpoch {
			t.Errorf("%s: %+v, and the run took %d steps with %d evaluations, %d an epoch", name, cost, r.Last.Step, r.Last.Evals, j.Steps())
		}
	}
}
