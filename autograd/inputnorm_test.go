package autograd

import (
	"testing"

	"lbsam/kernels"
	"lbsam/kernels/kerneltest"
	"lbsam/tensor"
)

// Where a convolution comes right behind the normalisation whose result it reads,
// it begins the gradient of that: with another use behind it, not with two, not
// where another use comes first, and not with constant statistics. The gradients
// are those of one operation after the other, bit for bit on ref.
func TestConvolutionsBeginNorms(t *testing.T) {
	d := open(t, "ref", kernels.Float64)
	train := BatchNorm{Eps: 1e-5, Momentum: 0.1, Train: true, ReLU: true}
	constant := BatchNorm{Eps: 1e-5, ReLU: true}
	r, one := running(d, 3), tensor.Window{Stride: 1, Pad: 1}
	shapes := [][]int{{2, 2, 3, 3}, {3}, {3}, {2, 2, 3, 3}, {3, 3, 3, 3}}
	for _, tt := range []struct {
		name  string
		began int
		apply func(t *Tape, in []*Var) *Var
	}{
		{"alone", 1, func(t *Tape, in []*Var) *Var {
			return t.Conv2d(t.BatchNorm(in[0], in[1], in[2], nil, r, train), in[4], nil, one)
		}},
		{"with another use", 1, func(t *Tape, in []*Var) *Var {
			y := t.BatchNorm(in[0], in[1], in[2], in[3], r, train)
			return t.Add(t.Conv2d(y, in[4], nil, one), y)
		}},
		{"two convolutions", 1, func(t *Tape, in []*Var) *Var {
			y := t.BatchNorm(in[0], in[1], in[2], in[3], r, train)
			return t.Add(t.Conv2d(y, in[4], nil, one), t.Conv2d(y, in[4], nil, one))
		}},
		{"with two more", 0, func(t *Tape, in []*Var) *Var {
			y := t.BatchNorm(in[0], in[1], in[2], in[3], r, train)
			return t.Add(t.Add(t.Conv2d(y, in[4], nil, one), y), y)
		}},
		{"behind another use", 0, func(t *Tape, in []*Var) *Var {
			y := t.BatchNorm(in[0], in[1], in[2], nil, r, train)
			z := t.ReLU(y)
			return t.Add(t.Conv2d(y, in[4], nil, one), z)
		}},
		{"computed again", 1, func(t *Tape, in []*Var) *Var {
			y := t.Recompute(func(bool) *Var { return t.BatchNorm(in[0], in[1], in[2], in[3], r, train) })
			return t.Add(t.Conv2d(y, in[4], nil, one), y)
		}},
		{"computed again within what is computed again", 2, func(t *Tape, in []*Var) *Var {
			y := t.Recompute(func(bool) *Var {
				return t.Recompute(func(bool) *Var {
					y := t.BatchNorm(in[0], in[1], in[2], nil, r, train)
					return t.BatchNorm(t.Conv2d(y, in[4], nil, one), in[1], in[2], y, r, train)
				})
			})
			return t.Add(y, t.Conv2d(y, in[4], nil, one))
		}},
		{"constants", 0, func(t *Tape, in []*Var) *Var {
			return t.Conv2d(t.BatchNorm(in[0], in[1], in[2], nil, r, constant), in[4], nil, one)
		}},
		{"no normalisation", 0, func(t *Tape, in []*Var) *Var { return t.Conv2d(t.ReLU(in[0]), in[4], nil, one) }},
	} {
		run := func(oneByOne bool) (gradients []float64, began int) {
			arena := kernels.NewArena(d)
			arena.Poison = true
			in, tape := parameters(d, kerneltest.Rng(1), shapes), NewTape(arena)
			tape.replaced = oneByOne
			y := tt.apply(tape, in)
			loss := head(tape, y, tensor.NewScalar(d, 0))
			d.Trace(func(s kernels.Span) {
				if s.Name == "Conv2dBackwardInputNorm" {
					began++
				}
			})
			tape.Backward(loss)
			d.Trace(nil)
			if used := arena.Used(); used != 0 {
				t.Errorf("%s: %d bytes of the arena are still in use after Backward", tt.name, used)
			}
			for _, v := range in {
				gradients = append(gradients, v.Grad.Floats()...)
			}
			return gradients, began
		}
		want, none := run(true)
		got, began := run(false)
		if began != tt.began || none != 0 {
			t.Errorf("%s: %d normalisations were begun, want %d; one by one %d", tt.name, began, tt.began, none)
		}
		if err := kerneltest.Compare(got, want, 0, 0); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// Tensor cores begin the normalisations inside of residual blocks and between
// them. What comes out is what comes out of one operation after the other, and the
// same bits whether blocks compute their activations again or not.
func TestTensorCoresBeginNorms(t *testing.T) {
	for _, compute := range []kernels.Compute{kernels.ComputeTF32, kernels.ComputeFloat16} {
		d, err := kernels.Open(kernels.Config{Name: "ptxsim", Compute: compute})
		if err != nil {
			t.Fatal(err)
		}
		const c = 16
		norm, r, one := BatchNorm{Eps: 1e-5, Train: true, ReLU: true}, running(d, c), tensor.Window{Stride: 1, Pad: 1}
		shapes := [][]int{{3, 8, 8, c}}
		for range 4 {
			shapes = append(shapes, []int{c, 3, 3, c}, []int{c}, []int{c})
		}
		run := func(recompute, oneByOne bool) (gradients []float64, began int) {
			in := parameters(d, kerneltest.Rng(2), shapes)
			var list []Param
			for i, v := range in {
				if i > 0 {
					list = append(list, Param{string(rune('a' + i)), v})
				}
			}
			params := NewParams(list)
			params.Begin()
			arena := kernels.NewArena(d)
			tape := NewTape(arena)
			tape.replaced = oneByOne
			x := tensor.Temp(arena, shapes[0]...)
			x.SetFloats(in[0].Value.Floats())
			y := Input(x)
			for i := 1; i < len(in); i += 6 {
				from := y
				block := func(bool) *Var {
					y := tape.Conv2dBatchNorm(from, in[i], nil, one, in[i+1], in[i+2], nil, r, norm)
					add := from
					if i == 1 {
						add = nil
					}
					return tape.Conv2dBatchNorm(y, in[i+3], nil, one, in[i+4], in[i+5], add, r, norm)
				}
				if recompute {
					y = tape.Recompute(block)
				} else {
					y = block(false)
				}
			}
			loss := head(tape, tape.GlobalAvgPool2d(y), tensor.NewScalar(d, 0))
			d.Watch(func(l kernels.Launch) {
				if l.Behind > 0 {
					began++
				}
			})
			tape.Backward(loss)
			d.Watch(nil)
			return params.Grads.Floats(), began
		}
		want, began := run(false, false)
		if began != 3 {
			t.Errorf("%v: %d normalisations were begun, want 3", compute, began)
		}
		if compute == kernels.ComputeFloat16 {
			got, again := run(true, false)
			if err := kerneltest.Compare(got, want, 0, 0); err != nil || again != began {
				t.Errorf("%d normalisations were begun where blocks compute their activations again: %v", again, err)
			}
		} else {
			plain, none := run(false, true)
			if err := kerneltest.Compare(want, plain, 1e-5*largest(plain), 1e-4); err != nil || none != 0 {
				t.Errorf("one by one: %d normalisations were begun: %v", none, err)
			}
		}
		d.Close()
	}
}
