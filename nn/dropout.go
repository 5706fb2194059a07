package nn

import (
	"fmt"

	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/tensor"
)

// Dropout sets an element to 0 with probability P and divides the others by
// 1-P, when training; otherwise it does nothing.
type Dropout struct {
	P float64

	// Key, int32 {seed, pass, layer}, decides what is dropped. The pass
	// counts on the device, so that a captured step draws anew each time it
	// is replayed.
	Key *tensor.Tensor
}

// NewDropout draws from r what tells this layer's random numbers from others.
func NewDropout(d *kernels.Device, r *Stream, p float64) *Dropout {
	if !(p >= 0 && p < 1) {
		panic(fmt.Sprintf("nn: Dropout with P %v: want 0 or more, and less than 1", p))
	}
	l := &Dropout{P: p, Key: tensor.NewOf(d, kernels.Int32, 3)}
	if r != nil {
		kernels.Upload(l.Key.Data, []int32{int32(r.Uint32()), 0, int32(r.Uint32())})
	}
	return l
}

// Forward drops elements of x, others in each pass.
func (l *Dropout) Forward(t *autograd.Tape, x *autograd.Var, m Mode) *autograd.Var {
	if !m.Train || !l.Random() {
		return x
	}
	if !m.Again {
		kernels.Increment(l.Key.Data.Slice(1, 2), 1)
	}
	return t.Dropout(x, l.Key, l.P)
}

// Params is empty.
func (l *Dropout) Params() []autograd.Param { return nil }

// Buffers lists the key, which PyTorch does not know.
func (l *Dropout) Buffers() []Buffer { return []Buffer{{"key", l.Key, false}} }

// Random reports whether anything is dropped.
func (l *Dropout) Random() bool { return l.P > 0 }

// SetDropout sets P.
func (l *Dropout) SetDropout(p float64) bool {
	l.P = p
	return true
}
