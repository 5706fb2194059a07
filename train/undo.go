package train

import (
	"slices"

	"lbsam/kernels"
	"lbsam/nn"
	"lbsam/optim"
	"lbsam/tensor"
)

// An undo takes a whole step back, weights, momentum and statistics, if a
// gradient in it was not finite: in fp16 one too large becomes infinite. All of
// it happens on the device, which the host does not wait for. Where a method
// can leave weights and moments as they were, they are not kept. A nil undo does
// nothing.
type undo struct {
	overflow *tensor.Tensor // int32 [1]: a gradient of this step was not finite
	undone   *tensor.Tensor // int32 [1]: steps that were taken back
	scale    float64        // of the loss, by which gradients are divided

	state, kept []kernels.Buffer // what a step changes, and how it was before
	copied      int              // how many of them are not kept by the method
}

// newUndo returns the undo of a job whose running statistics lie in pieces, nil
// where gradients cannot overflow.
func newUndo(j *Job, pieces []*tensor.Tensor) *undo {
	if j.Device.Compute() != kernels.ComputeFloat16 {
		return nil
	}
	u := &undo{
		overflow: tensor.NewOf(j.Device, kernels.Int32, 1), undone: tensor.NewOf(j.Device, kernels.Int32, 1),
		scale: j.Config.LossScale,
	}
	weights := j.Params.Weights.Data
	slow, lookbehind := j.method.Minimizer.(interface{ Slow() *tensor.Tensor })
	var safe []*tensor.Tensor
	switch {
	case j.method.guard(u.overflow):
		safe = j.method.base.Moments()
	case !lookbehind:
		u.state = append(u.state, weights)
	}
	for _, s := range j.method.State() {
		if !slices.Contains(safe, s.Value) && s.Name != optim.LookaheadSteps { // the host counts them too
			u.state = append(u.state, s.Value.Data)
		}
	}
	for _, s := range append(tensors(j.ema.State()), pieces...) {
		u.state = append(u.state, s.Data)
	}
	for _, b := range u.state {
		u.kept = append(u.kept, j.Device.Alloc(b.Dtype(), b.Len()))
	}
	u.copied = len(u.kept)
	if lookbehind {
		u.state, u.kept = append(u.state, weights), append(u.kept, slow.Slow().Data)
	}
	return u
}

// tensors are those of a state.
func tensors(state []optim.State) (list []*tensor.Tensor) {
	for _, s := range state {
		list = append(list, s.Value)
	}
	return list
}

// pack moves buffers into one piece of memory for each of their types, so that
// a copy of all takes few calls, and returns those pieces.
func pack(d *kernels.Device, buffers []nn.Buffer) (pieces []*tensor.Tensor) {
	const align = 64 // elements
	for _, t := range []kernels.Dtype{d.Precision(), kernels.Int32} {
		size := 0
		for _, b := range buffers {
			if b.Value.Data.Dtype() == t {
				size += (b.Value.Len() + align - 1) / align * align
			}
		}
		if size == 0 {
			continue
		}
		piece, at := tensor.NewOf(d, t, size), 0
		for _, b := range buffers {
			if old := b.Value.Data; old.Dtype() == t {
				b.Value.Data = piece.Data.Slice(at, at+old.Len())
				kernels.Copy(b.Value.Data, old)
				kernels.Release(old)
				at += (old.Len() + align - 1) / align * align
			}
		}
		pieces = append(pieces, piece)
	}
	return pieces
}

// keep remembers how things are before a step.
func (u *undo) keep() {
	if u == nil {
		return
	}
	for i, b := range u.state[:u.copied] {
		kernels.Copy(u.kept[i], b)
	}
}

// check divides gradients by the scale of the loss and notes if one of them is
// not finite.
func (u *undo) check(grads *tensor.Tensor) {
	if u != nil {
		kernels.Unscale(grads.Data, u.overflow.Data, 1/u.scale)
	}
}

// settle takes the step back if it has to be.
func (u *undo) settle() {
	if u == nil {
		return
	}
	for i, b := range u.state {
		kernels.RestoreIf(b, u.kept[i], u.overflow.Data)
	}
	kernels.CountAndClear(u.undone.Data, u.overflow.Data)
}

// count is the number of steps that were taken back. It waits for the device.
func (u *undo) count() int {
	if u == nil {
		return 0
	}
	n := make([]int32, 1)
	kernels.Download(n, u.undone.Data)
	return int(n[0])
}

// goodOnes drops the records of steps that were taken back, and their sizes:
// those with a number that is not finite.
func (u *undo) goodOnes(records []optim.Record, sizes []int) ([]optim.Record, []int) {
	if u == nil {
		return records, sizes
	}
	var good []optim.Record
	var of []int
	for i, r := range records {
		if v, _ := newInterval([]optim.Record{r}, []int{1}); v.broken() == "" {
			good, of = append(good, r), append(of, sizes[i])
		}
	}
	return good, of
}
