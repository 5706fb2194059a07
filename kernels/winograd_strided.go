package kernels

// With stride 2, tile F(4x4, 3x3) has 9x9 pixels. Of the pixels of a line, x, those at
// odd places meet the middle of the window alone, and the others its two ends, as in
// a convolution with stride 1 and two taps: one of three whose first is zero, for which
// the point 0 has nothing to multiply. So with the matrices of stride 1, without
// their row or column of the point 0,
//
//	         x₁                       g₁
//	Bᵀ x =   x₃           G g =       g₁        Aᵀ m = m₀        m₄
//	         x₅                       g₁               m₁ + Aᵀ'  m₅
//	         x₇                       g₁               m₂        m₆
//	         Bᵀ' [x₀ x₂ x₄ x₆ x₈]     G' [g₀ g₂]       m₃        m₇
//	                                                             m₈
//
// and there are 81 products instead of 144. The first four places share a row of the
// transformed window, which so has 36 places, as with stride 1.
//
// The gradient of x goes through tiles of 8x8 pixels that come of 5x5 of dy. Where the
// padding is 1, even pixels meet the middle of the window, and odd ones its ends:
//
//	         d₀
//	Bᵀ d =   d₁           dx = m₀, y₀, m₁, y₁, m₂, y₂, m₃, y₃   with y = Aᵀ' [m₄ m₅ m₆ m₇ m₈]
//	         d₂
//	         d₃
//	         Bᵀ' [d₀ d₁ d₂ d₃ d₄]

// winogradStridedGo is the portable loops for stride 2.
var winogradStridedGo = winogradLoops{
	channels:       winogradChannels,
	input:          func(p *winogradPass) { p.each(9, 9, winogradStridedInputRef) },
	output:         func(p *winogradPass) { p.each(9, 4, winogradStridedOutputRef) },
	outputGradient: func(p *winogradPass) { p.each(4, 9, winogradStridedOutputGradientRef) },
	weight:         func(p *winogradPass) { p.each(3, 6, winogradStridedWeightRef) },
	weightGradient: func(p *winogradPass) { p.each(6, 3, winogradStridedWeightGradientRef) },
	dyInput:        func(p *winogradPass) { p.each(5, 9, winogradStridedDyInputRef) },
	dxOutput:       func(p *winogradPass) { p.each(9, 8, winogradStridedDxOutputRef) },
}

func winogradStridedInputRef(y, x *[9]float32) {
	y[0], y[1], y[2], y[3] = x[1], x[3], x[5], x[7]
	winogradEndsRef(y, x[0], x[2], x[4], x[6], x[8])
}

func winogradStridedDyInputRef(y, x *[9]float32) {
	y[0], y[1], y[2], y[3] = x[0], x[1], x[2], x[3]
	winogradEndsRef(y, x[0], x[1], x[2], x[3], x[4])
}

// winogradEndsRef is Bᵀ' of pixels that meet the ends of the window.
func winogradEndsRef(y *[9]float32, x0, x1, x2, x3, x4 float32) {
	y[4], y[5] = winogradPair(x3-winogradB2*x1, winogradA*(x2-winogradB2*x0))
	y[6], y[7] = winogradPair(x3-winogradA2*x1, winogradB*(x2-winogradA2*x0))
	y[8] = winogradA2*winogradB2*x0 - (winogradA2+winogradB2)*x2 + x4
}

func winogradStridedOutputRef(y, x *[9]float32) {
	y0, y1, y2, y3 := winogradEndsOutputRef(x)
	y[0], y[1], y[2], y[3] = x[0]+y0, x[1]+y1, x[2]+y2, x[3]+y3
}

func winogradStridedDxOutputRef(y, x *[9]float32) {
	y[0], y[2], y[4], y[6] = x[0], x[1], x[2], x[3]
	y[1], y[3], y[5], y[7] = winogradEndsOutputRef(x)
}

// winogradEndsOutputRef is Aᵀ' of the places of the ends.
func winogradEndsOutputRef(x *[9]float32) (y0, y1, y2, y3 float32) {
	sumA, differenceA, sumB, differenceB := x[4]+x[5], x[4]-x[5], x[6]+x[7], x[6]-x[7]
	return sumA + sumB,
		winogradA*differenceA + winogradB*differenceB,
		winogradA2*sumA + winogradB2*sumB,
		winogradA3*differenceA + winogradB3*differenceB + x[8]
}

func winogradStridedOutputGradientRef(y, x *[9]float32) {
	y[0], y[1], y[2], y[3], y[8] = x[0], x[1], x[2], x[3], x[3]
	y[4], y[5] = winogradPair(x[0]+winogradA2*x[2], winogradA*(x[1]+winogradA2*x[3]))
	y[6], y[7] = winogradPair(x[0]+winogradB2*x[2], winogradB*(x[1]+winogradB2*x[3]))
}

func winogradStridedWeightRef(y, x *[9]float32) {
	y[0], y[5] = x[1], x[2]
	y[1], y[2] = winogradPair(winogradR*winogradA2*x[2], winogradR*winogradA*x[0])
	y[3], y[4] = winogradPair(winogradS*winogradB2*x[2], winogradS*winogradB*x[0])
}

func winogradStridedWeightGradientRef(y, x *[9]float32) {
	sumA, differenceA, sumB, differenceB := x[1]+x[2], x[1]-x[2], x[3]+x[4], x[3]-x[4]
	y[0] = winogradR*winogradA*differenceA + winogradS*winogradB*differenceB
	y[1] = x[0]
	y[2] = winogradR*winogradA2*sumA + winogradS*winogradB2*sumB + x[5]
}
