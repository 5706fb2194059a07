package train

import (
	"fmt"

	"lbsam/autograd"
	"lbsam/nn"
	"lbsam/optim"
	"lbsam/tensor"
)

// closure is the optim.Closure of the batches in the feeder's slots: forward,
// loss, predictions, backward.
func (j *Job) closure(e optim.Eval) tensor.Scalar {
	j.Params.Begin()
	n, micro := j.feeder.slots[e.Batch].n, 1
	if m := j.Config.micro(); m > 1 {
		micro = m
	}
	lo, hi := e.Micro*n/micro, (e.Micro+1)*n/micro
	if lo == hi { // a short batch has fewer images than micro-batches
		j.loss.Zero()
		return j.loss
	}
	x, labels := j.feeder.part(e.Batch, lo, hi)
	logits := j.forward(x, labels, nn.Mode{Train: true, StatUpdates: e.StatUpdates})
	others, weight := j.feeder.mix(e.Batch, lo, hi)
	loss := j.tape.MixedCrossEntropy(j.loss, logits, labels, others, weight, j.Config.Smoothing)
	j.count(e, logits, labels, micro)
	share := 1.0
	if micro > 1 {
		share = float64(hi-lo) / float64(n) // its part of the batch's mean
	}
	j.tape.BackwardScaled(loss, share)
	j.undo.check(j.Params.Grads)
	return j.loss
}

// forward is the logits of the model, those of other heads masked.
func (j *Job) forward(x *autograd.Var, labels *tensor.Tensor, m nn.Mode) *autograd.Var {
	logits := j.Model.Forward(j.tape, x, m)
	if j.Head > 0 {
		tensor.MaskHeads(logits.Value, labels, j.Head)
	}
	return logits
}

// count counts the right predictions at the clean weights, and at those that
// the published code reports as training accuracy: where the last ascent
// starts. A point that is evaluated twice, or with a reference, is counted once.
func (j *Job) count(e optim.Eval, logits *autograd.Var, labels *tensor.Tensor, micro int) {
	last := j.method.inner - 1
	if j.counted[e.Inner] || (e.Inner != 0 && e.Inner != last) {
		return
	}
	j.counted[e.Inner] = e.Micro == micro-1
	tensor.CountCorrect(j.correct, logits.Value, labels)
	if e.Inner == 0 {
		j.log.Correct(j.correct, false)
	}
	if e.Inner == last {
		j.log.Correct(j.correct, true)
	}
}

// schedule sets the learning rate and the radius of the next step.
func (j *Job) schedule() {
	epoch := float64(j.at.Epoch) + float64(j.at.Batch)/float64(j.Steps()*j.method.Batches())
	j.lrNow, j.rhoNow = j.Config.LR*j.lr.Factor(epoch), j.Config.Rho*j.rho.Factor(epoch)
	j.method.base.SetLR(j.lrNow)
	j.method.setRho(j.rhoNow)
	j.ema.SetStep(j.at.Step)
}

// step trains on the batches in the slots and returns the loss before it.
func (j *Job) step() tensor.Scalar {
	clear(j.counted)
	j.undo.keep()
	defer j.undo.settle()
	defer j.ema.Update()
	return j.method.Step(j.closure, j.log)
}

// trainOn brings batches of the given sizes from a source and does one step on
// them. Where an epoch ends in the middle of a group its batches serve again. A
// batch behind those that the method takes is a reference, against which its
// descents are projected.
func (j *Job) trainOn(s source, sizes []int) {
	j.reserve()
	j.method.projection.Batch = 0
	if n := j.method.Batches(); len(sizes) > n {
		j.method.projection.Batch = n
	}
	j.record(fmt.Sprint(sizes), func() {
		for slot := range max(len(sizes), j.method.Batches()) {
			if slot < len(sizes) {
				s.bring(slot, sizes[slot])
			} else {
				j.feeder.repeat(slot, slot%len(sizes))
			}
		}
		j.step()
	})
}

// record does a step, from a recording if there is one under that key.
func (j *Job) record(key string, step func()) {
	phases, phased := j.method.Minimizer.(interface {
		Phase() int
		Advance()
	})
	if phased {
		key = fmt.Sprint(key, " phase ", phases.Phase())
	}
	if recorded := j.recorder.do(key, step); recorded && phased {
		phases.Advance()
	}
}
