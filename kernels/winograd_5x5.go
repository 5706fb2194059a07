package kernels

// F(2x2, 5x5) computes tiles of 2x2 results with windows of 5x5 from 6x6 pixels, at the
// points of F(4x4, 3x3), with 36 products instead of 100. Bᵀ is the same:
//
//	G = 1/(a²b²)  0   0   0   0     Aᵀ = 1  1  1  1  1  0
//	    r        ra  ra² ra³ ra⁴         0  a -a  b -b  1
//	    r       -ra  ra²-ra³ ra⁴
//	    s        sb  sb² sb³ sb⁴
//	    s       -sb  sb²-sb³ sb⁴
//	    0         0   0   0   1
//
// Errors are at most those of F(4x4, 3x3), beside those of the direct sum.

// winograd5x5Go is the portable loops.
var winograd5x5Go = winogradLoops{
	channels:       winogradChannels,
	input:          winogradInputGo,
	output:         winograd5x5OutputGo,
	outputGradient: func(p *winogradPass) { p.each(2, 6, winograd5x5OutputGradientRef) },
	weight:         func(p *winogradPass) { p.each(5, 6, winograd5x5WeightRef) },
	weightGradient: func(p *winogradPass) { p.each(6, 5, winograd5x5WeightGradientRef) },
	dyInput:        winogradInputGo,
	dxOutput:       winograd5x5OutputGo,
}

func winograd5x5OutputGo(p *winogradPass) { p.each(6, 2, winograd5x5OutputRef) }

func winograd5x5OutputRef(y, x *[9]float32) {
	y[0] = x[0] + (x[1] + x[2]) + (x[3] + x[4])
	y[1] = winogradA*(x[1]-x[2]) + winogradB*(x[3]-x[4]) + x[5]
}

func winograd5x5OutputGradientRef(y, x *[9]float32) {
	y[0], y[5] = x[0], x[1]
	y[1], y[2] = winogradPair(x[0], winogradA*x[1])
	y[3], y[4] = winogradPair(x[0], winogradB*x[1])
}

func winograd5x5WeightRef(y, x *[9]float32) {
	y[0], y[5] = x[0]/(winogradA2*winogradB2), x[4]
	y[1], y[2] = winogradPair(winogradR*(x[0]+winogradA2*(x[2]+winogradA2*x[4])), winogradR*winogradA*(x[1]+winogradA2*x[3]))
	y[3], y[4] = winogradPair(winogradS*(x[0]+winogradB2*(x[2]+winogradB2*x[4])), winogradS*winogradB*(x[1]+winogradB2*x[3]))
}

func winograd5x5WeightGradientRef(y, x *[9]float32) {
	evenA, oddA := winogradR*(x[1]+x[2]), winogradR*winogradA*(x[1]-x[2])
	evenB, oddB := winogradS*(x[3]+x[4]), winogradS*winogradB*(x[3]-x[4])
	y[0] = x[0]/(winogradA2*winogradB2) + evenA + evenB
	y[1] = oddA + oddB
	y[2] = winogradA2*evenA + winogradB2*evenB
	y[3] = winogradA2*oddA + winogradB2*oddB
	y[4] = winogradA2*winogradA2*evenA + winogradB2*winogradB2*evenB + x[5]
}
