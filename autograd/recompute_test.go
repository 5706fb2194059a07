package autograd

import (
	"strings"
	"testing"

	"lbsam/kernels"
	"lbsam/kernels/kerneltest"
	"lbsam/tensor"
)

// What is computed again has the same gradients, bit for bit, and leaves nothing
// behind.
func TestRecompute(t *testing.T) {
	for _, device := range []string{"ref", "ptxsim"} {
		d := open(t, device, kernels.Float32)
		for i, n := range networks(d) {
			arena := kernels.NewArena(d)
			arena.Poison = true
			tape := NewTape(arena)
			run := func(block func(f func(again bool) *Var) *Var) (gradients []float64) {
				in := parameters(d, kerneltest.Rng(i), n.shapes)
				y := block(func(bool) *Var {
					if y := n.apply(tape, in); y.owned {
						return y
					}
					return tape.ReLU(tape.steps[len(tape.steps)-1].y) // of a view
				})
				y = tape.Add(y, tape.ReLU(y)) // it has two gradients
				tape.Backward(head(tape, y, tensor.NewScalar(d, 0)))
				if used := arena.Used(); used != 0 {
					t.Errorf("%s, %s: %d bytes of the arena are still in use after Backward", device, n.name, used)
				}
				for _, v := range in {
					gradients = append(gradients, v.Grad.Floats()...)
				}
				return gradients
			}
			want := run(func(f func(again bool) *Var) *Var { return f(false) })
			nested := func(f func(again bool) *Var) *Var {
				return tape.Recompute(func(bool) *Var { return tape.Recompute(f) })
			}
			for name, block := range map[string]func(f func(again bool) *Var) *Var{"once": tape.Recompute, "nested": nested} {
				if err := kerneltest.Compare(run(block), want, 0, 0); err != nil {
					t.Errorf("%s, %s, %s: %v", device, n.name, name, err)
				}
			}
		}
	}
}

// A chain of operations takes the memory of the longest piece that is computed
// again, and of the results of all.
func TestRecomputeTakesLessMemory(t *testing.T) {
	d := open(t, "cpu", kernels.Float32)
	const pieces, length, size = 8, 8, 1 << 10
	peak := func(recompute bool) int {
		arena := kernels.NewArena(d)
		tape, x := NewTape(arena), NewParam(tensor.New(d, 1, size))
		y := x
		calls := 0
		for range pieces {
			in := y
			f := func(again bool) *Var {
				if calls++; again != (calls > pieces) {
					t.Errorf("call %d says %v", calls, again)
				}
				y := in
				for range length {
					y = tape.ReLU(y)
				}
				return y
			}
			if recompute {
				y = tape.Recompute(f)
			} else {
				y = f(false)
			}
		}
		tape.Backward(head(tape, y, tensor.NewScalar(d, 0)))
		return arena.Peak() / (4 * size)
	}
	if got := peak(false); got < pieces*length {
		t.Errorf("%d results at once, want %d or more: the test shows nothing", got, pieces*length)
	}
	if got, most := peak(true), pieces+length; got > most {
		t.Errorf("%d results at once with Recompute, want %d at most", got, most)
	}
}

// A pass without a gradient has nothing to compute again.
func TestRecomputeOfAForwardPass(t *testing.T) {
	d := open(t, "ref", kernels.Float32)
	tape, x := NewTape(kernels.NewArena(d)), Input(tensor.From(d, []float64{-1, 2}, 1, 2))
	tape.ForwardOnly = true
	y := tape.Recompute(func(bool) *Var { return tape.ReLU(tape.ReLU(x)) })
	if len(tape.steps) != 2 || y.Value.Floats()[1] != 2 {
		t.Errorf("%d steps, want 2; the result is %v", len(tape.steps), y.Value.Floats())
	}
}

func TestRecomputeMistakesPanic(t *testing.T) {
	d := open(t, "ref", kernels.Float32)
	for name, f := range map[string]func(t *Tape, x *Var) *Var{
		"nothing":        func(t *Tape, x *Var) *Var { return x },
		"an earlier one": func(t *Tape, x *Var) *Var { y := t.ReLU(x); t.ReLU(y); return y },
		"a view":         func(t *Tape, x *Var) *Var { return t.Flatten(t.ReLU(x)) },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if got, _ := recover().(string); !strings.Contains(got, "result of its last operation") {
					t.Errorf("got %q", got)
				}
			}()
			tape := NewTape(kernels.NewArena(d))
			tape.Recompute(func(bool) *Var { return f(tape, Input(tensor.New(d, 1, 1, 1, 2))) })
		})
	}
}
