package kernels

import (
	"fmt"
	"iter"
	"math"
	"testing"

	"lbsam/kernels/kerneltest"
)

// Every number of a format comes back as it was. What lies between it and the
// next one goes to the nearer of the two, and the middle to the even one; the
// negative numbers mirror the others.
func TestHalfRoundsToNearest(t *testing.T) {
	for _, dtype := range []Dtype{Float16, BFloat16} {
		f, _ := dtype.half()
		inf := f.infinity()
		expect := func(v float64, want int) {
			for sign, v := range []float64{v, -v} {
				if got := f.encode(v); got != uint16(want|sign<<15) {
					t.Errorf("%v: %v became %#04x, want %#04x", dtype, v, got, want|sign<<15)
				}
			}
		}
		for bits := 0; bits < inf; bits++ {
			v := f.decode(uint16(bits))
			next := f.decode(uint16(bits + 1))
			if bits+1 == inf { // what follows if there were room for it
				next = 2*v - f.decode(uint16(bits-1))
			}
			middle := v + (next-v)/2
			if !(v < middle && middle < next) || f.decode(uint16(bits|1<<15)) != -v {
				t.Fatalf("%v: after %#04x, %v, comes %v", dtype, bits, v, next)
			}
			expect(v, bits)
			expect(math.Nextafter(middle, 0), bits)
			expect(middle, bits+bits&1)
			expect(math.Nextafter(middle, next), bits+1)
		}
		for _, v := range []float64{math.Inf(1), math.MaxFloat64} {
			expect(v, inf)
		}
		expect(math.SmallestNonzeroFloat64, 0)
		if got := f.decode(uint16(inf)); !math.IsInf(got, 1) || !math.IsInf(f.decode(uint16(inf|1<<15)), -1) {
			t.Errorf("%v: infinity is %v", dtype, got)
		}
		for bits := inf + 1; bits < 1<<15; bits++ {
			if v, w := f.decode(uint16(bits)), f.decode(uint16(bits|1<<15)); !math.IsNaN(v) || !math.IsNaN(w) {
				t.Errorf("%v: %#04x, a NaN, is %v and %v", dtype, bits, v, w)
			}
		}
		if got := f.decode(f.encode(math.NaN())); !math.IsNaN(got) {
			t.Errorf("%v: NaN became %v", dtype, got)
		}
	}
}

func TestFloatsOfHalf(t *testing.T) {
	const tiny = 1.0 / (1 << 24) // the smallest number of float16
	nan, inf := math.NaN(), math.Inf(1)
	src := []float64{0, 1, 1 + 1.0/2048, 1 + 3.0/2048, 1 + 1.0/256, -65504, 65519.9, 65520, 1e30, 1e39, tiny, tiny / 2, 1.5 * tiny, -1e-40, nan, -inf}
	for _, config := range ptxAnd(Config{Name: "ref"}) {
		r := openRig(t, config)
		for dtype, want := range map[Dtype][]float64{
			Float16:  {0, 1, 1, 1 + 1.0/512, 1 + 1.0/256, -65504, 65504, inf, inf, inf, tiny, 0, 2 * tiny, 0, nan, -inf},
			BFloat16: {0, 1, 1, 1, 1, -65536, 65536, 65536, 0x1.94p99, inf, tiny, tiny / 2, 1.5 * tiny, -0x1p-133, nan, -inf},
		} {
			b := r.dev.Alloc(dtype, len(src)+3)
			UploadFloats(b.Slice(1, len(src)+1), src)
			want = append(append([]float64{0}, want...), 0, 0)
			for i, got := range Floats(b) {
				if got != want[i] && !(math.IsNaN(got) && math.IsNaN(want[i])) {
					t.Errorf("%s: %v: element %d of %v is %v, want %v", config.Name, dtype, i, src, got, want[i])
				}
			}
			mustPanic(t, "too few numbers", func() { UploadFloats(b, src) })
		}
	}
}

// A halfCase is a device that keeps activations in 16 bits, or the reference
// for one: it computes in float32 and is given activations of the same numbers.
type halfCase struct {
	rig
	dtype Dtype // of what it stands for
}

func (h halfCase) format() halfFormat {
	f, _ := h.dtype.half()
	return f
}

// stored is the type of the device's activations.
func (h halfCase) stored() Dtype {
	if h.dev.gpu == nil {
		return h.dev.precision
	}
	return h.dtype
}

// activations rounds x to 16 bits.
func (h halfCase) activations(x ...float64) Buffer {
	rounded := make([]float64, len(x))
	for i, v := range x {
		rounded[i] = h.format().decode(h.format().encode(v))
	}
	b := h.dev.Alloc(h.stored(), len(x))
	UploadFloats(b, rounded)
	return b
}

// blank is n activations, all of them NaN.
func (h halfCase) blank(n int) Buffer {
	b := h.dev.Alloc(h.stored(), n)
	UploadFloats(b, constant(n, math.NaN()))
	return b
}

// halfCases are the devices that run PTX, with activations of 16 bits, each
// opened when its turn comes: there is one GPU.
func halfCases(t testing.TB) iter.Seq[halfCase] {
	return func(yield func(halfCase) bool) {
		for _, compute := range []Compute{ComputeFloat16, ComputeBFloat16} {
			for _, config := range ptxAnd() {
				config.Compute = compute
				r := openRig(t, config)
				if !yield(halfCase{r, r.dev.Activations()}) {
					return
				}
			}
		}
	}
}

// agreeInHalf is agreeOnPTX for activations of 16 bits: results of such a type
// may be off by the rounding to it beside.
func agreeInHalf(t *testing.T, name string, atol, rtol float64, op func(h halfCase) []Buffer) {
	t.Helper()
	for h := range halfCases(t) {
		want := results(op(halfCase{openRig(t, Config{Name: "ref"}), h.dtype}))
		buffers := op(h)
		got, again := results(buffers), results(op(h))
		for i := range want {
			// Half a unit of the last place, or of the smallest number, of what the
			// rest of the tolerance allows before it is rounded.
			atol, rtol, f := atol, rtol, h.format()
			if buffers[i].dtype == h.dtype {
				u := math.Ldexp(1, -f.fraction-1)
				atol, rtol = atol*(1+u)+math.Ldexp(1, f.least-f.fraction-1), rtol*(1+u)+u
			}
			if err := kerneltest.Compare(got[i], want[i], atol, rtol); err != nil {
				t.Fatalf("%s: result %d of %v on %s: %v", name, i, h.dtype, h.dev.Name(), err)
			}
			if at := firstDifference(got[i], again[i]); at >= 0 {
				t.Fatalf("%s: result %d element %d of %v on %s: %v and then %v", name, i, at, h.dtype, h.dev.Name(), got[i][at], again[i][at])
			}
		}
	}
}

// exactInHalf is agreeInHalf where the kernels for float32 agree with the
// reference to the last bit: results of 16 bits are those, rounded, and NaN and
// infinities are among them.
func exactInHalf(t *testing.T, name string, op func(h halfCase) []Buffer) {
	t.Helper()
	for h := range halfCases(t) {
		want := results(op(halfCase{openRig(t, Config{Name: "ref"}), h.dtype}))
		for i, b := range op(h) {
			got := results([]Buffer{b})[0]
			for j, v := range want[i] {
				if b.dtype == h.dtype {
					v = h.format().decode(h.format().encode(v))
				}
				if math.Float64bits(got[j]) != math.Float64bits(v) && !(math.IsNaN(got[j]) && math.IsNaN(v)) {
					t.Fatalf("%s: %v: result %d element %d is %v, want %v", name, h, i, j, got[j], v)
				}
			}
		}
	}
}

// extremes is n numbers, many of which overflow, vanish or are none in a format
// of 16 bits.
func extremes(seed, n int) []float64 {
	x := normals(seed, n)
	for i, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1), 65504, -65504, 0x1p-24, 0x1.8p-24, -0x1p-133, 0x1.fep127} {
		for j := (i*seed + i) % 13; j < n; j += 13 + 7*i {
			x[j] = v
		}
	}
	return x
}

func (h halfCase) String() string { return fmt.Sprintf("%s with %v", h.dev.Name(), h.dtype) }
