package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// A rowLoop copies rows of width elements, bit by bit, or adds them to others, 16
// elements at a time as often as possible.
type rowLoop struct {
	*Context
	isa
	add bool
}

// emit emits a function that gemm.go documents at microkernel.copyRows, or addRows.
func (r rowLoop) emit(name string) {
	r.Function(name + r.name)
	r.Attributes(NOSPLIT)
	r.SignatureExpr("func(to, from *float32, width, rows, toStride, fromStride int)")
	to, from := r.Load(r.Param("to"), r.GP64()), r.Load(r.Param("from"), r.GP64())
	width, rows := r.Load(r.Param("width"), r.GP64()), r.Load(r.Param("rows"), r.GP64())
	toStride, fromStride := r.Load(r.Param("toStride"), r.GP64()), r.Load(r.Param("fromStride"), r.GP64())
	left, offset := r.GP64(), r.GP64()
	src, dst := Mem{Base: from, Index: offset, Scale: 1}, Mem{Base: to, Index: offset, Scale: 1}
	r.TESTQ(rows, rows)
	r.JE(LabelRef("done"))
	rest := r.restMasked
	if r.bytes < 64 {
		rest = r.restInParts
	}
	part := rest(width)

	r.Label("row")
	r.XORQ(offset, offset)
	r.MOVQ(width, left)
	r.SUBQ(I32(16), left)
	r.JL(LabelRef("rest"))
	r.Label("sixteen")
	for at := 0; at < 64; at += r.bytes {
		v := r.vector()
		r.VMOVUPS(src.Offset(at), v)
		if r.add {
			r.VADDPS(dst.Offset(at), v, v)
		}
		r.VMOVUPS(v, dst.Offset(at))
	}
	r.ADDQ(I32(64), offset)
	r.SUBQ(I32(16), left)
	r.JGE(LabelRef("sixteen"))
	r.Label("rest")
	part(src, dst, left, offset)
	r.ADDQ(toStride, to)
	r.ADDQ(fromStride, from)
	r.DECQ(rows)
	r.JNE(LabelRef("row"))
	r.Label("done")
	r.VZEROUPPER()
	r.RET()
}

// restMasked sets a mask of width modulo 16 bits, and returns what emits the rest of
// a row with it.
func (r rowLoop) restMasked(width reg.Register) func(src, dst Mem, left, offset reg.Register) {
	bits, count, mask := r.GP64(), r.GP64(), r.K()
	r.MOVQ(width, count)
	r.ANDQ(I32(15), count)
	r.MOVQ(I32(-1), bits)
	r.BZHIQ(count, bits, bits)
	r.KMOVW(bits.As32(), mask)
	return func(src, dst Mem, _, _ reg.Register) {
		r.TESTQ(count, count)
		r.JE(LabelRef("whole"))
		v := r.vector()
		r.VMOVUPS_Z(src, mask, v)
		if r.add {
			r.VADDPS_Z(dst, v, mask, v)
		}
		r.VMOVUPS(v, mask, dst)
		r.Label("whole")
	}
}

// restInParts returns what emits the rest of a row in parts of 8, 4, 2 and 1.
func (r rowLoop) restInParts(reg.Register) func(src, dst Mem, left, offset reg.Register) {
	return func(src, dst Mem, left, offset reg.Register) {
		for _, part := range []struct {
			elements int32
			vector   func(v reg.VecVirtual) reg.Register
			move     func(from, to Op)
		}{
			{8, reg.VecVirtual.AsY, r.moveVector},
			{4, reg.VecVirtual.AsX, r.moveVector},
			{2, reg.VecVirtual.AsX, func(from, to Op) { r.VMOVSD(from, to) }},
			{1, reg.VecVirtual.AsX, func(from, to Op) { r.VMOVSS(from, to) }},
		} {
			label := fmt.Sprintf("without%d", part.elements)
			r.TESTQ(I32(part.elements), left) // left is width modulo 16, minus 16
			r.JE(LabelRef(label))
			v := part.vector(r.vector())
			part.move(src, v)
			if r.add {
				old := part.vector(r.vector())
				part.move(dst, old)
				r.VADDPS(old, v, v)
			}
			part.move(v, dst)
			r.ADDQ(I32(4*part.elements), offset)
			r.Label(label)
		}
	}
}

func (r rowLoop) moveVector(from, to Op) { r.VMOVUPS(from, to) }
