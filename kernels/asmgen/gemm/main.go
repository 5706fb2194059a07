// Command gemm generates the matrix microkernels of package kernels, and the
// loops of its Winograd convolutions. Run it in the directory of its module:
//
//	go run ./gemm
package main

import (
	"log"

	"lbsam/kernels/asmgen/emit"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// An isa is an instruction set: the microkernels are one program, written for
// its registers.
type isa struct {
	name   string
	bytes  int // of a vector register
	vector func() reg.VecVirtual
}

var (
	avx2   = isa{"AVX2", 32, YMM}
	avx512 = isa{"AVX512", 64, ZMM}
)

func main() {
	log.SetFlags(0)
	gemm := NewContext()
	gemm.ConstraintExpr("!noasm")
	microkernel{gemm, avx2, 6, 2}.product()
	microkernel{gemm, avx2, 8, 1}.product()
	microkernel{gemm, avx512, 6, 4}.product()
	microkernel{gemm, avx512, 8, 2}.product()
	microkernel{gemm, avx512, 16, 1}.product()
	for _, s := range []isa{avx2, avx512} {
		rowLoop{gemm, s, false}.emit("copyRows")
		rowLoop{gemm, s, true}.emit("addRows")
	}
	transpose(gemm)
	fmaPeak(gemm, avx2)
	fmaPeak(gemm, avx512)
	write(gemm, "gemm")

	passes := NewContext()
	passes.ConstraintExpr("!noasm")
	for _, s := range []isa{avx2, avx512} {
		w := winograd{passes, s, map[float32]reg.VecVirtual{}}
		w.generate()
		w.generateStrided()
		w.generate5x5()
	}
	write(passes, "winograd")
}

func write(ctx *Context, concept string) {
	if err := emit.Write(ctx, "gemm", concept); err != nil {
		log.Fatal(err)
	}
}

// transpose emits a loop over blocks of 8 x 8 elements: pairs of rows are
// interleaved, then pairs of pairs, and at last the halves of vectors, which
// the first two steps cannot cross.
func transpose(ctx *Context) {
	ctx.Function("transposeAVX2")
	ctx.Attributes(NOSPLIT)
	ctx.SignatureExpr("func(to, from *float32, blocks, toStride, fromStride int)")
	to, from := ctx.Load(ctx.Param("to"), ctx.GP64()), ctx.Load(ctx.Param("from"), ctx.GP64())
	blocks := ctx.Load(ctx.Param("blocks"), ctx.GP64())
	toStride, fromStride := ctx.Load(ctx.Param("toStride"), ctx.GP64()), ctx.Load(ctx.Param("fromStride"), ctx.GP64())
	ctx.TESTQ(blocks, blocks)
	ctx.JE(LabelRef("done"))
	ctx.Label("block")
	var rows, pairs, quads, columns [8]reg.VecVirtual
	for i := range 8 {
		rows[i], pairs[i], quads[i], columns[i] = ctx.YMM(), ctx.YMM(), ctx.YMM(), ctx.YMM()
	}
	row := ctx.GP64()
	ctx.MOVQ(from, row)
	for i := range 8 {
		ctx.VMOVUPS(Mem{Base: row}, rows[i])
		ctx.ADDQ(fromStride, row)
	}
	for i := 0; i < 8; i += 2 {
		ctx.VUNPCKLPS(rows[i+1], rows[i], pairs[i])
		ctx.VUNPCKHPS(rows[i+1], rows[i], pairs[i+1])
	}
	for i := 0; i < 8; i += 4 {
		for j := range 2 {
			ctx.VSHUFPS(Imm(0x44), pairs[i+2+j], pairs[i+j], quads[i+2*j])
			ctx.VSHUFPS(Imm(0xee), pairs[i+2+j], pairs[i+j], quads[i+2*j+1])
		}
	}
	for i := range 4 {
		ctx.VPERM2F128(Imm(0x20), quads[i+4], quads[i], columns[i])
		ctx.VPERM2F128(Imm(0x31), quads[i+4], quads[i], columns[i+4])
	}
	for i := range 8 {
		ctx.VMOVUPS(columns[i], Mem{Base: to})
		ctx.ADDQ(toStride, to)
	}
	ctx.ADDQ(I32(32), from)
	ctx.DECQ(blocks)
	ctx.JNE(LabelRef("block"))
	ctx.Label("done")
	ctx.VZEROUPPER()
	ctx.RET()
}

// peakSums is the number of independent sums in fmaPeak: more than two units
// with a latency of five cycles can hold.
const peakSums = 12

// fmaPeak emits a loop of n rounds of independent FMAs on registers: the
// speed that no microkernel can exceed.
func fmaPeak(ctx *Context, s isa) {
	ctx.Function("fmaPeak" + s.name)
	ctx.Attributes(NOSPLIT)
	ctx.SignatureExpr("func(n int)")
	n := ctx.Load(ctx.Param("n"), ctx.GP64())
	x := s.vector()
	ctx.VXORPS(x, x, x)
	sums := make([]reg.VecVirtual, peakSums)
	for i := range sums {
		sums[i] = s.vector()
		ctx.VXORPS(sums[i], sums[i], sums[i])
	}
	ctx.Label("round")
	for _, sum := range sums {
		ctx.VFMADD231PS(x, x, sum)
	}
	ctx.DECQ(n)
	ctx.JNE(LabelRef("round"))
	ctx.VZEROUPPER()
	ctx.RET()
}
