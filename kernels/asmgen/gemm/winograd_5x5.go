package main

// generate5x5 emits the loops of windows of 5x5, see winograd_5x5.go.
func (w winograd) generate5x5() {
	w.loop("winograd5x5Output", 6, 2, []float32{a, b}, func(x load, y store) {
		y(0, w.add(w.add(x(0), w.add(x(1), x(2))), w.add(x(3), x(4))))
		y(1, w.plus(w.plus(x(5), a, w.sub(x(1), x(2))), b, w.sub(x(3), x(4))))
	})
	w.loop("winograd5x5OutputGradient", 2, 6, []float32{a, b}, func(x load, y store) {
		y(0, x(0))
		w.pair(1, x(0), a, x(1), y)
		w.pair(3, x(0), b, x(1), y)
		y(5, x(1))
	})
	factors := []float32{weight0, weightA, weightB, a * weightA, b * weightB, a2, b2}
	w.loop("winograd5x5Weight", 5, 6, factors, func(x load, y store) {
		y(0, w.scale(weight0, x(0)))
		w.pair(1, w.scale(weightA, w.plus(x(0), a2, w.plus(x(2), a2, x(4)))), a*weightA, w.plus(x(1), a2, x(3)), y)
		w.pair(3, w.scale(weightB, w.plus(x(0), b2, w.plus(x(2), b2, x(4)))), b*weightB, w.plus(x(1), b2, x(3)), y)
		y(5, x(4))
	})
	w.loop("winograd5x5WeightGradient", 6, 5, factors, func(x load, y store) {
		evenA, oddA := w.scale(weightA, w.add(x(1), x(2))), w.scale(a*weightA, w.sub(x(1), x(2)))
		evenB, oddB := w.scale(weightB, w.add(x(3), x(4))), w.scale(b*weightB, w.sub(x(3), x(4)))
		y(0, w.plus(w.add(evenA, evenB), weight0, x(0)))
		y(1, w.add(oddA, oddB))
		y(3, w.plus(w.scale(a2, oddA), b2, oddB))
		evenA, evenB = w.scale(a2, evenA), w.scale(b2, evenB)
		y(2, w.add(evenA, evenB))
		y(4, w.plus(w.plus(x(5), a2, evenA), b2, evenB))
	})
}
