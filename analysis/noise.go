package analysis

import (
	"context"
	"fmt"
	"math"
	"slices"

	"lbsam/internal/rng"
	"lbsam/kernels"
	"lbsam/tensor"
	"lbsam/train"
)

// What the noise on a weight w is, σ being the level and z standard normal.
const (
	Multiplicative = "multiplicative" // w·(1 + σ·z)
	Additive       = "additive"       // w + σ·z
	RangeNoise     = "range"          // w + σ·(max - min of its tensor)·z
)

// NoiseKinds are the words for what the noise is.
func NoiseKinds() []string { return []string{Multiplicative, Additive, RangeNoise} }

// Noise measures how a model bears noise on its weights.
type Noise struct {
	Kind        string    `json:"noise"`       // of NoiseKinds
	Tensors     string    `json:"tensors"`     // of Tensors
	PerLayer    bool      `json:"per_layer"`   // on one tensor at a time, else on all at once
	Levels      []float64 `json:"levels"`      // σ, rising, each above 0
	Draws       int       `json:"draws"`       // of z, the same at every level and for every tensor
	Recalibrate int       `json:"recalibrate"` // batches over which the running statistics are taken at the noisy weights, for a second score; 0: there is none
	Seed        uint64    `json:"-"`
}

// A NoisePoint is the score under one draw of the noise.
type NoisePoint struct {
	Tensor string  `json:"tensor,omitempty"` // the noisy one; "": all
	Level  float64 `json:"level"`            // 0: without noise
	Draw   int     `json:"draw"`
	Score
	Recalibrated *Score `json:"recalibrated,omitempty"`
}

// Validate returns a train.UsageError unless the settings make sense.
func (n Noise) Validate() error {
	switch {
	case len(n.Levels) == 0:
		return train.UsageError{Message: "--levels is empty: want one level of noise or more"}
	case n.Draws < 1:
		return train.UsageError{Message: fmt.Sprintf("--draws is %d: want 1 or more", n.Draws)}
	}
	for i, level := range n.Levels {
		if !(level > 0 && level <= math.MaxFloat32) {
			return train.UsageError{Message: fmt.Sprintf("--levels has %v: want finite numbers above 0; the model without noise is measured in any case", level)}
		}
		if i > 0 && level <= n.Levels[i-1] {
			return train.UsageError{Message: fmt.Sprintf("--levels has %v behind %v: want rising numbers", level, n.Levels[i-1])}
		}
	}
	return nil
}

// Run measures what the journal lacks: the model without noise, then draw by draw
// and tensor by tensor the levels. All sites have the same model.
func (n Noise) Run(ctx context.Context, sites []Site, journal *Journal[NoisePoint], tell func(done, total int)) error {
	return fromOrigins(sites, func(origins []*origin) error {
		noisy := make([]*noisySite, len(origins))
		for i, o := range origins {
			noisy[i] = newNoisySite(n, o)
			defer o.Guard(noisy[i].close) // nothing is left to be done about an error
		}
		total := n.units(sites[0].Job)
		measure := func(ctx context.Context, site, unit int) (NoisePoint, error) { return noisy[site].measure(ctx, unit) }
		return inOrder(ctx, len(sites), len(journal.Points), total, measure, journal.adding(total, tell))
	})
}

// alone are the tensors that are noisy on their own; one that is -1: all.
func (n Noise) alone(j *train.Job) []int {
	if n.PerLayer {
		return moved(j.Params, n.Tensors)
	}
	return []int{-1}
}

func (n Noise) units(j *train.Job) int { return 1 + n.Draws*len(n.alone(j))*len(n.Levels) }

// A noisySite is a site with the noise of one draw.
type noisySite struct {
	Noise
	*origin
	tensors []int          // see alone
	noise   *tensor.Tensor // of one draw at level 1, [Params.Size()]; nil: none so far
	draw    int
}

func newNoisySite(n Noise, o *origin) *noisySite {
	return &noisySite{Noise: n, origin: o, tensors: n.alone(o.Job)}
}

func (s *noisySite) close() error {
	if s.noise != nil {
		kernels.Release(s.noise.Data)
	}
	return nil
}

// measure measures the given unit of work.
func (s *noisySite) measure(ctx context.Context, unit int) (p NoisePoint, err error) {
	tensor := -1
	if unit > 0 {
		at := unit - 1
		levels, tensors := len(s.Levels), len(s.tensors)
		p.Level, p.Draw, tensor = s.Levels[at%levels], at/levels/tensors, s.tensors[at/levels%tensors]
	}
	if tensor >= 0 {
		p.Tensor = s.Params.List[tensor].Name
	}
	err = s.Guard(func() error {
		s.restoreWeights()
		s.restoreStatistics()
		if unit > 0 {
			s.take(p.Draw)
			s.add(tensor, p.Level)
		}
		return nil
	})
	if err == nil {
		p.Score, err = s.score(ctx, 0)
	}
	if err == nil && s.Recalibrate > 0 {
		var again Score
		again, err = s.score(ctx, s.Recalibrate)
		p.Recalibrated = &again
	}
	return p, err
}

// add adds the noise to a tensor, to all if it is -1.
func (s *noisySite) add(tensor int, level float64) {
	w, d := s.Params.Weights.Data, s.noise.Data
	if tensor >= 0 {
		from, to := s.Params.Offsets[tensor], s.Params.Offsets[tensor]+s.Params.Lens[tensor]
		w, d = w.Slice(from, to), d.Slice(from, to)
	}
	kernels.AddScaled(w, d, level)
}

// take takes the noise of a draw. What has none is 0, and draws all the same, so
// that the noise of a tensor does not depend on the others.
func (s *noisySite) take(draw int) {
	if s.noise != nil && s.draw == draw {
		return
	}
	w := kernels.Floats(s.weights)
	d := make([]float64, len(w))
	z := rng.New(s.Seed, rng.Analysis, uint32(draw), noiseStream)
	which := moved(s.Params, s.Tensors)
	for i := range s.Params.List {
		from, to := s.Params.Offsets[i], s.Params.Offsets[i]+s.Params.Lens[i]
		for k := from; k < to; k++ {
			d[k] = z.Norm()
		}
		if slices.Contains(which, i) {
			s.scale(d[from:to], w[from:to])
		} else {
			clear(d[from:to])
		}
	}
	if s.noise == nil {
		s.noise = tensor.New(s.Device, len(d))
	}
	s.noise.SetFloats(d)
	s.draw = draw
}

// scale makes z the noise at level 1 on the weights w of a tensor.
func (n Noise) scale(z, w []float64) {
	switch n.Kind {
	case Additive:
	case Multiplicative:
		for i := range z {
			z[i] *= w[i]
		}
	case RangeNoise:
		width := slices.Max(w) - slices.Min(w)
		for i := range z {
			z[i] *= width
		}
	default:
		panic(fmt.Sprintf("analysis: noise %q, want one of %v", n.Kind, NoiseKinds()))
	}
}
