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
	passTo       = 72
	passToStride = 80
	passChannels = 88
	passCount    = 96
	passFromGap  = 104
	passToGap    = 112
	passOuter    = 120
	passFromLeap = 128
	passToLeap   = 136
	passLeft     = 144
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
	w.loop("winogradInput", 6, 6, []float32{a, b, a2, b2, a2 * b2, a2 + b2}, w.input)
	w.loop("winogradOutput", 6, 4, []float32{a, b, a2, b2, a3, b3}, w.output)
	w.loop("winogradOutputGradient", 4, 6, []float32{a, b, a2, b2}, w.outputGradient)
	w.loop("winogradWeight", 3, 6, []float32{weight0, weightA, weightB, a * weightA, b * weightB, a2 * weightA, b2 * weightB}, w.weight)
	w.loop("winogradWeightGradient", 6, 3, []float32{weight0, weightA, weightB, a * weightA, b * weightB, a2 * weightA, b2 * weightB}, w.weightGradient)
}

// A load is what reads term i, once, where it is first needed; a store writes result i.
type (
	load  func(i int) reg.VecVirtual
	store func(i int, y reg.VecVirtual)
)

// loop emits a function that replaces vectors of terms by vectors of results,
// everywhere a winogradPass says.
func (w winograd) loop(name string, terms, results int, constants []float32, body func(x load, y store)) {
	w.Function(name + w.name)
	w.Attributes(NOSPLIT)
	w.SignatureExpr("func(p *int)")
	p := w.Load(w.Param("p"), w.GP64())
	field := func(offset int) Mem { return Mem{Base: p, Disp: offset} }
	w.broadcast(constants)
	from := make([]reg.Register, 0, terms)
	for i := 0; i < terms && terms <= 6; i++ {
		from = append(from, w.GP64())
		w.MOVQ(field(passFrom+8*i), from[i])
	}
	to := w.GP64()
	w.MOVQ(field(passTo), to)
	places := w.places(to, field(passToStride), results)
	offset, left, count := w.GP64(), w.GP64(), w.GP64()
	w.MOVQ(field(passOuter), left)
	w.MOVQ(left, field(passLeft))
	w.XORQ(offset, offset)

	w.Label("outer")
	w.MOVQ(field(passCount), count)
	w.Label("middle")
	w.MOVQ(field(passChannels), left)
	w.Label("vector")
	loaded := make([]reg.VecVirtual, terms)
	x := func(i int) reg.VecVirtual {
		if loaded[i] != nil {
			return loaded[i]
		}
		var base reg.Register
		if len(from) > 0 {
			base = from[i]
		} else { // too many for the registers
			base = w.GP64()
			w.MOVQ(field(passFrom+8*i), base)
		}
		loaded[i] = w.vector()
		w.VMOVUPS(Mem{Base: base, Index: offset, Scale: 1}, loaded[i])
		return loaded[i]
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

// places is where results start that lie stride bytes after one another.
func (w winograd) places(to reg.Register, stride Mem, results int) []Mem {
	multiples := map[int]reg.Register{1: w.GP64()}
	w.MOVQ(stride, multiples[1])
	for m := 3; m < results; m += 2 {
		multiples[m] = w.GP64()
		w.IMUL3Q(I32(m), multiples[1], multiples[m])
	}
	places := []Mem{{Base: to}}
	for i := 1; i < results; i++ {
		power := i & -i // odd multiples are in registers, an address has a factor of 2, 4 or 8
		places = append(places, Mem{Base: to, Index: multiples[i/power], Scale: uint8(power)})
	}
	return places
}

// broadcast fills registers with numbers.
func (w winograd) broadcast(constants []float32) {
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
func (w winograd) input(x load, y store) {
	y(0, w.plus(w.minus(x(4), a2+b2, x(2)), a2*b2, x(0)))
	y(5, w.plus(w.minus(x(5), a2+b2, x(3)), a2*b2, x(1)))
	w.pair(1, w.minus(x(4), b2, x(2)), a, w.minus(x(3), b2, x(1)), y)
	w.pair(3, w.minus(x(4), a2, x(2)), b, w.minus(x(3), a2, x(1)), y)
}

// pair is what the points c and -c, results i and i+1, have in common: even
// and odd powers of them.
func (w winograd) pair(i int, even reg.VecVirtual, c float32, odd reg.VecVirtual, y store) {
	y(i, w.plus(even, c, odd))
	y(i+1, w.minus(even, c, odd))
}

// output is Aᵀ x.
func (w winograd) output(x load, y store) {
	sumA, differenceA := w.add(x(1), x(2)), w.sub(x(1), x(2))
	sumB, differenceB := w.add(x(3), x(4)), w.sub(x(3), x(4))
	y(0, w.add(w.add(x(0), sumA), sumB))
	y(1, w.plus(w.scale(a, differenceA), b, differenceB))
	y(2, w.plus(w.scale(a2, sumA), b2, sumB))
	y(3, w.plus(w.plus(x(5), a3, differenceA), b3, differenceB))
}

// outputGradient is A x.
func (w winograd) outputGradient(x load, y store) {
	y(0, x(0))
	w.pair(1, w.plus(x(0), a2, x(2)), a, w.plus(x(1), a2, x(3)), y)
	w.pair(3, w.plus(x(0), b2, x(2)), b, w.plus(x(1), b2, x(3)), y)
	y(5, x(3))
}

// weight is G x.
func (w winograd) weight(x load, y store) {
	y(0, w.scale(weight0, x(0)))
	evenA := w.plus(w.scale(weightA, x(0)), a2*weightA, x(2))
	w.pair(1, evenA, a*weightA, x(1), y)
	evenB := w.plus(w.scale(weightB, x(0)), b2*weightB, x(2))
	w.pair(3, evenB, b*weightB, x(1), y)
	y(5, x(2))
}

// weightGradient is Gᵀ x.
func (w winograd) weightGradient(x load, y store) {
	sumA, differenceA := w.add(x(1), x(2)), w.sub(x(1), x(2))
	sumB, differenceB := w.add(x(3), x(4)), w.sub(x(3), x(4))
	y(0, w.plus(w.plus(w.scale(weight0, x(0)), weightA, sumA), weightB, sumB))
	y(1, w.plus(w.scale(a*weightA, differenceA), b*weightB, differenceB))
	y(2, w.plus(w.plus(x(5), a2*weightA, sumA), b2*weightB, sumB))
}
