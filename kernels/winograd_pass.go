package kernels

import "unsafe"

// Winograd's convolution F(4x4, 3x3) computes a tile d of 6x6 pixels with a
// window g of 3x3 as a tile of 4x4 results, with 36 products instead of 144:
//
//	Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A
//
// The products of all tiles at one of the 36 places are a product of matrices,
// [tiles, C] by [C, OC]. The gradient of the window, read from the same formula
// backwards, needs the same matrices:
//
//	dg = Gᵀ [(A dY Aᵀ) ⊙ (Bᵀ d B)] G
//
// The matrices interpolate polynomials (Lavin and Gray, "Fast Algorithms for
// Convolutional Neural Networks", CVPR 2016) at the points 0, ±a, ±b and infinity:
//
//	Bᵀ = a²b²    0  -a²-b²     0  1  0    G = 1/(a²b²)  0   0    Aᵀ = 1  1  1  1  1  0
//	     0    -ab²     -b²     a  1  0        r        ra  ra²        0  a -a  b -b  0
//	     0     ab²     -b²    -a  1  0        r       -ra  ra²        0  a² a² b² b² 0
//	     0    -a²b     -a²     b  1  0        s        sb  sb²        0  a³-a³ b³-b³ 1
//	     0     a²b     -a²    -b  1  0        s       -sb  sb²
//	     0    a²b²       0 -a²-b² 0  1        0        0   1
//
// with r = 1/(2a²(a²-b²)) and s = 1/(2b²(b²-a²)). What is published has a = 1 and
// b = 2, for few operations. Here a = 5/8 and b = 3/2, for which errors of float32
// are smallest among multiples of 1/8: of unit normals, 64 channels, they are
// twice those of the direct sum, against 5 times.
const (
	winogradEdge    = 6 // places along an edge of a transformed window
	winogradWeights = winogradEdge * winogradEdge
)

// A winogradPass is the product of one of the matrices with columns of numbers
// that lie anywhere, for many neighbouring channels: a transformation of
// images is two passes. Distances are in bytes.
type winogradPass struct {
	from     [9]*float32 // the terms; those that a matrix does not have are nil
	to       *float32    // the first result
	toStride int         // from result to result

	// Channels, a multiple of those of the loops, follow each other; then the
	// same happens count times, and all of that outer times. A gap lies between
	// what follows the last channel and the next first one, a leap is taken in
	// addition after count.
	channels         int
	count            int
	fromGap, toGap   int
	outer            int
	fromLeap, toLeap int
	left             int // of outer, for the assembly

	x, y [9]float32 // a column and its product, for the portable loops
}

// winogradChannels is what numbers of channels are multiples of: the shortest
// vector.
const winogradChannels = 8

// steps sets the loops: count steps of the given distances, and that outer
// times.
func (p *winogradPass) steps(channels, count, from, to, outer, outerFrom, outerTo int) {
	p.channels, p.count, p.outer = channels, count, outer
	p.fromGap, p.toGap = from-4*channels, to-4*channels
	p.fromLeap, p.toLeap = outerFrom-count*from, outerTo-count*to
}

// terms sets the places of n terms that lie at a constant distance.
func (p *winogradPass) terms(n int, first *float32, stride int) {
	for i := range n {
		p.from[i] = at(first, i*stride)
	}
}

// A winogradLoops is the five products of an instruction set.
type winogradLoops struct {
	channels int // that all numbers of channels are multiples of

	input          func(p *winogradPass) // Bᵀ
	output         func(p *winogradPass) // Aᵀ
	outputGradient func(p *winogradPass) // A
	weight         func(p *winogradPass) // G
	weightGradient func(p *winogradPass) // Gᵀ

	// The gradient of the input is a convolution of dy, whose matrices are those of the
	// forward pass if the stride is 1.
	dyInput, dxOutput func(p *winogradPass)
}

// pickWinograd returns the widest loops for g.
func (s *instructionSet) pickWinograd(g Conv) winogradLoops {
	all := s.winograd
	switch {
	case g.KH == 5:
		all = s.winograd5x5
	case g.Stride == 2:
		all = s.winogradStrided
	}
	last := len(all) - 1
	for _, loops := range all[:last] {
		if g.C%loops.channels == 0 && g.OC%loops.channels == 0 {
			return loops
		}
	}
	return all[last]
}

// winogradGo is the portable loops.
var winogradGo = winogradLoops{
	channels:       winogradChannels,
	input:          winogradInputGo,
	output:         winogradOutputGo,
	outputGradient: func(p *winogradPass) { p.each(4, 6, winogradOutputGradientRef) },
	weight:         func(p *winogradPass) { p.each(3, 6, winogradWeightRef) },
	weightGradient: func(p *winogradPass) { p.each(6, 3, winogradWeightGradientRef) },
	dyInput:        winogradInputGo,
	dxOutput:       winogradOutputGo,
}

func winogradInputGo(p *winogradPass)  { p.each(6, 6, winogradInputRef) }
func winogradOutputGo(p *winogradPass) { p.each(6, 4, winogradOutputRef) }

// each applies matrix to every column.
func (p *winogradPass) each(terms, results int, matrix func(y, x *[9]float32)) {
	x, y := &p.x, &p.y // which would escape if they were variables
	from, to := 0, 0
	for range p.outer {
		for range p.count {
			for range p.channels {
				for i, f := range p.from[:terms] {
					x[i] = *at(f, from)
				}
				matrix(y, x)
				for i, v := range y[:results] {
					*(*float32)(unsafe.Add(unsafe.Pointer(p.to), to+i*p.toStride)) = v
				}
				from += 4
				to += 4
			}
			from += p.fromGap
			to += p.toGap
		}
		from += p.fromLeap
		to += p.toLeap
	}
}

const (
	winogradA, winogradA2, winogradA3 = 5. / 8, winogradA * winogradA, winogradA2 * winogradA
	winogradB, winogradB2, winogradB3 = 3. / 2, winogradB * winogradB, winogradB2 * winogradB
	winogradR                         = 1 / (2 * winogradA2 * (winogradA2 - winogradB2))
	winogradS                         = 1 / (2 * winogradB2 * (winogradB2 - winogradA2))
)

func winogradInputRef(y, x *[9]float32) {
	y[0] = winogradA2*winogradB2*x[0] - (winogradA2+winogradB2)*x[2] + x[4]
	y[5] = winogradA2*winogradB2*x[1] - (winogradA2+winogradB2)*x[3] + x[5]
	y[1], y[2] = winogradPair(x[4]-winogradB2*x[2], winogradA*(x[3]-winogradB2*x[1]))
	y[3], y[4] = winogradPair(x[4]-winogradA2*x[2], winogradB*(x[3]-winogradA2*x[1]))
}

// winogradPair is what two points of opposite sign have in common.
func winogradPair(even, odd float32) (plus, minus float32) { return even + odd, even - odd }

func winogradOutputRef(y, x *[9]float32) {
	sumA, differenceA, sumB, differenceB := x[1]+x[2], x[1]-x[2], x[3]+x[4], x[3]-x[4]
	y[0] = x[0] + sumA + sumB
	y[1] = winogradA*differenceA + winogradB*differenceB
	y[2] = winogradA2*sumA + winogradB2*sumB
	y[3] = winogradA3*differenceA + winogradB3*differenceB + x[5]
}

func winogradOutputGradientRef(y, x *[9]float32) {
	y[0], y[5] = x[0], x[3]
	y[1], y[2] = winogradPair(x[0]+winogradA2*x[2], winogradA*(x[1]+winogradA2*x[3]))
	y[3], y[4] = winogradPair(x[0]+winogradB2*x[2], winogradB*(x[1]+winogradB2*x[3]))
}

func winogradWeightRef(y, x *[9]float32) {
	y[0], y[5] = x[0]/(winogradA2*winogradB2), x[2]
	y[1], y[2] = winogradPair(winogradR*x[0]+winogradR*winogradA2*x[2], winogradR*winogradA*x[1])
	y[3], y[4] = winogradPair(winogradS*x[0]+winogradS*winogradB2*x[2], winogradS*winogradB*x[1])
}

func winogradWeightGradientRef(y, x *[9]float32) {
	sumA, differenceA, sumB, differenceB := x[1]+x[2], x[1]-x[2], x[3]+x[4], x[3]-x[4]
	y[0] = x[0]/(winogradA2*winogradB2) + winogradR*sumA + winogradS*sumB
	y[1] = winogradR*winogradA*differenceA + winogradS*winogradB*differenceB
	y[2] = winogradR*winogradA2*sumA + winogradS*winogradB2*sumB + x[5]
}
