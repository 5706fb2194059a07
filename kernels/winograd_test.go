package kernels

import (
	"fmt"
	"math"
	"testing"

	"lbsam/kernels/kerneltest"
)

// winogradCases are geometries around the sizes of tiles, of groups of channels
// and of blocks.
func winogradCases() []Conv {
	var cases []Conv
	for _, c := range []struct{ n, h, w, c, oc, stride, pad int }{
		{1, 4, 4, 16, 16, 1, 1},
		{9, 4, 4, 64, 64, 1, 1},
		{3, 8, 8, 32, 48, 1, 1},
		{2, 7, 8, 16, 32, 1, 1},
		{2, 8, 7, 48, 16, 1, 1},
		{2, 9, 10, 32, 16, 1, 0},
		{3, 6, 6, 16, 16, 1, 2},
		{1, 15, 13, 80, 112, 1, 1},
		{5, 4, 12, 128, 64, 1, 1},
		{70, 4, 4, 80, 16, 1, 1},
		{2, 12, 4, 64, 144, 1, 1},
		{1, 4, 270, 16, 16, 1, 1},
		{1, 36, 32, 16, 32, 1, 1},
		{1, 13, 100, 16, 16, 1, 0},
		{2, 8, 8, 8, 8, 1, 1},
		{1, 12, 9, 24, 16, 1, 1},
		{3, 8, 40, 16, 72, 1, 0},

		{1, 8, 8, 16, 16, 2, 1},
		{3, 16, 8, 16, 32, 2, 1},
		{2, 15, 13, 48, 16, 2, 1},
		{9, 7, 8, 64, 64, 2, 1},
		{1, 25, 31, 80, 112, 2, 1},
		{50, 8, 8, 80, 16, 2, 1},
		{1, 8, 300, 16, 16, 2, 1},
		{2, 12, 23, 8, 8, 2, 1},
		{2, 24, 16, 24, 136, 2, 1},
	} {
		cases = append(cases, Conv{N: c.n, H: c.h, W: c.w, C: c.c, OC: c.oc, KH: 3, KW: 3, Stride: c.stride, Pad: c.pad})
	}
	for _, c := range []struct{ n, h, w, c, oc, pad int }{
		{1, 2, 2, 8, 8, 2},
		{3, 14, 14, 16, 32, 2},
		{2, 9, 11, 48, 16, 0},
		{2, 4, 5, 16, 24, 4},
		{70, 4, 4, 80, 16, 2},
		{1, 7, 60, 64, 144, 2},
		{2, 9, 8, 24, 72, 1},
	} {
		cases = append(cases, Conv{N: c.n, H: c.h, W: c.w, C: c.c, OC: c.oc, KH: 5, KW: 5, Stride: 1, Pad: c.pad})
	}
	return cases
}

// TestWinogradChoice checks which shapes are computed in tiles.
func TestWinogradChoice(t *testing.T) {
	for _, g := range winogradCases() {
		if !g.winograd() {
			t.Errorf("%+v is not computed in tiles", g)
		}
	}
	for _, change := range []func(g *Conv){
		func(g *Conv) { g.C = 3 },
		func(g *Conv) { g.C = 20 },
		func(g *Conv) { g.OC = 4 },
		func(g *Conv) { g.Stride = 3 },
		func(g *Conv) { g.Stride, g.Pad = 2, 0 },
		func(g *Conv) { g.KH = 1 },
		func(g *Conv) { g.KW = 5 },
		func(g *Conv) { g.KH, g.KW, g.Stride = 5, 5, 2 },
		func(g *Conv) { g.KH, g.KW, g.Pad = 5, 5, 5 },
		func(g *Conv) { g.KH, g.KW, g.H, g.W = 5, 5, 3, 3 },
		func(g *Conv) { g.Pad = 3 },
		func(g *Conv) { g.H, g.W = 2, 2 },
		func(g *Conv) { g.H, g.W = 5, 5 },
		func(g *Conv) { g.H, g.W, g.Stride = 20, 20, 2 },
	} {
		g := Conv{N: 4, H: 8, W: 8, C: 16, OC: 16, KH: 3, KW: 3, Stride: 1, Pad: 1}
		if change(&g); g.winograd() {
			t.Errorf("%+v is computed in tiles", g)
		}
	}
}

// TestWinogradPasses compares the loops of every instruction set with the
// matrices, in float64, for places at awkward addresses.
func TestWinogradPasses(t *testing.T) {
	const channels, count, outer = 32, 3, 2
	for _, set := range instructionSets() {
		loops, strided, fives := set.winograd[0], set.winogradStrided[0], set.winograd5x5[0]
		for name, c := range map[string]struct {
			loop   func(p *winogradPass)
			matrix [][]float64
		}{
			"input":           {loops.input, winogradBT},
			"output":          {loops.output, winogradAT},
			"output gradient": {loops.outputGradient, transposed(winogradAT)},
			"weight":          {loops.weight, winogradG},
			"weight gradient": {loops.weightGradient, transposed(winogradG)},
			"dy":              {loops.dyInput, winogradBT},
			"dx":              {loops.dxOutput, winogradAT},

			"strided input":           {strided.input, winogradStridedBT},
			"strided output":          {strided.output, winogradStridedAT},
			"strided output gradient": {strided.outputGradient, transposed(winogradStridedAT)},
			"strided weight":          {strided.weight, winogradStridedG},
			"strided weight gradient": {strided.weightGradient, transposed(winogradStridedG)},
			"strided dy":              {strided.dyInput, winogradStridedDyBT},
			"strided dx":              {strided.dxOutput, winogradStridedDxAT},

			"5x5 input":           {fives.input, winogradBT},
			"5x5 output":          {fives.output, winograd5x5AT},
			"5x5 output gradient": {fives.outputGradient, transposed(winograd5x5AT)},
			"5x5 weight":          {fives.weight, winograd5x5G},
			"5x5 weight gradient": {fives.weightGradient, transposed(winograd5x5G)},
			"5x5 dy":              {fives.dyInput, winogradBT},
			"5x5 dx":              {fives.dxOutput, winograd5x5AT},
		} {
			results, terms := len(c.matrix), len(c.matrix[0])
			rng := kerneltest.Rng(terms)
			const step, leap = channels + 3, count*(channels+3) + 5
			x := fencedCopy(kerneltest.Randn[float32](rng, terms*outer*leap))
			y := fencedCopy(nans(results * outer * leap))
			want := widened(y.data)
			for o := range outer {
				for i := range count {
					for e := range channels {
						at := o*leap + i*step + e
						for r, row := range c.matrix {
							sum := 0.0
							for k, m := range row {
								sum += m * float64(x.data[k*outer*leap+at])
							}
							want[r*outer*leap+at] = sum
						}
					}
				}
			}
			var p winogradPass
			p.terms(terms, &x.data[0], 4*outer*leap)
			p.to, p.toStride = &y.data[0], 4*outer*leap
			p.steps(channels, count, 4*step, 4*step, outer, 4*leap, 4*leap)
			c.loop(&p)
			for i, v := range want {
				if math.IsNaN(v) != math.IsNaN(float64(y.data[i])) {
					t.Fatalf("%s, %s: element %d is %v, want %v", set.name, name, i, y.data[i], v)
				}
				if math.IsNaN(v) { // nothing belongs there
					y.data[i], want[i] = 0, 0
				}
			}
			compare(t, fmt.Sprintf("%s, %s", set.name, name), y, want, 6)
		}
	}
}

// The matrices, as winograd_pass.go has them.
var (
	winogradBT, winogradAT, winogradG = winogradMatrices(4, 3)
	_, winograd5x5AT, winograd5x5G    = winogradMatrices(2, 5)
)

// winogradMatrices returns those of tiles of so many results and windows of so many taps.
func winogradMatrices(tile, window int) (bt, at, g [][]float64) {
	const a, b = 5. / 8, 3. / 2
	r, s := 1/(2*a*a*(a*a-b*b)), 1/(2*b*b*(b*b-a*a))
	bt = [][]float64{{a * a * b * b, 0, -a*a - b*b, 0, 1, 0}}
	at, g = zeros(tile, 1), zeros(6, window)
	at[0][0], g[0][0], g[5][window-1] = 1, 1/(a*a*b*b), 1
	for p, point := range []struct{ c, other, scale float64 }{{a, b, r}, {-a, b, r}, {b, a, s}, {-b, a, s}} {
		c, d, f := point.c, point.other, point.scale
		bt = append(bt, []float64{0, -c * d * d, -d * d, c, 1, 0})
		for i := range window {
			g[1+p][i] = f * math.Pow(c, float64(i))
		}
		for i := range at {
			at[i] = append(at[i], math.Pow(c, float64(i)))
		}
	}
	bt = append(bt, []float64{0, a * a * b * b, 0, -a*a - b*b, 0, 1})
	for i := range at {
		at[i] = append(at[i], 0)
	}
	at[tile-1][5] = 1
	return bt, at, g
}

// The matrices of stride 2, made of those without the point 0, as winograd_strided.go
// has them.
var winogradStridedBT, winogradStridedAT, winogradStridedG, winogradStridedDyBT, winogradStridedDxAT = func() (bt, at, g, dyBT, dxAT [][]float64) {
	bt, at, g, dyBT, dxAT = zeros(9, 9), zeros(4, 9), zeros(6, 3), zeros(9, 5), zeros(8, 9)
	for i := range 4 {
		bt[i][2*i+1], at[i][i], dyBT[i][i], dxAT[2*i][i] = 1, 1, 1, 1
	}
	g[0][1] = 1
	for point := range 5 {
		for k := range 5 {
			bt[4+point][2*k], dyBT[4+point][k] = winogradBT[1+point][1+k], winogradBT[1+point][1+k]
		}
		for i := range 4 {
			at[i][4+point], dxAT[2*i+1][4+point] = winogradAT[i][1+point], winogradAT[i][1+point]
		}
		g[1+point][0], g[1+point][2] = winogradG[1+point][1], winogradG[1+point][2]
	}
	return bt, at, g, dyBT, dxAT
}()

func zeros(rows, columns int) [][]float64 {
	m := make([][]float64, rows)
	for i := range m {
		m[i] = make([]float64, columns)
	}
	return m
}

func transposed(m [][]float64) [][]float64 {
	t := make([][]float64, len(m[0]))
	for j := range t {
		for i := range m {
			t[j] = append(t[j], m[i][j])
		}
	}
	return t
}

// TestWinogradEmulation checks that a device that stands for tensor cores
// multiplies what it has rounded, and not sums of it: sums of small integers
// are exact.
func TestWinogradEmulation(t *testing.T) {
	g := Conv{N: 2, H: 8, W: 8, C: 16, OC: 16, KH: 3, KW: 3, Stride: 1, Pad: 1}
	rng := kerneltest.Rng(0)
	integers := func(n int) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(rng.IntN(15) - 7)
		}
		return x
	}
	x, w, dy := integers(g.XLen()), integers(g.WLen()), integers(g.YLen())
	results := func(c Config) (all []float64) {
		d, err := Open(c)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		upload := func(v []float32) Buffer {
			b := d.Alloc(Float32, len(v))
			Upload(b, v)
			return b
		}
		y, dx, dw := d.Alloc(Float32, g.YLen()), d.Alloc(Float32, g.XLen()), d.Alloc(Float32, g.WLen())
		Conv2d(y, upload(x), upload(w), Buffer{}, g)
		Conv2dBackwardInput(dx, upload(dy), upload(w), g)
		Conv2dBackwardWeightAdd(dw, upload(dy), upload(x), g)
		for _, b := range []Buffer{y, dx, dw} {
			all = append(all, Floats(b)...)
		}
		return all
	}
	want := results(Config{Name: "ref"})
	for _, compute := range []Compute{ComputeTF32, ComputeFloat16, ComputeBFloat16} {
		if err := kerneltest.Compare(results(Config{Name: "cpu", Compute: compute}), want, 0, 0); err != nil {
			t.Errorf("%v: %v", compute, err)
		}
	}
}
