package kernels

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"lbsam/kernels/kerneltest"
)

// round is encode and decode: at every number of 16 bits, beside it, in the middle
// to the next one, and at random float32 numbers.
func TestRoundIsEncode(t *testing.T) {
	for _, dtype := range []Dtype{Float16, BFloat16} {
		f, _ := dtype.half()
		agree := func(v float32) {
			want, got := f.decode(f.encode(float64(v))), float64(f.round(v))
			if math.Float64bits(got) != math.Float64bits(want) && !(math.IsNaN(got) && math.IsNaN(want)) {
				t.Errorf("%v: %v became %v, want %v", dtype, v, got, want)
			}
		}
		for bits := range 1 << 16 {
			v, next := float32(f.decode(uint16(bits))), float32(f.decode(uint16(bits+1)))
			for _, w := range []float32{v, v + (next-v)/2} {
				agree(w)
				agree(math.Nextafter32(w, 0))
				agree(math.Nextafter32(w, float32(math.Inf(1))))
			}
		}
		r := rand.New(rand.NewPCG(1, 2))
		for range 100_000 {
			agree(math.Float32frombits(r.Uint32()))
		}
	}
}

// What lies between two numbers of TF32, whose fraction has ten bits, goes to the
// nearer one, and the middle to the even one.
func TestRoundToTF32(t *testing.T) {
	f := halfFormat{10, -126}
	for _, c := range []struct{ v, want float32 }{
		{1, 1}, {1 + 1.0/1024, 1 + 1.0/1024}, {1 + 1.0/2048, 1}, {1 + 3.0/2048, 1 + 2.0/1024}, {1 + 1.1/2048, 1 + 1.0/1024},
		{-1 - 3.0/2048, -1 - 2.0/1024}, {65536, 65536}, {math.MaxFloat32, float32(math.Inf(1))}, {0, 0},
	} {
		if got := f.round(c.v); got != c.want {
			t.Errorf("%v became %v, want %v", c.v, got, c.want)
		}
	}
}

// Products on a device that emulates TF32 are those of the interpreter's tensor
// cores, up to the order of the sums; with rows that a GPU does not read 16 bytes
// at a time they are those of float32.
func TestEmulatedProducts(t *testing.T) {
	for _, g := range []Conv{
		{N: 2, H: 5, W: 6, C: 16, OC: 12, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 2, H: 5, W: 6, C: 3, OC: 12, KH: 3, KW: 3, Stride: 2, Pad: 1},
	} {
		products := func(c Config) (all [3][]float64) {
			r := openRig(t, c)
			x, w, dy := r.floats(normals(1, g.XLen())...), r.floats(normals(2, g.WLen())...), r.floats(normals(3, g.YLen())...)
			y, dx, dw := r.junk(g.YLen()), r.junk(g.XLen()), r.floats(constant(g.WLen(), 0)...)
			Conv2d(y, x, w, Buffer{}, g)
			Conv2dBackwardInput(dx, dy, w, g)
			Conv2dBackwardWeightAdd(dw, dy, x, g)
			for i, b := range []Buffer{y, dx, dw} {
				all[i] = Floats(b)
			}
			return all
		}
		want, plain := products(Config{Name: "ptxsim", Compute: ComputeTF32}), products(Config{Name: "cpu"})
		for _, name := range []string{"cpu", "ref"} {
			got := products(Config{Name: name, Compute: ComputeTF32})
			for i := range got {
				if err := kerneltest.Compare(got[i], want[i], kerneltest.SumTolerance(g.N*g.H*g.W*g.C), 0); err != nil {
					t.Errorf("%s: result %d of %d channels: %v", name, i, g.C, err)
				}
			}
			if rounded := kerneltest.Compare(got[0], plain[0], 1e-4, 0) != nil; rounded != (g.C%4 == 0) {
				t.Errorf("%s: factors of %d channels were rounded: %v", name, g.C, rounded)
			}
		}
	}
}

func TestEmulationMustBeAskedFor(t *testing.T) {
	for _, name := range []string{"cpu", "ref"} {
		d, err := Open(Config{Name: name, Compute: ComputeFloat16})
		if err != nil {
			t.Fatal(err)
		}
		if d.Activations() != Float32 || !d.EmulatesStorage() || !d.Emulates() {
			t.Errorf("%s: activations of %v, storage %v", name, d.Activations(), d.EmulatesStorage())
		}
		d.Close()
	}
	if _, err := Open(Config{Name: "ref", Precision: Float64, Compute: ComputeFloat16}); err == nil || !strings.Contains(err.Error(), "want float32") {
		t.Errorf("float64 and fp16: %v", err)
	}
	if d, err := Open(Config{Name: "auto", Compute: ComputeFloat16}); err == nil {
		if d.Emulates() {
			t.Error("auto emulates fp16 without being asked")
		}
		d.Close()
	} else if !strings.Contains(err.Error(), "device cpu emulates") {
		t.Error(err)
	}
}
