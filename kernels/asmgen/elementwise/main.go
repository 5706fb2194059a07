// Command elementwise writes the AVX2, AVX-512 and NEON assembly of the elementwise
// kernels, of batch normalisation, of the updates and of pooling: elementwise_amd64.s,
// batchnorm_amd64.s, update_amd64.s and pool2d_amd64.s of package kernels, and those for
// arm64. Run it in the directory of its module:
//
//	go run ./elementwise
//
// Products are rounded before they are added, as in the reference loops, and
// nothing is reordered within an element or a channel.
package main

import (
	"log"

	"lbsam/kernels/asmgen/emit"

	"github.com/mmcloughlin/avo/attr"
	"github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

func main() {
	log.SetFlags(0)
	for name, generate := range map[string]func(g gen){"elementwise": elementwise, "batchnorm": batchNorm, "update": update, "pool2d": pool} {
		g := gen{build.NewContext(), 8}
		g.ConstraintExpr("!noasm")
		generate(g)
		if err := emit.Write(g.Context, "elementwise", name); err != nil {
			log.Fatal(err)
		}
	}
}

// gen is avo's context with what the routines here share: vectors of 8 numbers
// for AVX2, or of 16 for AVX-512.
type gen struct {
	*build.Context
	lanes int
}

// A place is a vector of consecutive numbers behind a pointer.
type place func(p reg.Register) Mem

// each emits the routines of emit for both instruction sets.
func (g gen) each(emit func(g gen)) {
	emit(gen{g.Context, 8})
	emit(gen{g.Context, 16})
}

// name is that of a routine for the instruction set of g.
func (g gen) name(routine string) string {
	if g.lanes == 16 {
		return routine + "AVX512"
	}
	return routine + "AVX2"
}

// vector is a register for a vector.
func (g gen) vector() reg.VecVirtual {
	if g.lanes == 16 {
		return g.ZMM()
	}
	return g.YMM()
}

// bytes is the size of a vector.
func (g gen) bytes() int { return 4 * g.lanes }

// routine emits a function that returns behind body.
func (g gen) routine(name, signature string, body func()) {
	g.Function(name)
	g.Attributes(attr.NOSPLIT)
	g.SignatureExpr(signature)
	body()
	g.VZEROUPPER()
	g.RET()
}

// pointers loads the addresses of slices.
func (g gen) pointers(names ...string) []reg.Register {
	all := make([]reg.Register, len(names))
	for i, name := range names {
		all[i] = g.Load(g.Param(name).Base(), g.GP64())
	}
	return all
}

func (g gen) length(name string) reg.Register  { return g.Load(g.Param(name).Len(), g.GP64()) }
func (g gen) integer(name string) reg.Register { return g.Load(g.Param(name), g.GP64()) }

// broadcast loads float32 arguments into all lanes.
func (g gen) broadcast(names ...string) []reg.VecVirtual {
	all := make([]reg.VecVirtual, len(names))
	for i, name := range names {
		all[i] = g.vector()
		g.VBROADCASTSS(g.param(name), all[i])
	}
	return all
}

// param is where an argument lies.
func (g gen) param(name string) Mem {
	component, err := g.Param(name).Resolve()
	if err != nil {
		log.Fatal(err)
	}
	return component.Addr
}

// constant is a number in all lanes.
func (g gen) constant(bits uint32) reg.VecVirtual {
	general, v := g.GP32(), g.vector()
	g.MOVL(U32(bits), general)
	g.VMOVD(general, v.AsX())
	g.VBROADCASTSS(v.AsX(), v)
	return v
}

func (g gen) load(from Mem) reg.VecVirtual {
	v := g.vector()
	g.VMOVUPS(from, v)
	return v
}

func (g gen) zero() reg.VecVirtual {
	v := g.vector()
	if g.lanes == 16 {
		g.VPXORD(v, v, v)
	} else {
		g.VXORPS(v, v, v)
	}
	return v
}

// loop emits body for i = 0, g.lanes, 2·g.lanes, ... below n; label keeps the loops of one
// function apart. n may be 0.
func (g gen) loop(label string, n Op, body func(at place)) {
	i := g.GP64()
	g.XORQ(i, i)
	g.JMP(LabelRef(label + "_check"))
	g.Label(label)
	body(func(p reg.Register) Mem { return Mem{Base: p, Index: i, Scale: 4} })
	g.ADDQ(I32(g.lanes), i)
	g.Label(label + "_check")
	g.CMPQ(i, n)
	g.JLT(LabelRef(label))
}

// flat emits body for each vector of elements of the slices of a function, whose
// lengths are equal and multiples of it.
func (g gen) flat(slice string, body func(at place)) { g.loop("loop", g.length(slice), body) }

// notBelow is the comparison !(a <= b), true if either is NaN.
const notBelow = 0x16

// mask is all ones where y > 0 or y is NaN: where a ReLU lets pass. It is for AVX2.
func (g gen) mask(y, zero Op) reg.VecVirtual {
	m := g.YMM()
	g.VCMPPS(U8(notBelow), zero, y, m)
	return m
}

// keep sets v to 0 where y <= 0.
func (g gen) keep(y, zero, v reg.VecVirtual) {
	if g.lanes == 16 {
		k := g.K()
		g.VCMPPS(U8(notBelow), zero, y, k)
		g.VMOVAPS_Z(v, k, v)
		return
	}
	g.VANDPS(g.mask(y, zero), v, v)
}

// halves calls visit with the float64 of the low and of the high half of the
// lanes.
func (g gen) halves(v reg.VecVirtual, visit func(half int, d reg.VecVirtual)) {
	low, high := g.vector(), g.vector()
	if g.lanes == 16 {
		y := g.YMM()
		g.VCVTPS2PD(v.AsY(), low)
		visit(0, low)
		g.VEXTRACTF64X4(U8(1), v, y)
		g.VCVTPS2PD(y, high)
	} else {
		x := g.XMM()
		g.VCVTPS2PD(v.AsX(), low)
		visit(0, low)
		g.VEXTRACTF128(U8(1), v, x)
		g.VCVTPS2PD(x, high)
	}
	visit(1, high)
}
