package nn

import (
	"testing"

	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/kernels/kerneltest"
	"lbsam/tensor"
)

// Two passes leave the same gradients, statistics and random numbers, bit for bit,
// whether blocks compute their activations again or keep them; the former takes
// less memory.
func TestRecompute(t *testing.T) {
	d := open(t, "cpu", kernels.Float32)
	for _, name := range []string{"resnet20", "wrn-16-8"} {
		run := func(recompute bool) (all []float64, peak int) {
			m, err := New(d, name, 3, 8, 8, 3, 1)
			if err != nil {
				t.Fatal(err)
			}
			m.SetDropout(0.3)
			if !m.SetRecompute(recompute) {
				t.Fatalf("%s has no blocks", name)
			}
			params := autograd.NewParams(m.Params())
			arena := kernels.NewArena(d)
			arena.Poison = true
			tape, scalar := autograd.NewTape(arena), tensor.NewScalar(d, 0)
			for pass := range 2 {
				x := tensor.From(d, randn(pass, 4*8*8*3), 4, 8, 8, 3)
				tape.Backward(loss(tape, m.Forward(tape, autograd.Input(x), train), scalar))
				all = append(all, scalar.Read())
			}
			all = append(all, params.Grads.Floats()...)
			for _, b := range m.Buffers() {
				if b.Value.Data.Dtype() == kernels.Float32 {
					all = append(all, b.Value.Floats()...)
					continue
				}
				numbers := make([]int32, b.Value.Len())
				kernels.Download(numbers, b.Value.Data)
				for _, v := range numbers {
					all = append(all, float64(v))
				}
			}
			return all, arena.Peak()
		}
		want, most := run(false)
		got, peak := run(true)
		if err := kerneltest.Compare(got, want, 0, 0); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if 3*peak > 2*most {
			t.Errorf("%s: %d bytes of activations, want two thirds of %d or less", name, peak, most)
		}
	}
}

// A model without blocks says so.
func TestRecomputeWithoutBlocks(t *testing.T) {
	m, err := New(open(t, "cpu", kernels.Float32), "lenet", 3, 8, 8, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	if m.SetRecompute(true) {
		t.Error("lenet has blocks")
	}
}
