package main

import (
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Offsets in a winogradPass, see winograd_pass.go.
const (
	passFrom     = 0
	passTo       = 48
	passToStride = 56
	passChannels = 64
	passCount    = 72
	passFromGap  = 80
	passToGap    = 88
	passOuter    = 96
	passFromLeap = 104
	passToLeap   = 112
	passLeft     = 120
)

// A winograd emits the loops that multiply the small matrices of winograd_pass.go
// with vectors of channels.
type winograd struct {
	*Context
	isa
	constants map[float32]reg.VecVirtual
}

// The points at which the matrices interpolate are 0, ±a, ±b and infinity.
const (
	a, a2, a3 = 5. / 8, a * a, a * a * a
	b, b2, b3 = 3. / 2, b * b, b * b * b

	weight0 = 1 / (a2 * b2) // the factors of the rows of G
	weightA = 1 / (2 * a2 * (a2 - b2))
	weightB = 1 / (2 * b2 * (b2 - a2))
)

func (w winograd) generate() {
	w.loop("winogradInput", 6, []float32{a, b, a2, b2, a2 * b2, a2 + b2}, w.input)
	w.loop("winogradOutput", 6, []float32{a, b, a2, b2, a3, b3}, w.output)
	w.loop("winogradOutputGradient", 4, []float32{a, b, a2, b2}, w.outputGradient)
	w.loop("winogradWeight", 3, []float32{weight0, weightA, weightB, a * weightA, b * weightB, a2 * weightA, b2 * weightB}, w.weight)
	w.loop("winogradWeightGradient", 6, []float32{weight0, weightA, weightB, a * weightA, b * weightB, a2 * weightA, b2 * weightB}, w.weightGradient)
}

// A store is what writes result i.
type store func(i int, y reg.VecVirtual)

// loop emits a function that replaces vectors of terms by vectors of results,
// everywhere a winogradPass says.
func (w winograd) loop(name string, terms int, constants []float32, body func(x []reg.VecVirtual, y store)) {
	w.Function(name + w.name)
	w.Attributes(NOSPLIT)
	w.SignatureExpr("func(p *int)")
	p := w.Load(w.Param("p"), w.GP64())
	field := func(offset int) Mem { return Mem{Base: p, Disp: offset} }
	w.load(constants)
	from := make([]reg.Register, terms)
	for i := range from {
		from[i] = w.GP64()
		w.MOVQ(field(passFrom+8*i), from[i])
	}
	to, stride, stride3, stride5 := w.GP64(), w.GP64(), w.GP64(), w.GP64()
	w.MOVQ(field(passTo), to)
	w.MOVQ(field(passToStride), stride)
	w.LEAQ(Mem{Base: stride, Index: stride, Scale: 2}, stride3)
	w.LEAQ(Mem{Base: stride, Index: stride, Scale: 4}, stride5)
	offset, left, count := w.GP64(), w.GP64(), w.GP64()
	w.MOVQ(field(passOuter), left)
	w.MOVQ(left, field(passLeft))
	w.XORQ(offset, offset)

	w.Label("outer")
	w.MOVQ(field(passCount), count)
	w.Label("middle")
	w.MOVQ(field(passChannels), left)
	w.Label("vector")
	x := make([]reg.VecVirtual, terms)
	for i := range x {
		x[i] = w.vector()
		w.VMOVUPS(Mem{Base: from[i], Index: offset, Scale: 1}, x[i])
	}
	places := []Mem{
		{Base: to},
		{Base: to, Index: stride, Scale: 1},
		{Base: to, Index: stride, Scale: 2},
		{Base: to, Index: stride3, Scale: 1},
		{Base: to, Index: stride, Scale: 4},
		{Base: to, Index: stride5, Scale: 1},
	}
	body(x, func(i int, y reg.VecVirtual) { w.VMOVUPS(y, places[i]) })
	w.ADDQ(I32(w.bytes), offset)
	w.ADDQ(I32(w.bytes), to)
	w.SUBQ(I32(w.bytes/4), left)
	w.JG(LabelRef("vector"))
	w.ADDQ(field(passFromGap), offset)
	w.ADDQ(field(passToGap), to)
	w.DECQ(count)
	w.JNE(LabelRef("middle"))
	w.ADDQ(field(passFromLeap), offset)
	w.ADDQ(field(passToLeap), to)
	w.DECQ(field(passLeft))
	w.JNE(LabelRef("outer"))
	w.VZEROUPPER()
	w.RET()
}

// load broadcasts numbers into registers.
func (w winograd) load(constants []float32) {
	clear(w.constants)
	for _, c := range constants {
		bits, v := w.GP32(), w.vector()
		w.MOVL(U32(math.Float32bits(c)), bits)
		w.VMOVD(bits, v.AsX())
		w.VBROADCASTSS(v.AsX(), v)
		w.constants[c] = v
	}
}

func (w winograd) add(x, y reg.VecVirtual) reg.VecVirtual {
	sum := w.vector()
	w.VADDPS(y, x, sum)
	return sum
}

func (w winograd) sub(x, y reg.VecVirtual) reg.VecVirtual {
	difference := w.vector()
	w.VSUBPS(y, x, difference)
	return difference
}

func (w winograd) scale(c float32, x reg.VecVirtual) reg.VecVirtual {
	y := w.vector()
	w.VMULPS(w.constants[c], x, y)
	return y
}

// plus is x + c·y, minus is x - c·y.
func (w winograd) plus(x reg.VecVirtual, c float32, y reg.VecVirtual) reg.VecVirtual {
	sum := w.vector()
	w.VMOVAPS(x, sum)
	w.VFMADD231PS(w.constants[c], y, sum)
	return sum
}

func (w winograd) minus(x reg.VecVirtual, c float32, y reg.VecVirtual) reg.VecVirtual {
	sum := w.vector()
	w.VMOVAPS(x, sum)
	w.VFNMADD231PS(w.constants[c], y, sum)
	return sum
}

// input is Bᵀ x.
func (w winograd) input(x []reg.VecVirtual, y store) {
	y(0, w.plus(w.minus(x[4], a2+b2, x[2]), a2*b2, x[0]))
	y(5, w.plus(w.minus(x[5], a2+b2, x[3]), a2*b2, x[1]))
	w.pair(1, w.minus(x[4], b2, x[2]), a, w.minus(x[3], b2, x[1]), y)
	w.pair(3, w.minus(x[4], a2, x[2]), b, w.minus(x[3], a2, x[1]), y)
}

// pair is what the points c and -c, results i and i+1, have in common: even
// and odd powers of them.
func (w winograd) pair(i int, even reg.VecVirtual, c float32, odd reg.VecVirtual, y store) {
	y(i, w.plus(even, c, odd))
	y(i+1, w.minus(even, c, odd))
}

// output is Aᵀ x.
func (w winograd) output(x []reg.VecVirtual, y store) {
	sumA, differenceA := w.add(x[1], x[2]), w.sub(x[1], x[2])
	sumB, differenceB := w.add(x[3], x[4]), w.sub(x[3], x[4])
	y(0, w.add(w.add(x[0], sumA), sumB))
	y(1, w.plus(w.scale(a, differenceA), b, differenceB))
	y(2, w.plus(w.scale(a2, sumA), b2, sumB))
	y(3, w.plus(w.plus(x[5], a3, differenceA), b3, differenceB))
}

// outputGradient is A x.
func (w winograd) outputGradient(x []reg.VecVirtual, y store) {
	y(0, x[0])
	w.pair(1, w.plus(x[0], a2, x[2]), a, w.plus(x[1], a2, x[3]), y)
	w.pair(3, w.plus(x[0], b2, x[2]), b, w.plus(x[1], b2, x[3]), y)
	y(5, x[3])
}

// weight is G x.
func (w winograd) weight(x []reg.VecVirtual, y store) {
	y(0, w.scale(weight0, x[0]))
	evenA := w.plus(w.scale(weightA, x[0]), a2*weightA, x[2])
	w.pair(1, evenA, a*weightA, x[1], y)
	evenB := w.plus(w.scale(weightB, x[0]), b2*weightB, x[2])
	w.pair(3, evenB, b*weightB, x[1], y)
	y(5, x[2])
}

// weightGradient is Gᵀ x.
func (w winograd) weightGradient(x []reg.VecVirtual, y store) {
	sumA, differenceA := w.add(x[1], x[2]), w.sub(x[1], x[2])
	sumB, differenceB := w.add(x[3], x[4]), w.sub(x[3], x[4])
	y(0, w.plus(w.plus(w.scale(weight0, x[0]), weightA, sumA), weightB, sumB))
	y(1, w.plus(w.scale(a*weightA, differenceA), b*weightB, differenceB))
	y(2, w.plus(w.plus(x[5], a2*weightA, sumA), b2*weightB, sumB))
}
