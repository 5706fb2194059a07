package golden

import (
	"lbsam/autograd"
	"lbsam/kernels"
)

// Agreement is how well a device agrees with the reference, operation by
// operation.
type Agreement struct {
	Ratio    finite `json:"ratio"` // the largest error, as a part of what is allowed
	Worst    string `json:"worst"` // the operation that made it
	Compared int    `json:"compared"`
}

// Lockstep replays t in float64 on the reference device and returns what that
// measured, while d does each operation again, forward and backward, with the
// same operands.
func Lockstep(t *Trace, d *kernels.Device, reuse bool) (Numbers, Agreement, error) {
	ref, err := kernels.Open(kernels.Config{Name: "ref", Precision: kernels.Float64})
	if err != nil {
		return nil, Agreement{}, err
	}
	defer ref.Close()
	r, err := newRun(t, ref, reuse)
	if err != nil {
		return nil, Agreement{}, err
	}
	l := autograd.NewLockstep(r.tape, d)
	n := r.run()
	return n, Agreement{finite(l.Ratio), l.Worst, l.Compared}, nil
}
