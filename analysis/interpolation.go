package analysis

import (
	"context"
	"fmt"
	"math"

	"lbsam/kernels"
	"lbsam/tensor"
	"lbsam/train"
)

// An Interpolation is the loss on the straight line through two models of one
// shape: at (1-x)·w₀ + x·w₁ (Goodfellow et al. 2015, "Qualitatively characterizing
// neural network optimization problems"). At 0 and 1 the weights are exactly those
// of the two.
type Interpolation struct {
	X Grid `json:"x"`

	// Statistics says that BatchNorm's running means and variances are
	// interpolated too, and outside of 0 to 1 are those of the nearer model, for
	// farther out variances fall below 0; else they stay those of the first model.
	Statistics bool `json:"interpolate_statistics"`

	Recalibrate int       `json:"recalibrate"` // batches that give the statistics of each point; 0: none
	To          *Snapshot `json:"-"`           // the second model
}

// A Snapshot is a copy of the weights and the running statistics of a model, in the
// memory of the host.
type Snapshot struct{ weights, statistics []float64 }

// NewSnapshot copies those of j.
func NewSnapshot(j *train.Job) (s *Snapshot, err error) {
	err = j.Guard(func() error {
		s = &Snapshot{weights: j.Params.Weights.Floats()}
		for _, i := range statistics(j) {
			s.statistics = append(s.statistics, j.Model.Buffers()[i].Value.Floats()...)
		}
		return nil
	})
	return s, err
}

// statistics are the places in j.Model.Buffers of the running means and variances.
func statistics(j *train.Job) (places []int) {
	for i, b := range j.Model.Buffers() {
		if b.Value.Data.Dtype() == j.Device.Precision() {
			places = append(places, i)
		}
	}
	return places
}

// Run measures what the journal lacks. All sites have the first model.
func (n Interpolation) Run(ctx context.Context, sites []Site, journal *Journal[LandscapePoint], tell func(done, total int)) error {
	return survey{n.X, nil, n.Recalibrate, n.along}.run(ctx, sites, journal, tell)
}

// along returns what moves a site between the models.
func (n Interpolation) along(o *origin) mover {
	if len(n.To.weights) != o.Params.Size() {
		panic(fmt.Sprintf("analysis: Interpolation from weights [%d] to weights [%d]", o.Params.Size(), len(n.To.weights)))
	}
	to := []*tensor.Tensor{tensor.From(o.Device, n.To.weights, len(n.To.weights))}
	moves := []func(x float64){func(x float64) { interpolate(o.Params.Weights.Data, o.weights, to[0].Data, x) }}
	rest := n.To.statistics
	for _, i := range statistics(o.Job) {
		b := o.Model.Buffers()[i]
		end := tensor.From(o.Device, rest[:b.Value.Len()], b.Value.Len())
		rest = rest[b.Value.Len():]
		if to = append(to, end); n.Statistics {
			moves = append(moves, func(x float64) {
				interpolate(b.Value.Data, o.buffers[i], end.Data, min(max(x, 0), 1))
			})
		}
	}
	return mover{
		to: func(at ...float64) {
			for _, move := range moves {
				move(at[0])
			}
		},
		close: func() { free(to) },
	}
}

// interpolate sets y = (1-x)·a + x·b.
func interpolate(y, a, b kernels.Buffer, x float64) {
	kernels.Zero(y)
	kernels.AddScaled(y, a, 1-x)
	kernels.AddScaled(y, b, x)
}

// Barrier is how far the loss between the two models rises above the straight line
// through their losses, at most: the barrier of linear mode connectivity (Frankle
// et al. 2020). It is NaN where 0 or 1 is no point or a loss is not finite.
func Barrier(points []LandscapePoint) Number {
	first, last := math.NaN(), math.NaN()
	for _, p := range points {
		switch p.X {
		case 0:
			first = float64(p.Loss)
		case 1:
			last = float64(p.Loss)
		}
	}
	highest := first - first
	for _, p := range points {
		if p.X >= 0 && p.X <= 1 {
			highest = math.Max(highest, float64(p.Loss)-(1-p.X)*first-p.X*last) // NaN stays
		}
	}
	return Number(highest)
}
