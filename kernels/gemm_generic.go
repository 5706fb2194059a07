package kernels

import "unsafe"

// instructionSetGo is the portable loops.
var instructionSetGo = instructionSet{"Go", []microkernel{
	{"gemm4x16", 4, 16, 1, gemm4x16, 4, product4x16, copyRows, transpose},
}, []winogradLoops{winogradGo}}

// A quad is four neighbouring elements: a struct, because the compiler keeps
// structs of four in registers, but no arrays.
type quad struct{ s, t, u, v float32 }

// gemm4x16 is the run of a microkernel. It computes four columns at a time,
// so that most of the sums stay in registers.
func gemm4x16(out **float32, outOff int, rows **float32, b *float32, runs *run, n int, aStride, bStride int, add bool) {
	for column := range 4 {
		var sums [4]quad
		for _, r := range unsafe.Slice(runs, n) {
			row := (*[4]*float32)(unsafe.Add(unsafe.Pointer(rows), r.rows))
			gemm4x4(&sums, row, r.a, at(b, r.b+16*column), r.count, aStride, bStride)
		}
		for i, o := range unsafe.Slice(out, 4) {
			q := (*quad)(unsafe.Pointer(at(o, outOff+16*column)))
			if add {
				s := &sums[i]
				*q = quad{q.s + s.s, q.t + s.t, q.u + s.u, q.v + s.v}
			} else {
				*q = sums[i]
			}
		}
	}
}

// product4x16 is the product of a microkernel, from its tiles.
func product4x16(out, a, b *float32, tiles, k, aRow, aStep, bStep, outRow int, add bool) {
	one := run{count: k}
	var rows, outs [4]*float32
	for t := range tiles {
		for i := range rows {
			rows[i], outs[i] = at(a, (4*t+i)*aRow), at(out, (4*t+i)*outRow)
		}
		gemm4x16(&outs[0], 0, &rows[0], b, &one, 1, aStep, bStep, add)
	}
}

// gemm4x4 adds one run to sums.
func gemm4x4(sums *[4]quad, row *[4]*float32, a int, b *float32, count, aStride, bStride int) {
	s0, s1, s2, s3 := sums[0], sums[1], sums[2], sums[3]
	r0, r1, r2, r3 := row[0], row[1], row[2], row[3]
	for k := range count {
		x := *(*quad)(unsafe.Pointer(at(b, k*bStride)))
		f := *at(r0, a)
		s0 = quad{s0.s + f*x.s, s0.t + f*x.t, s0.u + f*x.u, s0.v + f*x.v}
		f = *at(r1, a)
		s1 = quad{s1.s + f*x.s, s1.t + f*x.t, s1.u + f*x.u, s1.v + f*x.v}
		f = *at(r2, a)
		s2 = quad{s2.s + f*x.s, s2.t + f*x.t, s2.u + f*x.u, s2.v + f*x.v}
		f = *at(r3, a)
		s3 = quad{s3.s + f*x.s, s3.t + f*x.t, s3.u + f*x.u, s3.v + f*x.v}
		a += aStride
	}
	sums[0], sums[1], sums[2], sums[3] = s0, s1, s2, s3
}

// copyRows is the portable copyRows of a microkernel.
func copyRows(to, from *float32, width, rows, toStride, fromStride int) {
	for i := range rows {
		copy(unsafe.Slice(at(to, i*toStride), width), unsafe.Slice(at(from, i*fromStride), width))
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
