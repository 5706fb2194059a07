package analysis

import (
	"context"

	"lbsam/internal/rng"
	"lbsam/train"
)

// Noise measures how a model bears noise on its weights.
type Noise struct {
	Levels []float64 `json:"levels"` // standard deviations, each above 0
	Draws  int       `json:"draws"`  // per level
	Seed   uint64    `json:"-"`
}

// A NoisePoint is the score under one draw of the noise.
type NoisePoint struct {
	Level float64 `json:"level"`
	Draw  int     `json:"draw"`
	train.Score
}

// Run measures what the journal lacks. With w a weight and z standard normal,
// a noisy weight is w·(1 + level·z). Draw d has the same z at every level.
func (n Noise) Run(ctx context.Context, j *train.Job, p *train.Probe, journal *Journal[NoisePoint], tell func(done, total int)) error {
	weights := j.Params.Weights.Floats()
	defer j.Params.Weights.SetFloats(weights)
	noisy := make([]float64, len(weights))
	total := len(n.Levels) * n.Draws
	for done := len(journal.Points); done < total; done++ {
		level, draw := n.Levels[done/n.Draws], done%n.Draws
		z := rng.New(n.Seed, rng.Analysis, uint32(draw))
		for i, w := range weights {
			noisy[i] = w * (1 + level*z.Norm())
		}
		j.Params.Weights.SetFloats(noisy)
		score, err := p.Score(ctx)
		if err != nil {
			return err
		}
		if err := journal.Add(NoisePoint{level, draw, score}); err != nil {
			return err
		}
		tell(done+1, total)
	}
	return nil
}
