package kernels

import (
	"math"
	"strings"
	"testing"

	"lbsam/kernels/kerneltest"
)

func TestOpenCompute(t *testing.T) {
	for _, c := range []struct {
		config Config
		want   string // of the error
	}{
		{Config{Name: "ref", Precision: Float64, Compute: ComputeTF32}, "tf32"},
		{Config{Name: "ptxsim", Compute: 9}, "want one of float32 to best"},
	} {
		if _, err := Open(c.config); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("Open(%+v): %v, want an error with %q", c.config, err, c.want)
		}
	}
	if c := openRig(t, Config{Name: "cpu", Compute: ComputeBest}).dev.Compute(); c != ComputeFloat32 {
		t.Errorf("the best of cpu is %v", c)
	}
	if c := openRig(t, Config{Name: "ptxsim", Compute: ComputeBest}).dev.Compute(); c != ComputeTF32 {
		t.Errorf("the best of ptxsim is %v", c)
	}
	for _, compute := range []Compute{ComputeFloat32, ComputeTF32} {
		if r := openRig(t, Config{Name: "ptxsim", Compute: compute}); r.dev.Compute() != compute {
			t.Errorf("Compute() = %v, want %v", r.dev.Compute(), compute)
		}
	}
}

// TestComputeTF32 checks the exported products: those of a device for TF32 are
// within what rounding the factors can do, 2u + u² of the sum of the products'
// magnitudes with u = 2^-11, and rounding does something.
func TestComputeTF32(t *testing.T) {
	g := Conv{N: 2, H: 5, W: 6, C: 16, OC: 12, KH: 3, KW: 3, Stride: 1, Pad: 1}
	x, w, dy := normals(1, g.XLen()), normals(2, g.WLen()), normals(3, g.YLen())
	magnitudes := func(v []float64) []float64 {
		m := make([]float64, len(v))
		for i := range v {
			m[i] = math.Abs(v[i])
		}
		return m
	}
	products := func(x, w, dy []float64) [][]float64 {
		p := [][]float64{make([]float64, g.YLen()), make([]float64, g.XLen()), make([]float64, g.WLen())}
		conv2dRef(p[0], x, w, nil, g)
		conv2dBackwardInputRef(p[1], dy, w, g)
		conv2dBackwardWeightAddRef(p[2], dy, x, g)
		return p
	}
	want, sizes := products(x, w, dy), products(magnitudes(x), magnitudes(w), magnitudes(dy))
	for _, config := range ptxAnd() {
		config.Compute = ComputeTF32
		r := openRig(t, config)
		y, dx, dw := r.junk(g.YLen()), r.junk(g.XLen()), r.floats(constant(g.WLen(), 0)...)
		Conv2d(y, r.floats(x...), r.floats(w...), Buffer{}, g)
		Conv2dBackwardInput(dx, r.floats(dy...), r.floats(w...), g)
		Conv2dBackwardWeightAdd(dw, r.floats(dy...), r.floats(x...), g)
		for i, b := range []Buffer{y, dx, dw} {
			got, largest, u := Floats(b), 0.0, math.Ldexp(1, -11)
			for j, v := range got {
				off := math.Abs(v - want[i][j])
				largest = max(largest, off)
				if !(off <= (2*u+u*u)*sizes[i][j]+kerneltest.SumTolerance(g.KH*g.KW*g.C)) {
					t.Fatalf("result %d element %d: %v, want %v", i, j, v, want[i][j])
				}
			}
			if largest < 1e-4 {
				t.Errorf("result %d is off by %.3g at most: the factors are not rounded", i, largest)
			}
		}
	}
}
