package optim

import (
	"fmt"
	"math"

	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/tensor"
)

// An Ascent is how a sharpness-aware minimizer climbs: the part that SAM,
// Multistep-SAM, the path mean and Lookbehind-SAM share.
type Ascent struct {
	Rho    float64 // radius of one ascent
	Eta    float64 // ASAM: added to |w|
	Scaled []bool  // ASAM: parameters whose perturbation is scaled by |w| + Eta; nil: SAM
	Frozen []bool  // parameters that are never perturbed; nil: none

	Stats    StatPolicy // which passes move BatchNorm's running statistics
	Clip     float64    // largest norm of the gradient of a descent; 0: any
	Micro    int        // micro-batches per batch; 0 means 1
	PerMicro bool       // m-sharpness: each micro-batch climbs on its own

	Projection *Projection // of the gradient of a descent; nil: none. Not with PerMicro, whose descent has no weights of its own
}

// A StatPolicy says which passes move BatchNorm's running statistics.
type StatPolicy int

const (
	StatsPublished StatPolicy = iota // every pass of the published code, 2K per step
	StatsFirst                       // the pass at the clean weights alone
	StatsNone                        // none: recalibrate before an evaluation
)

// A climber carries out an Ascent. It has one chain of perturbed weights, or
// one for each micro-batch.
type climber struct {
	Ascent
	params   *autograd.Params
	table    *kernels.Segments
	gradient gradient
	rho      tensor.Scalar
	measured *tensor.Tensor // by an ascent, as a Log has it: the next three
	before   tensor.Scalar  // loss before it, the mean over the chains
	norm     tensor.Scalar
	after    tensor.Scalar  // loss behind it
	chains   []chain        // nil: a single one, in the arenas of params
	sum      *tensor.Tensor // of the chains' gradients
}

// A chain is the perturbed weights of one micro-batch and the gradient there.
type chain struct{ w, g *tensor.Tensor }

func newClimber(a Ascent, p *autograd.Params) *climber {
	d := p.Device()
	a.Micro = max(a.Micro, 1)
	measured := tensor.New(d, innerSlots)
	slot := func(i int) tensor.Scalar { return tensor.Scalar{Tensor: measured.Part(i, 1)} }
	c := &climber{
		Ascent: a, params: p,
		table:    segments(p, a.Scaled, a.Frozen, nil),
		gradient: gradient{params: p, clip: a.Clip, micro: a.Micro, project: a.Projection},
		rho:      tensor.NewScalar(d, a.Rho),
		measured: measured,
		before:   slot(slotBefore),
		norm:     slot(slotNorm),
		after:    slot(slotAfter),
	}
	if a.PerMicro && a.Micro > 1 {
		for range a.Micro {
			c.chains = append(c.chains, chain{arena(p), arena(p)})
		}
		c.sum = arena(p)
	}
	return c
}

// A rise is one ascent of a climber.
type rise struct {
	from  int    // ascents that lie behind
	batch int    // batch of the step
	known bool   // the gradient before it is that behind the rise before
	twice bool   // the pass behind it stands for two of the published code
	then  func() // what follows the ascent, at its weights: a projection
}

// start puts every chain at the weights of the model.
func (c *climber) start() {
	for _, ch := range c.chains {
		tensor.Copy(ch.w, c.params.Weights)
	}
}

// climb moves the weights up once. The gradient behind the ascent is then that of
// descent.
func (c *climber) climb(loss Closure, r rise, log *Log) {
	if c.chains == nil {
		c.climbOne(loss, r, log)
		return
	}
	c.climbMany(loss, r, log)
}

// descent is what a descent follows behind the ascent r, at whose weights the
// model must still be.
func (c *climber) descent(loss Closure, r rise) *tensor.Tensor {
	return c.gradient.clipped(c.projected(loss, r))
}

// projected is the same, not clipped.
func (c *climber) projected(loss Closure, r rise) *tensor.Tensor {
	g := c.params.Grads
	if c.chains != nil {
		g = c.sum
	}
	e := c.evalAfter(r)
	e.StatUpdates = c.updates(e.Inner, false)
	return c.gradient.project.apply(c.params, loss, e, g)
}

func (c *climber) climbOne(loss Closure, r rise, log *Log) {
	if r.known {
		tensor.Copy(c.before.Tensor, c.after.Tensor)
	} else {
		c.gradient.evaluate(loss, c.evalBefore(r), c.before)
	}
	c.ascend(r)
	c.gradient.evaluate(loss, c.evalAfter(r), c.after)
	log.inner(r.from, c.measured)
}

// climbMany is climbOne for each micro-batch by itself; the gradients behind
// the ascents add up in c.sum, the losses in c.before and c.after. The norm
// that is logged is the last chain's.
func (c *climber) climbMany(loss Closure, r rise, log *Log) {
	w, g := c.params.Weights, c.params.Grads
	if r.known {
		tensor.Copy(c.before.Tensor, c.after.Tensor)
	} else {
		c.before.Zero()
	}
	c.after.Zero()
	c.sum.Zero()
	for i, ch := range c.chains {
		before, after := c.evalBefore(r), c.evalAfter(r)
		before.Micro, after.Micro = i, i
		tensor.Copy(w, ch.w)
		if r.known {
			tensor.Copy(g, ch.g)
		} else {
			tensor.AddTo(c.before.Tensor, loss(before).Tensor)
		}
		c.ascend(r)
		tensor.AddTo(c.after.Tensor, loss(after).Tensor)
		tensor.AddTo(c.sum, g)
		tensor.Copy(ch.w, w)
		tensor.Copy(ch.g, g)
	}
	log.inner(r.from, c.measured)
}

// ascend moves the weights by rho in the direction of the gradient.
func (c *climber) ascend(r rise) {
	w, g := c.params.Weights.Data, c.params.Grads.Data
	kernels.ScaledNorm(c.norm.Data, w, g, c.table, c.Eta)
	if r.then == nil { // the evaluation behind the ascent is next
		if rounded := c.params.Rounded(); rounded != nil {
			kernels.AscendAndCast(w, rounded.Data, g, c.norm.Data, c.rho.Data, c.table, c.Eta)
			return
		}
	}
	kernels.Ascend(w, g, c.norm.Data, c.rho.Data, c.table, c.Eta)
	if r.then != nil {
		r.then()
	}
}

// evalBefore is the pass before the ascent, which gives its direction.
func (c *climber) evalBefore(r rise) Eval {
	return Eval{Inner: r.from, Batch: r.batch, StatUpdates: c.updates(r.from, false)}
}

// evalAfter is the pass behind the ascent, which gives the descent.
func (c *climber) evalAfter(r rise) Eval {
	return Eval{Inner: r.from + 1, Batch: r.batch, StatUpdates: c.updates(r.from+1, r.twice)}
}

func (c *climber) updates(inner int, twice bool) int {
	switch {
	case c.Stats == StatsPublished && twice:
		return 2
	case c.Stats == StatsPublished, c.Stats == StatsFirst && inner == 0:
		return 1
	}
	return 0
}

// Validate reports the first field that is out of range.
func (a Ascent) Validate() error {
	switch {
	case !(a.Rho >= 0) || math.IsInf(a.Rho, 0):
		return fmt.Errorf("optim: rho is %v, want a finite number, 0 or more", a.Rho)
	case !(a.Eta >= 0) || math.IsInf(a.Eta, 0):
		return fmt.Errorf("optim: eta is %v, want a finite number, 0 or more", a.Eta)
	case !(a.Clip >= 0):
		return fmt.Errorf("optim: the largest gradient norm is %v, want 0 (any) or more", a.Clip)
	}
	return nil
}
