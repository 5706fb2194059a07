package analysis

import (
	"context"
	"math"

	"lbsam/kernels"
	"lbsam/tensor"
	"lbsam/train"
)

// An objective is a loss, over N images, of the weights that a model has;
// train.Probe is one.
type objective interface {
	N() int
	ScoreOf(ctx context.Context, lo, hi int) (train.Score, error)
	GradientOf(ctx context.Context, lo, hi int) (train.Score, error) // leaves the gradient in Params.Grads
}

// A Level is a loss, null in JSON where it is not finite, and an accuracy.
type Level struct {
	Loss     Number  `json:"loss"`
	Accuracy float64 `json:"accuracy"`
}

func level(s train.Score) Level { return Level{Number(s.Loss), s.Accuracy} }

// A Rise is what the loss and the accuracy of images become at weights nearby.
type Rise struct {
	Images   int     `json:"images"`
	Clean    Level   `json:"clean"`    // at the model's weights
	OneStep  Level   `json:"one_step"` // behind one ascent of SAM or ASAM
	Worst    Level   `json:"worst"`    // where the highest loss was found in the ball, its center included
	Distance float64 `json:"distance"` // of that place from the center, in the ball's geometry
}

// An ascent looks for the highest loss in a ball, as Auto-PGD does (Croce and Hein
// 2020, algorithm 1): steps of 2·rho with momentum, each pulled back into the
// ball, which are halved, and go on from the best point, where they have ceased to
// help. The first one ends where SAM's ascent does.
type ascent struct {
	*ball
	loss  objective
	rho   float64
	steps int

	last, next, best, slope *tensor.Tensor // weights: the previous, the coming, the best; gradient at the best
	share                   *tensor.Tensor // momentum, for each parameter

	size float64 // of a step
	rose int     // steps since the last check that raised the loss
	from int     // step of the last check
	high Number  // best loss then
	half bool    // it halved the step
}

// newAscent allocates what a series of ascents needs.
func newAscent(b *ball, loss objective, steps int) *ascent {
	p := b.params
	a := &ascent{
		ball: b, loss: loss, steps: steps, last: arena(p), next: arena(p), best: arena(p), slope: arena(p),
		share: tensor.New(p.Device(), len(p.List)),
	}
	a.share.Fill(momentum)
	return a
}

func (a *ascent) release() { release(a.last, a.next, a.best, a.slope, a.share) }

// Numbers of Auto-PGD: the weight of a step, the rest being that of the one before,
// and the share of steps that have to raise the loss.
const (
	momentum = 0.75
	enough   = 0.75
)

// run looks for the highest loss of images lo to hi within the radius rho. It
// leaves the weights anywhere in the ball.
func (a *ascent) run(ctx context.Context, lo, hi int, rho float64) (Rise, error) {
	a.restore()
	clean, err := a.loss.GradientOf(ctx, lo, hi)
	if err != nil {
		return Rise{}, err
	}
	r := Rise{Images: hi - lo, Clean: level(clean), Worst: level(clean)}
	a.rho, a.size, a.rose, a.from, a.high, a.half = rho, 2*rho, 0, 0, r.Worst.Loss, false
	tensor.Copy(a.last, a.center)
	a.keep()
	now, checks := r.Clean.Loss, checkpoints(a.steps)
	for i := 1; i <= a.steps && now.Finite(); i++ {
		a.advance(i == 1)
		score, err := a.look(ctx, lo, hi, i == a.steps)
		if err != nil {
			return r, err
		}
		before := now
		now = level(score).Loss
		if i == 1 {
			r.OneStep = level(score)
		}
		if now > before {
			a.rose++
		}
		if now > r.Worst.Loss || !now.Finite() { // no number is worse, and no gradient leads on from there
			r.Worst = level(score)
			a.keep()
		}
		if checks[i] && a.stuck(i, r.Worst.Loss) {
			now = r.Worst.Loss
			a.restart()
		}
	}
	r.Distance = a.distance(a.best)
	return r, nil
}

// keep notes the present weights, and the gradient there, as the best.
func (a *ascent) keep() {
	tensor.Copy(a.best, a.params.Weights)
	tensor.Copy(a.slope, a.params.Grads)
}

// look scores the present weights, with their gradient unless nobody needs it.
func (a *ascent) look(ctx context.Context, lo, hi int, end bool) (train.Score, error) {
	if end {
		return a.loss.ScoreOf(ctx, lo, hi)
	}
	return a.loss.GradientOf(ctx, lo, hi)
}

// advance moves the weights w by a step: with z where a plain one leads and m the
// momentum, w ← P(w + m(z - w) + (1 - m)(w - last)), P pulling back into the ball.
func (a *ascent) advance(first bool) {
	w, z := a.params.Weights, a.next
	a.step(z, w, a.params.Grads, a.size)
	a.project(z, a.rho)
	if !first {
		kernels.Interpolate(z.Data, w.Data, z.Data, a.share.Data, a.table)
		kernels.AddScaled(z.Data, w.Data, 1-momentum)
		kernels.AddScaled(z.Data, a.last.Data, momentum-1)
		a.project(z, a.rho)
	}
	tensor.Copy(a.last, w)
	tensor.Copy(w, z)
}

// stuck reports, at the check behind step i, whether steps of this size have
// ceased to help: fewer than three in four raised the loss, or the best loss is
// that of the check before, which left the size as it is.
func (a *ascent) stuck(i int, best Number) bool {
	few := float64(a.rose) < enough*float64(i-a.from)
	same := !a.half && best == a.high
	a.rose, a.from, a.high, a.half = 0, i, best, few || same
	return few || same
}

// restart goes on from the best point with half the step.
func (a *ascent) restart() {
	a.size /= 2
	for _, copied := range []*tensor.Tensor{a.params.Weights, a.last} {
		tensor.Copy(copied, a.best)
	}
	tensor.Copy(a.params.Grads, a.slope)
}

// checkpoints are the steps of n behind which the size of steps is checked: at
// 22% of them, then at distances that shrink by 3% to 6%.
func checkpoints(n int) map[int]bool {
	at := map[int]bool{}
	for before, p := 0.0, 0.22; p <= 1; {
		at[int(math.Ceil(p*float64(n)-1e-9))] = true // p is rounded
		before, p = p, p+max(p-before-0.03, 0.06)
	}
	delete(at, n) // nothing follows
	return at
}
