//go:build !noasm

package kernels

// The loops of winogradLoops.
var (
	winogradNEON = winogradLoops{
		8, winogradInputNEON, winogradOutputNEON, winogradOutputGradientNEON, winogradWeightNEON, winogradWeightGradientNEON,
		winogradInputNEON, winogradOutputNEON,
	}
	winogradStridedNEON = winogradLoops{
		8, winogradStridedInputNEON, winogradStridedOutputNEON, winogradStridedOutputGradientNEON, winogradStridedWeightNEON,
		winogradStridedWeightGradientNEON, winogradStridedDyInputNEON, winogradStridedDxOutputNEON,
	}
	winograd5x5NEON = winogradLoops{
		8, winogradInputNEON, winograd5x5OutputNEON, winograd5x5OutputGradientNEON, winograd5x5WeightNEON, winograd5x5WeightGradientNEON,
		winogradInputNEON, winograd5x5OutputNEON,
	}
)

//go:noescape
func winogradInputNEON(p *winogradPass)

//go:noescape
func winogradOutputNEON(p *winogradPass)

//go:noescape
func winogradOutputGradientNEON(p *winogradPass)

//go:noescape
func winogradWeightNEON(p *winogradPass)

//go:noescape
func winogradWeightGradientNEON(p *winogradPass)

//go:noescape
func winograd5x5OutputNEON(p *winogradPass)

//go:noescape
func winograd5x5OutputGradientNEON(p *winogradPass)

//go:noescape
func winograd5x5WeightNEON(p *winogradPass)

//go:noescape
func winograd5x5WeightGradientNEON(p *winogradPass)

//go:noescape
func winogradStridedInputNEON(p *winogradPass)

//go:noescape
func winogradStridedOutputNEON(p *winogradPass)

//go:noescape
func winogradStridedOutputGradientNEON(p *winogradPass)

//go:noescape
func winogradStridedWeightNEON(p *winogradPass)

//go:noescape
func winogradStridedWeightGradientNEON(p *winogradPass)

//go:noescape
func winogradStridedDyInputNEON(p *winogradPass)

//go:noescape
func winogradStridedDxOutputNEON(p *winogradPass)
