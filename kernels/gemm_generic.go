package kernels

import "unsafe"

// instructionSetGo is the portable loops.
var instructionSetGo = instructionSet{
	name:            "Go",
	microkernels:    []microkernel{{"product4x16", 4, 16, 1, product4x16, copyRows, addRows, transpose}},
	fmaPeak:         func(int) {},
	winograd:        []winogradLoops{winogradGo},
	winogradStrided: []winogradLoops{winogradStridedGo},
	winograd5x5:     []winogradLoops{winograd5x5Go},
}

// A quad is four neighbouring elements: a struct, because the compiler keeps
// structs of four in registers, but no arrays.
type quad struct{ s, t, u, v float32 }

// plus is q + f·x.
func (q quad) plus(f float32, x *quad) quad {
	return quad{q.s + f*x.s, q.t + f*x.t, q.u + f*x.u, q.v + f*x.v}
}

// product4x16 is the product of a microkernel. It computes four columns at a time,
// so that most of the sums stay in registers.
func product4x16(out, a, b *float32, tiles, k, aRow, aStep, bStep, outRow int, add bool, _ *float32, _ int) {
	for t := range tiles {
		for column := 0; column < 4*16; column += 4 * 4 {
			product4x4(at(out, 4*t*outRow+column), at(a, 4*t*aRow), at(b, column), k, aRow, aStep, bStep, outRow, add)
		}
	}
}

// product4x4 is product4x16 for four columns of a tile.
func product4x4(out, a, b *float32, k, aRow, aStep, bStep, outRow int, add bool) {
	var q0, q1, q2, q3 quad
	a1, a2, a3 := at(a, aRow), at(a, 2*aRow), at(a, 3*aRow)
	for e := range k {
		x := (*quad)(unsafe.Pointer(at(b, e*bStep)))
		q0 = q0.plus(*at(a, e*aStep), x)
		q1 = q1.plus(*at(a1, e*aStep), x)
		q2 = q2.plus(*at(a2, e*aStep), x)
		q3 = q3.plus(*at(a3, e*aStep), x)
	}
	for i, q := range [4]quad{q0, q1, q2, q3} {
		y := (*quad)(unsafe.Pointer(at(out, i*outRow)))
		if add {
			q = q.plus(1, y)
		}
		*y = q
	}
}

// copyRows is the portable copyRows of a microkernel.
func copyRows(to, from *float32, width, rows, toStride, fromStride int) {
	for i := range rows {
		copy(unsafe.Slice(at(to, i*toStride), width), unsafe.Slice(at(from, i*fromStride), width))
	}
}

// addRows is the portable addRows of a microkernel.
func addRows(to, from *float32, width, rows, toStride, fromStride int) {
	for i := range rows {
		sums := unsafe.Slice(at(to, i*toStride), width)
		for j, v := range unsafe.Slice(at(from, i*fromStride), width) {
			sums[j] += v
		}
	}
}

// transpose is the portable transpose of a microkernel.
func transpose(to, from *float32, blocks, toStride, fromStride int) {
	for j := range 8 {
		for i, v := range unsafe.Slice(at(from, j*fromStride), 8*blocks) {
			*at(to, i*toStride+4*j) = v
		}
	}
}

// at is the element that lies offset bytes behind p.
func at(p *float32, offset int) *float32 {
	return (*float32)(unsafe.Add(unsafe.Pointer(p), offset))
}
