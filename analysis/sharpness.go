package analysis

import (
	"context"
	"fmt"

	"lbsam/autograd"
	"lbsam/internal/rng"
	"lbsam/train"
)

// Sharpness measures by how much the loss rises around the weights of a model: in
// the worst case and on average within radii (Foret et al. 2021; Andriushchenko et
// al. 2023), and to second order, by the Hessian.
type Sharpness struct {
	Geometries []string  `json:"geometries"` // some of Geometries()
	Radii      []float64 `json:"radii"`      // each above 0
	M          []int     `json:"m"`          // images that have a worst case of their own; 0: all share one
	Steps      int       `json:"steps"`      // of an ascent; 0: no worst case
	Draws      int       `json:"draws"`      // random directions; 0: no average
	Eta        float64   `json:"eta"`        // of ASAM
	Tensors    string    `json:"tensors"`    // what moves, one of Tensors()
	Hessian    Hessian   `json:"hessian"`
	Seed       uint64    `json:"-"`
}

// A SharpnessPoint is one part of the measurement: one of the pointers is set.
type SharpnessPoint struct {
	Geometry string  `json:"geometry,omitempty"`
	Radius   float64 `json:"radius,omitempty"`

	Clean    *Level     `json:"clean,omitempty"` // of all images, at the model's weights
	Worst    *WorstCase `json:"worst,omitempty"`
	Average  *Average   `json:"average,omitempty"`
	Spectrum *Spectrum  `json:"spectrum,omitempty"`
	Trace    *TraceDraw `json:"trace,omitempty"`
}

// A WorstCase is the rise of the loss of one group of M images.
type WorstCase struct {
	M     int `json:"m"`
	Group int `json:"group"`
	Rise
}

// An Average is the loss of all images in one random direction.
type Average struct {
	Draw int `json:"draw"`
	Level
}

// The second ids of random numbers for rng.Analysis.
const (
	sphereDraws uint32 = 0x5ab0 + iota
	lanczosStart
	traceDraws
)

// gradientCost is what a gradient costs, in forward passes.
const gradientCost = 3

// Run measures what the journal lacks on the images of p, at the weights of j,
// which it puts back at the end. tell hears how much of the work, in forward
// passes of an image, is done.
func (s Sharpness) Run(ctx context.Context, j *train.Job, p *train.Probe, journal *Journal[SharpnessPoint], tell func(done, total int)) error {
	return j.Guard(func() error { return s.run(ctx, j.Params, p, journal, tell) })
}

// A sharpnessRun is the measurement under way.
type sharpnessRun struct {
	Sharpness
	params  *autograd.Params
	loss    objective
	journal *Journal[SharpnessPoint]
	tell    func(done, total int)

	known       int // parts that the journal had
	part        int // the next one
	done, total int // forward passes of an image
}

func (s Sharpness) run(ctx context.Context, p *autograd.Params, loss objective, journal *Journal[SharpnessPoint], tell func(done, total int)) error {
	r := &sharpnessRun{Sharpness: s, params: p, loss: loss, journal: journal, tell: tell, known: len(journal.Points), total: s.cost(loss.N())}
	if err := r.clean(ctx); err != nil {
		return err
	}
	for _, geometry := range s.Geometries {
		if len(s.Radii) == 0 {
			break
		}
		if err := r.within(ctx, newBall(p, geometry, s.Tensors, s.Eta)); err != nil {
			return err
		}
	}
	return r.curvature(ctx, newBall(p, sam, s.Tensors, 0))
}

// measure adds the next part, of the given cost, to the journal, unless it is
// there.
func (r *sharpnessRun) measure(cost int, part func() (SharpnessPoint, error)) error {
	r.part++
	if r.part > r.known {
		point, err := part()
		if err != nil {
			return err
		}
		if err := r.journal.Add(point); err != nil {
			return err
		}
	}
	r.done += cost
	if r.part > r.known {
		r.tell(r.done, r.total)
	}
	return nil
}

// clean scores all images. A loss that is no number can rise no more.
func (r *sharpnessRun) clean(ctx context.Context) error {
	return r.measure(r.loss.N(), func() (SharpnessPoint, error) {
		score, err := r.loss.ScoreOf(ctx, 0, r.loss.N())
		l := level(score)
		if err == nil && !l.Loss.Finite() {
			err = train.CheckpointError{Err: fmt.Errorf("analysis: the loss of the model is %v: its weights are damaged, or their training diverged", score.Loss)}
		}
		return SharpnessPoint{Clean: &l}, err
	})
}

// within measures the worst cases and the averages in one geometry.
func (r *sharpnessRun) within(ctx context.Context, b *ball) error {
	defer b.leave()
	a := newAscent(b, r.loss, r.Steps)
	defer a.release()
	for _, rho := range r.Radii {
		for draw := range r.Draws {
			err := r.measure(r.loss.N(), func() (SharpnessPoint, error) {
				score, err := b.random(ctx, r.loss, rho, rng.New(r.Seed, rng.Analysis, uint32(draw), sphereDraws))
				return SharpnessPoint{Geometry: b.geometry, Radius: rho, Average: &Average{draw, level(score)}}, err
			})
			if err != nil {
				return err
			}
		}
		if r.Steps == 0 {
			continue
		}
		for _, m := range r.M {
			if err := r.worstCases(ctx, a, rho, m); err != nil {
				return err
			}
		}
	}
	return nil
}

// worstCases measures the worst case of each group of m images, the last of which
// may be a smaller one.
func (r *sharpnessRun) worstCases(ctx context.Context, a *ascent, rho float64, m int) error {
	n := r.loss.N()
	size := groupSize(m, n)
	for group := 0; group*size < n; group++ {
		lo, hi := group*size, min((group+1)*size, n)
		err := r.measure((hi-lo)*r.ascentCost(), func() (SharpnessPoint, error) {
			rise, err := a.run(ctx, lo, hi, rho)
			return SharpnessPoint{Geometry: a.geometry, Radius: rho, Worst: &WorstCase{m, group, rise}}, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// groupSize is m, or n where m is 0.
func groupSize(m, n int) int {
	if m == 0 {
		return n
	}
	return m
}

// ascentCost is what an ascent costs for each image.
func (s Sharpness) ascentCost() int {
	if s.Steps == 0 {
		return 0
	}
	return gradientCost*s.Steps + 1
}

// cost is what all costs with n images.
func (s Sharpness) cost(n int) int {
	perRadius := s.Draws + len(s.M)*s.ascentCost()
	return n * (1 + len(s.Geometries)*len(s.Radii)*perRadius + s.Hessian.cost())
}

// random scores all images at distance rho from the center in the direction T·z, z
// being drawn from the normal distribution. The same numbers give the same direction
// at every radius.
func (b *ball) random(ctx context.Context, loss objective, rho float64, numbers rng.Stream) (train.Score, error) {
	z, length := b.draw(numbers.Norm)
	center := b.center.Floats()
	b.scale(z, center)
	for i := range z {
		z[i] = center[i] + rho/length*z[i]
	}
	b.params.Weights.SetFloats(z)
	return loss.ScoreOf(ctx, 0, loss.N())
}
