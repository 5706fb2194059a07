package main

import "github.com/mmcloughlin/avo/reg"

// generateStrided emits the loops of stride 2, see winograd_strided.go.
func (w winograd) generateStrided() {
	w.loop("winogradStridedInput", 9, 9, []float32{a, b, a2, b2, a2 * b2, a2 + b2}, func(x load, y store) {
		for i := range 4 {
			y(i, x(1+2*i))
		}
		w.ends(func(i int) reg.VecVirtual { return x(2 * i) }, y)
	})
	w.loop("winogradStridedDyInput", 5, 9, []float32{a, b, a2, b2, a2 * b2, a2 + b2}, func(x load, y store) {
		for i := range 4 {
			y(i, x(i))
		}
		w.ends(x, y)
	})
	w.loop("winogradStridedOutput", 9, 4, []float32{a, b, a2, b2, a3, b3}, func(x load, y store) {
		w.endsOutput(x, func(i int, ends reg.VecVirtual) { y(i, w.add(x(i), ends)) })
	})
	w.loop("winogradStridedDxOutput", 9, 8, []float32{a, b, a2, b2, a3, b3}, func(x load, y store) {
		for i := range 4 {
			y(2*i, x(i))
		}
		w.endsOutput(x, func(i int, ends reg.VecVirtual) { y(2*i+1, ends) })
	})
	w.loop("winogradStridedOutputGradient", 4, 9, []float32{a, b, a2, b2}, w.stridedOutputGradient)
	w.loop("winogradStridedWeight", 3, 6, []float32{a * weightA, b * weightB, a2 * weightA, b2 * weightB}, w.stridedWeight)
	w.loop("winogradStridedWeightGradient", 6, 3, []float32{a * weightA, b * weightB, a2 * weightA, b2 * weightB}, w.stridedWeightGradient)
}

// ends is Bᵀ' of the pixels that meet the ends of the window.
func (w winograd) ends(x load, y store) {
	w.pair(4, w.minus(x(3), b2, x(1)), a, w.minus(x(2), b2, x(0)), y)
	w.pair(6, w.minus(x(3), a2, x(1)), b, w.minus(x(2), a2, x(0)), y)
	y(8, w.plus(w.minus(x(4), a2+b2, x(2)), a2*b2, x(0)))
}

// endsOutput is Aᵀ' of the places of the ends.
func (w winograd) endsOutput(x load, y store) {
	sumA, differenceA := w.add(x(4), x(5)), w.sub(x(4), x(5))
	sumB, differenceB := w.add(x(6), x(7)), w.sub(x(6), x(7))
	y(0, w.add(sumA, sumB))
	y(1, w.plus(w.scale(a, differenceA), b, differenceB))
	y(2, w.plus(w.scale(a2, sumA), b2, sumB))
	y(3, w.plus(w.plus(x(8), a3, differenceA), b3, differenceB))
}

// stridedOutputGradient is A x.
func (w winograd) stridedOutputGradient(x load, y store) {
	for i := range 4 {
		y(i, x(i))
	}
	w.pair(4, w.plus(x(0), a2, x(2)), a, w.plus(x(1), a2, x(3)), y)
	w.pair(6, w.plus(x(0), b2, x(2)), b, w.plus(x(1), b2, x(3)), y)
	y(8, x(3))
}

// stridedWeight is G x.
func (w winograd) stridedWeight(x load, y store) {
	y(0, x(1))
	w.pair(1, w.scale(a2*weightA, x(2)), a*weightA, x(0), y)
	w.pair(3, w.scale(b2*weightB, x(2)), b*weightB, x(0), y)
	y(5, x(2))
}

// stridedWeightGradient is Gᵀ x.
func (w winograd) stridedWeightGradient(x load, y store) {
	sumA, differenceA := w.add(x(1), x(2)), w.sub(x(1), x(2))
	sumB, differenceB := w.add(x(3), x(4)), w.sub(x(3), x(4))
	y(0, w.plus(w.scale(a*weightA, differenceA), b*weightB, differenceB))
	y(1, x(0))
	y(2, w.plus(w.plus(x(5), a2*weightA, sumA), b2*weightB, sumB))
}
