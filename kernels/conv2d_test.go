package kernels

import (
	"fmt"
	"math"
	"runtime"
	"testing"

	"lbsam/kernels/kerneltest"
)

// eachVariant runs body with every instruction set of this processor.
func eachVariant(t *testing.T, threads int, body func(t *testing.T, p *pool)) {
	for _, set := range instructionSets() {
		t.Run(set.name, func(t *testing.T) {
			p := newPool(threads)
			defer p.close()
			p.gemm.instructionSet = set
			body(t, p)
		})
	}
}

// convCases are geometries around the sizes of tiles, with windows that
// overlap the padding in every way.
func convCases() []Conv {
	cases := []Conv{
		{N: 2, H: 5, W: 7, C: 3, OC: 8, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 3, H: 4, W: 4, C: 17, OC: 31, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 5, H: 8, W: 6, C: 16, OC: 16, KH: 3, KW: 3, Stride: 2, Pad: 1},
		{N: 1, H: 9, W: 11, C: 5, OC: 24, KH: 5, KW: 5, Stride: 3, Pad: 2},
		{N: 2, H: 12, W: 10, C: 1, OC: 3, KH: 7, KW: 7, Stride: 2, Pad: 3},
		{N: 2, H: 7, W: 5, C: 33, OC: 64, KH: 1, KW: 1, Stride: 1, Pad: 0},
		{N: 2, H: 8, W: 8, C: 64, OC: 33, KH: 1, KW: 1, Stride: 2, Pad: 0},
		{N: 1, H: 5, W: 5, C: 8, OC: 15, KH: 1, KW: 1, Stride: 3, Pad: 1},
		{N: 4, H: 6, W: 6, C: 24, OC: 17, KH: 5, KW: 3, Stride: 1, Pad: 2},
		{N: 2, H: 3, W: 3, C: 31, OC: 5, KH: 7, KW: 7, Stride: 1, Pad: 3},
		{N: 1, H: 3, W: 20, C: 15, OC: 1, KH: 3, KW: 1, Stride: 1, Pad: 1},
		{N: 3, H: 5, W: 4, C: 64, OC: 24, KH: 3, KW: 3, Stride: 2, Pad: 0},
		{N: 2, H: 6, W: 4, C: 3, OC: 16, KH: 2, KW: 4, Stride: 3, Pad: 3},
		{N: 2, H: 16, W: 16, C: 3, OC: 64, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 9, H: 4, W: 4, C: 64, OC: 64, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 7, H: 2, W: 3, C: 400, OC: 18, KH: 2, KW: 2, Stride: 1, Pad: 1},
		{N: 1, H: 40, W: 30, C: 16, OC: 17, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 0, H: 4, W: 4, C: 8, OC: 16, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 20, H: 5, W: 5, C: 8, OC: 8, KH: 3, KW: 3, Stride: 2, Pad: 1},
		{N: 2, H: 6, W: 6, C: 7, OC: 300, KH: 3, KW: 3, Stride: 2, Pad: 1},
		{N: 1, H: 2, W: 2, C: 130, OC: 70, KH: 3, KW: 3, Stride: 1, Pad: 1},
	}
	for _, n := range []int{1, 5, 100} {
		for _, c := range [][2]int{{48, 10}, {1, 1}, {3, 33}, {784, 130}, {1000, 17}} {
			cases = append(cases, Conv{N: n, H: 1, W: 1, C: c[0], OC: c[1], KH: 1, KW: 1, Stride: 1})
		}
	}
	cases = append(cases, winogradCases()...)
	// And anything else.
	rng := kerneltest.Rng(0)
	channels := []int{1, 3, 5, 8, 15, 16, 17, 24, 31, 33, 64}
	window := []int{1, 3, 5, 7}
	for len(cases) < 200 {
		g := Conv{
			N: 1 + rng.IntN(5), H: 1 + rng.IntN(10), W: 1 + rng.IntN(10),
			C: channels[rng.IntN(len(channels))], OC: channels[rng.IntN(len(channels))],
			KH: window[rng.IntN(4)], KW: window[rng.IntN(4)],
			Stride: 1 + rng.IntN(3), Pad: rng.IntN(4),
		}
		if g.H+2*g.Pad >= g.KH && g.W+2*g.Pad >= g.KW {
			cases = append(cases, g)
		}
	}
	return cases
}

func nans(n int) []float32 {
	x := make([]float32, n)
	fill(x, float32(math.NaN()))
	return x
}

func TestConv2dCPU(t *testing.T) {
	eachVariant(t, 2, func(t *testing.T, p *pool) {
		for i, g := range convCases() {
			t.Run(fmt.Sprintf("%+v", g), func(t *testing.T) {
				rng := kerneltest.Rng(i)
				x := fencedCopy(kerneltest.Randn[float32](rng, g.XLen()))
				w := fencedCopy(kerneltest.Randn[float32](rng, g.WLen()))
				dy := fencedCopy(kerneltest.Randn[float32](rng, g.YLen()))
				b := fencedCopy(kerneltest.Randn[float32](rng, g.OC))
				x64, w64, dy64 := widened(x.data), widened(w.data), widened(dy.data)

				y, want := fencedCopy(nans(g.YLen())), make([]float64, g.YLen())
				conv2dCPU(p, y.data, x.data, w.data, b.data, g)
				conv2dRef(want, x64, w64, widened(b.data), g)
				compare(t, "y", y, want, terms(g, g.KH*g.KW*g.C+1))

				fill(y.data, float32(math.NaN()))
				conv2dCPU(p, y.data, x.data, w.data, nil, g)
				conv2dRef(want, x64, w64, nil, g)
				compare(t, "y without b", y, want, terms(g, g.KH*g.KW*g.C))

				dx, want := fencedCopy(nans(g.XLen())), make([]float64, g.XLen())
				conv2dBackwardInputCPU(p, dx.data, dy.data, w.data, g)
				conv2dBackwardInputRef(want, dy64, w64, g)
				compare(t, "dx", dx, want, terms(g, g.KH*g.KW*g.OC))

				dw := fencedCopy(kerneltest.Randn[float32](rng, g.WLen()))
				want = widened(dw.data)
				conv2dBackwardWeightAddCPU(p, dw.data, dy.data, x.data, g)
				conv2dBackwardWeightAddRef(want, dy64, x64, g)
				compare(t, "dw", dw, want, terms(g, g.N*g.OH()*g.OW()+1))
			})
		}
	})
}

// terms is how many products a plain sum has that errs as much as a sum of k
// products in g. In tiles a result errs up to three times as much as a plain
// sum, and as one of 16 terms at least, since it is made of 36 products or of 81.
func terms(g Conv, k int) int {
	if g.winograd() {
		return 4 * max(k, 16)
	}
	return k
}

// TestConv2dThreads checks that results do not depend on the number of threads, to the
// bit, nor, among those in assembly, on the instruction set.
func TestConv2dThreads(t *testing.T) {
	for i, g := range []Conv{
		{N: 9, H: 8, W: 8, C: 33, OC: 48, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 5, H: 12, W: 12, C: 3, OC: 17, KH: 3, KW: 3, Stride: 2, Pad: 1},
		{N: 64, H: 1, W: 1, C: 100, OC: 130, KH: 1, KW: 1, Stride: 1},
		{N: 40, H: 7, W: 8, C: 16, OC: 144, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 70, H: 4, W: 4, C: 80, OC: 16, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 40, H: 15, W: 8, C: 16, OC: 144, KH: 3, KW: 3, Stride: 2, Pad: 1},
		{N: 9, H: 7, W: 8, C: 16, OC: 40, KH: 5, KW: 5, Stride: 1, Pad: 2},
		{N: 30, H: 9, W: 8, C: 64, OC: 80, KH: 1, KW: 1, Stride: 2},
	} {
		rng := kerneltest.Rng(i)
		x, w, dy := kerneltest.Randn[float32](rng, g.XLen()), kerneltest.Randn[float32](rng, g.WLen()), kerneltest.Randn[float32](rng, g.YLen())
		var want [][]float32
		for _, set := range instructionSets() {
			if set.name == instructionSetGo.name {
				want = nil // which rounds products before it adds them
			}
			for _, threads := range []int{1, 2, 3, 7} {
				p := newPool(threads)
				p.gemm.instructionSet = set
				y, dx, dw := nans(g.YLen()), nans(g.XLen()), make([]float32, g.WLen())
				conv2dCPU(p, y, x, w, nil, g)
				conv2dBackwardInputCPU(p, dx, dy, w, g)
				conv2dBackwardWeightAddCPU(p, dw, dy, x, g)
				p.close()
				got := [][]float32{y, dx, dw}
				if want == nil {
					want = got
				}
				for j, name := range []string{"y", "dx", "dw"} {
					if err := kerneltest.Compare(got[j], want[j], 0, 0); err != nil {
						t.Errorf("%s, %+v, %d threads: %s: %v", set.name, g, threads, name, err)
					}
				}
			}
		}
	}
}

// TestConv2dBatch checks that an image's result and gradient are the same bits in every
// batch, in tiles, of copied windows and of windows where they are.
func TestConv2dBatch(t *testing.T) {
	p := newPool(1)
	defer p.close()
	for i, many := range []Conv{
		{N: 9, H: 8, W: 8, C: 80, OC: 32, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 9, H: 9, W: 8, C: 16, OC: 24, KH: 3, KW: 3, Stride: 2, Pad: 1},
		{N: 9, H: 7, W: 6, C: 64, OC: 32, KH: 3, KW: 3, Stride: 2, Pad: 1},
		{N: 9, H: 15, W: 8, C: 80, OC: 32, KH: 3, KW: 3, Stride: 2, Pad: 1},
	} {
		one := many
		one.N = 1
		rng := kerneltest.Rng(i)
		x, w, dy := kerneltest.Randn[float32](rng, many.XLen()), kerneltest.Randn[float32](rng, many.WLen()), kerneltest.Randn[float32](rng, many.YLen())
		y, dx, yOne, dxOne := nans(many.YLen()), nans(many.XLen()), nans(many.YLen()), nans(many.XLen())
		conv2dCPU(p, y, x, w, nil, many)
		conv2dBackwardInputCPU(p, dx, dy, w, many)
		for i := range many.N {
			conv2dCPU(p, yOne[i*one.YLen():][:one.YLen()], x[i*one.XLen():], w, nil, one)
			conv2dBackwardInputCPU(p, dxOne[i*one.XLen():][:one.XLen()], dy[i*one.YLen():], w, one)
		}
		if err := kerneltest.Compare(yOne, y, 0, 0); err != nil {
			t.Errorf("y of %+v: %v", many, err)
		}
		if err := kerneltest.Compare(dxOne, dx, 0, 0); err != nil {
			t.Errorf("dx of %+v: %v", many, err)
		}
	}
}

// TestConv2dAllocations checks that in steady state a call allocates its
// closures and lists of taps, but no memory for tensors or tables.
func TestConv2dAllocations(t *testing.T) {
	p := newPool(1)
	defer p.close()
	for _, g := range []Conv{
		{N: 8, H: 16, W: 16, C: 32, OC: 40, KH: 3, KW: 3, Stride: 2, Pad: 1},
		{N: 8, H: 16, W: 16, C: 3, OC: 16, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 8, H: 16, W: 16, C: 80, OC: 16, KH: 3, KW: 3, Stride: 1, Pad: 1},
	} {
		x, w, y := make([]float32, g.XLen()), make([]float32, g.WLen()), make([]float32, g.YLen())
		step := func() {
			conv2dCPU(p, y, x, w, nil, g)
			conv2dBackwardInputCPU(p, x, y, w, g)
			conv2dBackwardWeightAddCPU(p, w, y, x, g)
		}
		step()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		count := testing.AllocsPerRun(10, step)
		runtime.ReadMemStats(&after)
		if bytes := (after.TotalAlloc - before.TotalAlloc) / 11; count > 100 || bytes > 16<<10 {
			t.Errorf("%+v: %.0f allocations of %d bytes in each step, want at most 100 of 16384", g, count, bytes)
		}
	}
}

// TestConv2dRefGradient compares the reference gradients with finite
// differences of the loss sum of y times dy.
func TestConv2dRefGradient(t *testing.T) {
	for i, g := range []Conv{
		{N: 2, H: 3, W: 5, C: 3, OC: 2, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 1, H: 7, W: 4, C: 2, OC: 3, KH: 5, KW: 2, Stride: 2, Pad: 1},
		{N: 2, H: 5, W: 6, C: 1, OC: 2, KH: 1, KW: 3, Stride: 3, Pad: 2},
		{N: 3, H: 1, W: 1, C: 4, OC: 5, KH: 1, KW: 1, Stride: 1, Pad: 0},
	} {
		rng := kerneltest.Rng(i)
		x, w, dy := kerneltest.Randn[float64](rng, g.XLen()), kerneltest.Randn[float64](rng, g.WLen()), kerneltest.Randn[float64](rng, g.YLen())
		y, dx, dw := make([]float64, g.YLen()), make([]float64, g.XLen()), make([]float64, g.WLen())
		loss := func() float64 {
			conv2dRef(y, x, w, nil, g)
			sum := 0.0
			for i, v := range y {
				sum += v * dy[i]
			}
			return sum
		}
		conv2dBackwardInputRef(dx, dy, w, g)
		conv2dBackwardWeightAddRef(dw, dy, x, g)
		for _, c := range []struct {
			name string
			v, d []float64
		}{{"x", x, dx}, {"w", w, dw}} {
			if err := kerneltest.CheckGradient(c.v, c.d, loss); err != nil {
				t.Errorf("%+v: %s: %v", g, c.name, err)
			}
			c.d[len(c.d)/2] += 1e-4
			if kerneltest.CheckGradient(c.v, c.d, loss) == nil {
				t.Errorf("%+v: %s: accepted a gradient that is off by 1e-4", g, c.name)
			}
		}
	}
}

// TestConv2dDevices runs the exported functions on every device.
func TestConv2dDevices(t *testing.T) {
	g := Conv{N: 3, H: 6, W: 5, C: 4, OC: 7, KH: 3, KW: 3, Stride: 2, Pad: 1}
	rng := kerneltest.Rng(0)
	x, w, b, dy := kerneltest.Randn[float32](rng, g.XLen()), kerneltest.Randn[float32](rng, g.WLen()), kerneltest.Randn[float32](rng, g.OC), kerneltest.Randn[float32](rng, g.YLen())
	var want [][]float64
	for _, config := range ptxAnd(Config{Name: "ref"}, Config{Name: "cpu"}) {
		name := config.Name
		d, err := Open(config)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		upload := func(v []float32) Buffer {
			b := d.Alloc(Float32, len(v))
			Upload(b, v)
			return b
		}
		y, dx, dw := upload(nans(g.YLen())), upload(nans(g.XLen())), upload(w)
		Conv2d(y, upload(x), upload(w), upload(b), g)
		Conv2dBackwardInput(dx, upload(dy), upload(w), g)
		Conv2dBackwardWeightAdd(dw, upload(dy), upload(x), g)
		got := [][]float64{Floats(y), Floats(dx), Floats(dw)}
		if want == nil {
			want = got
		}
		for i := range got {
			if err := kerneltest.Compare(got[i], want[i], kerneltest.SumTolerance(100), 0); err != nil {
				t.Errorf("%s: result %d: %v", name, i, err)
			}
		}
	}
}
