package autograd

import (
	"testing"

	"lbsam/kernels"
	"lbsam/kernels/kerneltest"
	"lbsam/tensor"
)

// Gradients of weights are the same bits whether they are computed at once or, in a
// recording, as late as the tape allows.
func TestGradientsThatComeLate(t *testing.T) {
	d := open(t, "ptxsim", kernels.Float32)
	penalised := network{"weight with a gradient of its own", [][]int{{2, 5, 4, 4}, {4, 3, 3, 4}}, func(t *Tape, in []*Var) *Var {
		x := tensor.Temp(t.Arena(), in[0].Shape()...)
		tensor.Copy(x, in[0].Value)
		y := t.Custom(in, x, func(dy *tensor.Tensor) []*tensor.Tensor {
			dw := tensor.Temp(t.Arena(), in[1].Shape()...)
			dw.Fill(-early) // what is added before is rounded, what comes behind is not
			return []*tensor.Tensor{dy, dw}
		})
		return t.Conv2d(y, in[1], nil, tensor.Window{Stride: 1, Pad: 1})
	}}
	for i, n := range append(networks(d), penalised) {
		in, arena := parameters(d, kerneltest.Rng(i), n.shapes), kernels.NewArena(d)
		tape := NewTape(arena)
		step := func() {
			arena.Reset()
			for _, v := range in {
				v.Grad.Fill(early)
			}
			y := n.apply(tape, in)
			tape.Backward(tape.Custom([]*Var{y}, tensor.Temp(arena, 1), func(*tensor.Tensor) []*tensor.Tensor {
				dy := tensor.Temp(arena, y.Shape()...)
				tensor.Copy(dy, y.Value)
				return []*tensor.Tensor{dy}
			}))
		}
		gradients := func() (all []float64) {
			for _, v := range in {
				all = append(all, v.Grad.Floats()...)
			}
			return all
		}
		step()
		want := gradients()
		g := d.Capture(step)
		g.Launch()
		if err := kerneltest.Compare(gradients(), want, 0, 0); err != nil {
			t.Errorf("%s: %v", n.name, err)
		}
		g.Free()
	}
}

// early is so large that a sum with it loses bits.
const early = 1 << 12
