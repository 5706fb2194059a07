package kernels

import (
	"fmt"
	"math"
	"testing"

	"lbsam/kernels/kerneltest"
)

// Every case may write over its first operand where its doc allows it; inPlace
// says so. No rounding differs between devices, so the tolerance is 0.
var elementwiseCases = []struct {
	name    string
	inPlace bool
	run     func(r rig, y, a, b Buffer)
}{
	{"Copy", false, func(_ rig, y, a, _ Buffer) { Copy(y, a) }},
	{"Add", true, func(_ rig, y, a, b Buffer) { Add(y, a, b) }},
	{"AddScaled", false, func(_ rig, y, a, b Buffer) { Copy(y, a); AddScaled(y, b, 0.3) }},
	{"Scale", true, func(r rig, y, a, _ Buffer) { Scale(y, a, r.floats(0.3)) }},
	{"ReLU", true, func(_ rig, y, a, _ Buffer) { ReLU(y, a) }},
	{"ReLUBackward", true, func(_ rig, dx, dy, y Buffer) { ReLUBackward(dx, dy, y) }},
	{"Dropout", true, func(r rig, y, a, _ Buffer) { Dropout(y, a, r.ints(7, 1, 2), 0.3) }},
	{"Fill", false, func(_ rig, y, _, _ Buffer) { Fill(y, 0.1) }},
	{"Zero", false, func(_ rig, y, _, _ Buffer) { Zero(y) }},
}

func TestElementwiseAgree(t *testing.T) {
	for _, c := range elementwiseCases {
		for _, n := range lengths {
			a, b := normals(n, n), normals(n+1, n)
			agreeEverywhere(t, fmt.Sprintf("%s n=%d", c.name, n), 0, 0, func(r rig) []Buffer {
				y := r.junk(n)
				c.run(r, y, r.floats(a...), r.floats(b...))
				if !c.inPlace {
					return []Buffer{y}
				}
				same := r.floats(a...)
				c.run(r, same, same, r.floats(b...))
				return []Buffer{y, same}
			})
		}
	}
}

// wideLengths are awkward for 8 elements of 16 bits and for a block of 2048.
var wideLengths = []int{0, 1, 2, 7, 8, 9, 15, 16, 255, 2048, 2061}

// Each operand alone may start anywhere.
func TestElementwiseInHalf(t *testing.T) {
	for _, n := range wideLengths {
		a, b := extremes(n+1, n), extremes(n+2, n)
		for moved := range 4 {
			exactInHalf(t, fmt.Sprintf("n=%d, operand %d from 1", n, moved), func(h halfCase) (all []Buffer) {
				for _, c := range elementwiseCases {
					if c.name == "AddScaled" {
						continue
					}
					operands := []Buffer{h.blank(n), h.activations(a...), h.activations(b...)}
					if moved < 3 {
						operands[moved] = h.shifted(operands[moved], 1)
					}
					y, x := operands[0], operands[1]
					c.run(h.rig, y, x, operands[2])
					if c.inPlace {
						c.run(h.rig, x, x, operands[2])
					}
					all = append(all, y, x)
				}
				return all
			})
		}
	}
}

// The gradient of logits is float32 and is scaled before it is rounded.
func TestScaleToHalf(t *testing.T) {
	for _, n := range wideLengths {
		for shift := range 2 {
			exactInHalf(t, fmt.Sprintf("n=%d from %d", n, shift), func(h halfCase) []Buffer {
				y := h.shifted(h.blank(n), shift)
				Scale(y, h.floats(extremes(3, n)...), h.floats(3e4))
				return []Buffer{y}
			})
		}
	}
}

// Floats are activations everywhere, and of 16 bits only those that the device
// was opened for.
func TestActivationTypes(t *testing.T) {
	for h := range halfCases(t) {
		Add(h.junk(3), h.floats(1, 2, 3), h.floats(1, 2, 3))
		other := map[Dtype]Dtype{Float16: BFloat16, BFloat16: Float16}[h.dtype]
		three, wrong, floats := h.blank(3), h.dev.Alloc(other, 3), h.junk(3)
		for name, f := range map[string]func(){
			"the other format":           func() { Add(wrong, wrong, wrong) },
			"one operand of float32":     func() { Add(three, three, floats) },
			"results of float32":         func() { ReLU(floats, three) },
			"a factor of 16 bits":        func() { Scale(three, three, three.Slice(0, 1)) },
			"a scaled result of float32": func() { Scale(floats, three, floats.Slice(0, 1)) },
			"y += s·x":                   func() { AddScaled(three, three, 1) },
			"a sum of 16 bits":           func() { SumRowsAdd(three, three) },
			"a gradient of logits of 16": func() { CrossEntropy(floats.Slice(0, 1), three, three, h.ints(0), 3, 0) },
			"Cast of 16 bits":            func() { Cast(three, three) },
			"Cast to float32":            func() { Cast(floats, floats) },
			"Cast of another length":     func() { Cast(three, floats.Slice(0, 2)) },
			"RestoreIf of 16 bits":       func() { RestoreIf(three, three, h.ints(1)) },
			"Unscale of 16 bits":         func() { Unscale(three, h.ints(0), 1) },
		} {
			mustPanic(t, name, f)
		}
	}
	r := openRig(t, Config{Name: "ptxsim"})
	half := r.dev.Alloc(Float16, 3)
	mustPanic(t, "a device of float32", func() { ReLU(half, half) })
	host := openRig(t, Config{Name: "cpu"})
	mustPanic(t, "Cast on a host", func() { Cast(host.dev.Alloc(Float16, 3), host.junk(3)) })
	mustPanic(t, "Fill on a host", func() { Fill(host.dev.Alloc(Float16, 3), 1) })
}

func TestAddInPlaceOfTheSecondOperand(t *testing.T) {
	agreeEverywhere(t, "Add", 0, 0, func(r rig) []Buffer {
		a, b := r.floats(normals(1, 100)...), r.floats(normals(2, 100)...)
		Add(b, a, b)
		return []Buffer{b}
	})
}

// ReLU and its gradient treat special values as PyTorch does: NaN stays, and
// the gradient at 0 is 0. The 19 elements reach vectors and what is behind them.
func TestReLUOfSpecialValues(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	x := append([]float64{nan, inf, -inf, 0, math.Copysign(0, -1), 1, -1, nan}, append(constant(8, nan), -2, nan, 3)...)
	for _, c := range ptxAnd(Config{Name: "ref"}, Config{Name: "ref", Precision: Float64}, Config{Name: "cpu"}) {
		r := openRig(t, c)
		y, dx := r.junk(len(x)), r.junk(len(x))
		ReLU(y, r.floats(x...))
		ReLUBackward(dx, r.floats(constant(len(x), 5)...), y)
		gotY, gotDx := Floats(y), Floats(dx)
		for i, v := range x {
			wantY, wantDx := v, 5.0
			if v <= 0 {
				wantY, wantDx = 0, 0
			}
			if math.Float64bits(gotY[i]) != math.Float64bits(wantY) && !(math.IsNaN(gotY[i]) && math.IsNaN(wantY)) {
				t.Errorf("%s: ReLU(%v) is %v", c.Name, v, gotY[i])
			}
			if gotDx[i] != wantDx {
				t.Errorf("%s: the gradient of ReLU at %v is %v, want %v", c.Name, v, gotDx[i], wantDx)
			}
		}
	}
}

func TestElementwiseGradients(t *testing.T) {
	r := float64Rig(t)
	const n = 17
	dy := normals(1, n)
	x, y, dx := r.floats(normals(2, n)...), r.junk(n), r.junk(n)
	key := r.ints(3, 1, 4)
	for _, c := range []struct {
		name              string
		forward, backward func()
	}{
		{"ReLU", func() { ReLU(y, x) }, func() { ReLUBackward(dx, r.floats(dy...), y) }},
		{"Scale", func() { Scale(y, x, r.floats(-1.5)) }, func() { Scale(dx, r.floats(dy...), r.floats(-1.5)) }},
		{"Dropout", func() { Dropout(y, x, key, 0.4) }, func() { Dropout(dx, r.floats(dy...), key, 0.4) }},
		{"AddScaled", func() { Fill(y, 1); AddScaled(y, x, 0.7) }, func() { Zero(dx); AddScaled(dx, r.floats(dy...), 0.7) }},
	} {
		c.forward()
		c.backward()
		loss := func() float64 { c.forward(); return dot(dy, y) }
		if err := kerneltest.CheckGradient(f64(x), f64(dx), loss); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		f64(dx)[5] += 1e-5
		if kerneltest.CheckGradient(f64(x), f64(dx), loss) == nil {
			t.Errorf("%s: CheckGradient accepted a gradient that is off by 1e-5", c.name)
		}
	}
}

func TestFillAndIncrementOfIntegers(t *testing.T) {
	for _, config := range ptxAnd(Config{Name: "cpu"}) {
		r := openRig(t, config)
		counts, pixels := r.ints(1, 2, 3), r.dev.Alloc(Uint8, 5)
		Fill(counts, 7)
		Fill(pixels, 200)
		Increment(counts.Slice(1, 2), 2)
		if got := results([]Buffer{counts})[0]; got[0] != 7 || got[1] != 9 || got[2] != 7 {
			t.Errorf("%s: counts are %v", config.Name, got)
		}
		other, got := r.dev.Alloc(Uint8, 5), make([]uint8, 5)
		Copy(other, pixels)
		Download(got, other)
		if got[0] != 200 || got[3] != 200 || got[4] != 200 {
			t.Errorf("%s: pixels are %v", config.Name, got)
		}
	}
}

// All sums are taken in float64, in another order on a device that runs PTX:
// what is rounded to float32 at the end may differ in its last bit.
func TestSumRowsAddAgrees(t *testing.T) {
	for _, shape := range [][2]int{{0, 3}, {1, 1}, {1, 33}, {7, 10}, {129, 6}, {2049, 1}, {65, 31}, {100, 257}, {1025, 64}, {600, 32}, {5000, 3}} {
		rows, c := shape[0], shape[1]
		x := normals(1, rows*c)
		agreeEverywhere(t, fmt.Sprint(shape), 2e-7*math.Sqrt(float64(rows)), 2e-7, func(r rig) []Buffer {
			sum := r.floats(normals(2, c)...)
			SumRowsAdd(sum, r.floats(x...))
			return []Buffer{sum}
		})
	}
}

func TestSumRowsAddInHalf(t *testing.T) {
	for _, shape := range [][2]int{{0, 3}, {1, 33}, {129, 6}, {65, 31}, {1025, 24}, {600, 3}} {
		rows, c := shape[0], shape[1]
		agreeInHalf(t, fmt.Sprint(shape), 2e-7*math.Sqrt(float64(rows)), 2e-7, func(h halfCase) []Buffer {
			sum := h.floats(normals(2, c)...)
			SumRowsAdd(sum, h.shifted(h.activations(normals(1, rows*c)...), 1))
			return []Buffer{sum}
		})
	}
}

// A float32 sum of the large and the small would be 0.
func TestSumRowsAddIsSafe(t *testing.T) {
	const rows, c = 4000, 3
	x := constant(rows*c, 1e-3)
	for j := range c {
		x[j], x[len(x)-1-j] = 1e6, -1e6
	}
	for _, config := range ptxAnd(Config{Name: "ref"}, Config{Name: "cpu"}) {
		r := openRig(t, config)
		sum := r.floats(constant(c, 1)...)
		SumRowsAdd(sum, r.floats(x...))
		if err := kerneltest.Compare(Floats(sum), constant(c, 1+(rows-2)*1e-3), 0, 1e-6); err != nil {
			t.Errorf("%s: %v", config.Name, err)
		}
	}
}
