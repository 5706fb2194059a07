package kernels

import (
	"encoding/binary"
	"math"
	"testing"

	"lbsam/kernels/kerneltest"
)

// A mmaCase is a format under test: how operands and results are stored, and
// the format that the operands are rounded to.
type mmaCase struct {
	mmaFormat
	dtype     Dtype
	precision int // bits of a significand
	least     int // exponent of the smallest normal number
	compute   Compute
}

var mmaCases = []mmaCase{
	{formatTF32, Float32, 11, -126, ComputeTF32},
	{formatF16, Float16, 11, -14, ComputeFloat32},
	{formatBF16, BFloat16, 8, -126, ComputeFloat32},
}

func (c mmaCase) String() string { return c.name }

// rigs are the devices that run PTX, opened for this format.
func (c mmaCase) rigs(t testing.TB) (rigs []rig) {
	for _, config := range ptxAnd() {
		config.Compute = c.compute
		rigs = append(rigs, openRig(t, config))
	}
	return rigs
}

// tolerance is the error allowed to a sum of k products of unit normals. The
// interpreter adds 8 or 16 at a time and rounds once. Tensor cores may drop up
// to a unit of the last place each time; the sums reach 4 sqrt(k). That is not
// measured.
func (r rig) tolerance(k int) float64 {
	if r.dev.Name() == "ptxsim" {
		return kerneltest.SumTolerance(k)
	}
	return kerneltest.SumTolerance(k) * (1 + math.Sqrt(float64(k))/8)
}

// round rounds v to the nearest number of the format; between two TF32 takes
// the larger one and the others the even one.
func (c mmaCase) round(v float64) float64 {
	_, exponent := math.Frexp(v)
	unit := math.Ldexp(1, max(exponent, c.least+1)-c.precision)
	if c.size == 4 {
		return math.Round(v/unit) * unit
	}
	return math.RoundToEven(v/unit) * unit
}

// upload gives a buffer x, a multiple of 16 bytes and shift elements behind an
// allocation's start, and returns what the format makes of x.
func (c mmaCase) upload(r rig, x []float32, shift int) (Buffer, []float64) {
	rounded := make([]float64, len(x))
	for i, v := range x {
		rounded[i] = c.round(float64(v))
	}
	b := c.junk(r, c.dtype, len(x), shift)
	if c.size == 4 {
		Upload(b, x) // it is for the kernels to round it
		return b, rounded
	}
	var bits []byte
	for _, v := range rounded {
		bits = binary.LittleEndian.AppendUint16(bits, c.encode(v))
	}
	Upload(bytesOf(b), bits)
	return b, rounded
}

// encode returns the bits of a number of a format of 16 bits.
func (c mmaCase) encode(v float64) uint16 {
	if c.dtype == BFloat16 {
		return uint16(math.Float32bits(float32(v)) >> 16)
	}
	fraction, exponent := math.Frexp(math.Abs(v))
	bits := uint16(math.Abs(v) * (1 << 24)) // below the normal numbers
	if exponent > c.least {
		bits = uint16(exponent+14)<<10 + uint16(math.Ldexp(fraction, 11)) - 1<<10
	}
	if math.Signbit(v) {
		bits |= 1 << 15
	}
	return bits
}

// decode is the number with these bits.
func (c mmaCase) decode(bits uint16) float64 {
	if c.dtype == BFloat16 {
		return float64(math.Float32frombits(uint32(bits) << 16))
	}
	sign, exponent, fraction := 1-2*float64(bits>>15), int(bits>>10&31), float64(bits&1023)
	switch exponent {
	case 0:
		return sign * math.Ldexp(fraction, -24)
	case 31:
		return math.NaN() // or infinite, which should not happen
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}

// junk is n elements, all of them NaN, shift behind an allocation's start.
func (c mmaCase) junk(r rig, t Dtype, n, shift int) Buffer {
	b := r.dev.Alloc(t, n+shift)
	Fill(bytesOf(b), 255)
	return b.Slice(shift, n+shift)
}

// download returns the numbers of a result.
func (c mmaCase) download(b Buffer) []float64 {
	if b.dtype == Float32 {
		return Floats(b)
	}
	bits, x := make([]byte, 2*b.n), make([]float64, b.n)
	Download(bits, bytesOf(b))
	for i := range x {
		x[i] = c.decode(binary.LittleEndian.Uint16(bits[2*i:]))
	}
	return x
}

// mmaPlans replace the choice by shape. The zero mmaPlans leaves it as it is.
type mmaPlans struct{ forward, input, weight gpuPlan }

func (c mmaCase) plansOf(g Conv) mmaPlans {
	return mmaPlans{
		g.forwardProduct().plan(c.forwardTiles(g), false),
		g.inputProduct().plan(c.inputTiles(g), false),
		g.turnedWeightProduct().plan(c.weightTiles(g), true),
	}
}

// check compares the three products, or two where no plan is given for the
// weight, of operands shift elements behind an
// aligned address, with those of the reference in float64 for the rounded
// operands, and times times with each other. What the kernels add is then
// nothing but the error of float32 sums, and of the result's own format.
func (c mmaCase) check(t *testing.T, r rig, g Conv, shift, times int, plans *mmaPlans) {
	t.Helper()
	rng := kerneltest.Rng(g.N + 10*g.H + 100*g.C + 1000*g.OC + shift)
	draw := func(n int) (Buffer, []float32, []float64) {
		v := kerneltest.Randn[float32](rng, n)
		b, rounded := c.upload(r, v, shift)
		return b, v, rounded
	}
	xBuf, x32, x := draw(g.XLen())
	wBuf, w32, w := draw(g.WLen())
	dyBuf, dy32, dy := draw(g.YLen())
	if c.size == 4 && (shift%4 > 0 || g.C%4 > 0) { // these are multiplied as they are
		x, w, dy = widened(x32), widened(w32), widened(dy32)
	}
	bias, dw := normals(g.OC, g.OC), normals(g.C, g.WLen())
	bBuf, dwBuf := r.floats(bias...), r.floats(dw...)
	if g.OC%3 == 0 { // there are convolutions without a bias
		bBuf, bias = Buffer{}, nil
	}

	run := func() []Buffer {
		y, dx, into := c.junk(r, c.dtype, g.YLen(), shift), c.junk(r, c.dtype, g.XLen(), shift), r.junk(g.WLen())
		Copy(into, dwBuf)
		if plans == nil {
			conv2dGPU(y, xBuf, wBuf, bBuf, g)
			conv2dBackwardInputGPU(dx, dyBuf, wBuf, g)
			conv2dBackwardWeightAddGPU(into, dyBuf, xBuf, g)
		} else {
			runConv2d(y, xBuf, wBuf, bBuf, g, c.kernel(plans.forward))
			runConv2dBackwardInput(dx, dyBuf, wBuf, g, c.kernel(plans.input))
			if plans.weight.parts == 0 {
				return []Buffer{y, dx}
			}
			runConv2dBackwardWeightAdd(into, dyBuf, xBuf, g, g.turnedWeightProduct(), c.kernel(plans.weight))
		}
		return []Buffer{y, dx, into}
	}
	want := [][]float64{make([]float64, g.YLen()), make([]float64, g.XLen()), dw}
	conv2dRef(want[0], x, w, bias, g)
	if c.size == 4 && g.OC%4 > 0 { // and so are these in the gradients
		x, w, dy = widened(x32), widened(w32), widened(dy32)
	}
	conv2dBackwardInputRef(want[1], dy, w, g)
	got := run()
	if len(got) > 2 {
		conv2dBackwardWeightAddRef(want[2], dy, x, g)
	}
	for i, terms := range []int{g.KH*g.KW*g.C + 1, g.KH * g.KW * g.OC, g.N*g.OH()*g.OW() + 1}[:len(got)] {
		rtol := 0.0
		if got[i].dtype != Float32 {
			rtol = 1.001 * math.Ldexp(1, -c.precision)
		}
		if err := kerneltest.Compare(c.download(got[i]), want[i], r.tolerance(terms), rtol); err != nil {
			t.Errorf("%v: %+v from %d: %s: %v", c, g, shift, [...]string{"y", "dx", "dw"}[i], err)
		}
	}
	for range times - 1 {
		for i, b := range run() {
			if at := firstDifference(c.download(b), c.download(got[i])); at >= 0 {
				t.Errorf("%v: %+v from %d: result %d: element %d differs the second time", c, g, shift, i, at)
			}
		}
	}
}

// TestConv2dMMATiles reaches the interior, the edges, many slabs and several
// parts of every tile with small shapes, which would not choose it.
func TestConv2dMMATiles(t *testing.T) {
	cases := []Conv{
		{N: 2, H: 12, W: 11, C: 8, OC: 136, KH: 3, KW: 3, Stride: 1, Pad: 1},
		{N: 2, H: 11, W: 13, C: 40, OC: 24, KH: 3, KW: 3, Stride: 2, Pad: 1},
		{N: 1, H: 15, W: 14, C: 72, OC: 152, KH: 1, KW: 1, Stride: 2, Pad: 0},
		{N: 260, H: 1, W: 1, C: 72, OC: 48, KH: 1, KW: 1, Stride: 1, Pad: 0},
		{N: 3, H: 9, W: 8, C: 8, OC: 72, KH: 5, KW: 7, Stride: 3, Pad: 3},
	}
	for i, c := range mmaCases {
		for _, r := range c.rigs(t) {
			for j, tile := range c.tiles() {
				for k, g := range cases {
					if (i+j+k)%4 == 0 || i == 0 && j != k {
						c.check(t, r, g, 0, 1+k%2, &mmaPlans{gpuPlan{tile, 1}, gpuPlan{tile, 1}, gpuPlan{tile, 1 + (j+k)%3}})
					}
				}
			}
		}
	}
}

// TestConv2dMMA lets shapes choose, among them those that tensor cores do not
// take: rows that are no multiples of 16 bytes, and operands that do not start
// at one.
func TestConv2dMMA(t *testing.T) {
	for i, c := range mmaCases {
		for _, r := range c.rigs(t) {
			for j, g := range convCases() {
				if j < 34 && (i+j)%5 == 0 {
					c.check(t, r, g, j%5%3, 1, nil) // two of five are aligned
				}
			}
			for _, shift := range []int{0, 1, c.width()} {
				c.check(t, r, Conv{N: 2, H: 6, W: 5, C: 16, OC: 24, KH: 3, KW: 3, Stride: 1 + i%2, Pad: 1}, shift, 2, nil)
			}
			for _, channels := range []int{3, 8} { // of nothing
				c.check(t, r, Conv{N: 0, H: 4, W: 4, C: channels, OC: 16, KH: 3, KW: 3, Stride: 1, Pad: 1}, 0, 1, nil)
			}
		}
	}
}
