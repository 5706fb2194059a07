package kernels

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

func TestUnscaleAgrees(t *testing.T) {
	for _, n := range []int{0, 1, 3, 4, 5, 1023, 1024, 1029, grain + 1} {
		for shift := range 2 {
			agreeEverywhere(t, fmt.Sprintf("n=%d from %d", n, shift), 0, 0, func(r rig) []Buffer {
				x, overflow := r.shifted(r.floats(normals(n, n)...), shift), r.ints(0)
				Unscale(x, overflow, 1.0/3)
				return []Buffer{x, overflow}
			})
		}
	}
}

// What is not finite before or behind the product sets the flag, wherever it
// is, and nothing takes it back.
func TestUnscaleFindsOverflow(t *testing.T) {
	for _, config := range ptxAnd(Config{Name: "ref"}, Config{Name: "ref", Precision: Float64}, Config{Name: "cpu"}) {
		r := openRig(t, config)
		for _, n := range []int{1, 6, 1030, 2*grain + 1} {
			for _, c := range []struct {
				v, factor float64
				want      int32
			}{
				{math.NaN(), 0.5, 1}, {math.Inf(1), 0.5, 1}, {math.Inf(-1), 0.5, 1}, {math.Inf(1), 0, 1}, {-0x1p127, 0x1p1000, 1},
				{math.MaxFloat32, 1, 0}, {-math.MaxFloat32, 0.5, 0}, {1e-45, 1e-30, 0},
			} {
				for _, at := range []int{0, n / 2, n - 1} {
					values, overflow, got := constant(n, 1), r.ints(0), make([]int32, 1)
					values[at] = c.v
					x := r.floats(values...)
					if c.factor > 1e38 { // beyond what float32 holds: infinity; in float64 it takes more
						Unscale(x, overflow, c.factor)
					}
					Unscale(x, overflow, c.factor)
					if Download(got, overflow); got[0] != c.want {
						t.Errorf("%s %v: %v times %v at %d of %d sets the flag to %d, want %d", config.Name, config.Precision, c.v, c.factor, at, n, got[0], c.want)
					}
					Unscale(r.floats(1, 2), overflow, 1)
					if Download(got, overflow); got[0] != c.want {
						t.Errorf("%s: what is finite changes the flag from %d to %d", config.Name, c.want, got[0])
					}
				}
			}
		}
	}
}

// More elements than the blocks have at once: strides.
func TestRestoreIfAgrees(t *testing.T) {
	for _, n := range []int{0, 1, 3, 4, 5, 1023, 1024, 1029} {
		for moved := range 3 {
			for _, condition := range []int32{0, 1, -5} {
				agreeEverywhere(t, fmt.Sprintf("n=%d, operand %d from 1, condition %d", n, moved, condition), 0, 0, func(r rig) []Buffer {
					operands := []Buffer{r.floats(normals(1, n)...), r.floats(normals(2, n)...)}
					if moved < 2 {
						operands[moved] = r.shifted(operands[moved], 1)
					}
					counts := r.ints(1, 2, 3)
					RestoreIf(operands[0], operands[1], r.ints(condition))
					RestoreIf(counts, r.ints(4, 5, 6), r.ints(condition))
					return append(operands, counts)
				})
			}
		}
	}
	const n = restoreBlocks*1024 + 1029 // a second stride, and numbers behind the last four
	agreeOnPTX(t, "strides", 0, 0, func(r rig) []Buffer {
		x, y := r.dev.Alloc(Int32, n), r.dev.Alloc(Int32, n)
		Fill(x, 7)
		RestoreIf(y, x, r.ints(1))
		return []Buffer{y.Slice(0, 5), y.Slice(restoreBlocks*1024-2, restoreBlocks*1024+2), y.Slice(n-6, n)}
	})
}

// RestoreIf and CountAndClear undo a step of a recording, and count it.
func TestAStepIsUndone(t *testing.T) {
	for _, config := range ptxAnd(Config{Name: "ref"}, Config{Name: "ref", Precision: Float64}, Config{Name: "cpu"}) {
		r := openRig(t, config)
		w, before, g, input, overflow, undone := r.floats(1, 2), r.junk(2), r.junk(2), r.floats(4, 4), r.ints(0), r.ints(5)
		step := func() {
			Copy(before, w)
			Copy(g, input)
			Unscale(g, overflow, 0.25)
			AddScaled(w, g, 1)
			RestoreIf(w, before, overflow)
			CountAndClear(undone, overflow)
		}
		step()
		launch := step
		if r.dev.gpu != nil {
			graph := r.dev.Capture(step)
			defer graph.Free()
			launch = graph.Launch
		}
		launch()
		UploadFloats(input, []float64{math.Inf(1), 4})
		launch()
		launch()
		UploadFloats(input, []float64{4, 8})
		launch()
		got := slices.Concat(results([]Buffer{w, undone, overflow})...)
		for i, want := range []float64{1 + 1 + 1 + 1, 2 + 1 + 1 + 2, 5 + 2, 0} {
			if got[i] != want {
				t.Errorf("%s: weights, count and flag are %v, element %d should be %v", config.Name, got, i, want)
			}
		}
	}
}

func TestLossScalePanics(t *testing.T) {
	r := openRig(t, Config{Name: "ptxsim"})
	bytes, number := r.dev.Alloc(Uint8, 4), r.floats(1)
	for name, f := range map[string]func(){
		"a flag of float32":      func() { Unscale(number, number, 1) },
		"two flags":              func() { Unscale(number, r.ints(0, 0), 1) },
		"integers":               func() { Unscale(r.ints(1), r.ints(0), 1) },
		"bytes":                  func() { RestoreIf(bytes, bytes, r.ints(1)) },
		"two types":              func() { RestoreIf(number, r.ints(1), r.ints(1)) },
		"a condition of float32": func() { RestoreIf(number, number, number) },
		"a count of float32":     func() { CountAndClear(number, r.ints(1)) },
	} {
		mustPanic(t, name, f)
	}
}
