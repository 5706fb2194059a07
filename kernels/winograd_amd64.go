//go:build !noasm

package kernels

// The loops of winogradLoops, for eight channels at a time or sixteen.

//go:noescape
func winogradInputAVX2(p *winogradPass)

//go:noescape
func winogradOutputAVX2(p *winogradPass)

//go:noescape
func winogradOutputGradientAVX2(p *winogradPass)

//go:noescape
func winogradWeightAVX2(p *winogradPass)

//go:noescape
func winogradWeightGradientAVX2(p *winogradPass)

//go:noescape
func winograd5x5OutputAVX2(p *winogradPass)

//go:noescape
func winograd5x5OutputGradientAVX2(p *winogradPass)

//go:noescape
func winograd5x5WeightAVX2(p *winogradPass)

//go:noescape
func winograd5x5WeightGradientAVX2(p *winogradPass)

//go:noescape
func winogradStridedInputAVX2(p *winogradPass)

//go:noescape
func winogradStridedOutputAVX2(p *winogradPass)

//go:noescape
func winogradStridedOutputGradientAVX2(p *winogradPass)

//go:noescape
func winogradStridedWeightAVX2(p *winogradPass)

//go:noescape
func winogradStridedWeightGradientAVX2(p *winogradPass)

//go:noescape
func winogradStridedDyInputAVX2(p *winogradPass)

//go:noescape
func winogradStridedDxOutputAVX2(p *winogradPass)

//go:noescape
func winogradInputAVX512(p *winogradPass)

//go:noescape
func winogradOutputAVX512(p *winogradPass)

//go:noescape
func winogradOutputGradientAVX512(p *winogradPass)

//go:noescape
func winogradWeightAVX512(p *winogradPass)

//go:noescape
func winogradWeightGradientAVX512(p *winogradPass)

//go:noescape
func winograd5x5OutputAVX512(p *winogradPass)

//go:noescape
func winograd5x5OutputGradientAVX512(p *winogradPass)

//go:noescape
func winograd5x5WeightAVX512(p *winogradPass)

//go:noescape
func winograd5x5WeightGradientAVX512(p *winogradPass)

//go:noescape
func winogradStridedInputAVX512(p *winogradPass)

//go:noescape
func winogradStridedOutputAVX512(p *winogradPass)

//go:noescape
func winogradStridedOutputGradientAVX512(p *winogradPass)

//go:noescape
func winogradStridedWeightAVX512(p *winogradPass)

//go:noescape
func winogradStridedWeightGradientAVX512(p *winogradPass)

//go:noescape
func winogradStridedDyInputAVX512(p *winogradPass)

//go:noescape
func winogradStridedDxOutputAVX512(p *winogradPass)

var (
	winogradAVX2 = winogradLoops{
		8, winogradInputAVX2, winogradOutputAVX2, winogradOutputGradientAVX2, winogradWeightAVX2, winogradWeightGradientAVX2,
		winogradInputAVX2, winogradOutputAVX2,
	}
	winogradAVX512 = winogradLoops{
		16, winogradInputAVX512, winogradOutputAVX512, winogradOutputGradientAVX512, winogradWeightAVX512, winogradWeightGradientAVX512,
		winogradInputAVX512, winogradOutputAVX512,
	}
	winogradStridedAVX2 = winogradLoops{
		8, winogradStridedInputAVX2, winogradStridedOutputAVX2, winogradStridedOutputGradientAVX2, winogradStridedWeightAVX2,
		winogradStridedWeightGradientAVX2, winogradStridedDyInputAVX2, winogradStridedDxOutputAVX2,
	}
	winogradStridedAVX512 = winogradLoops{
		16, winogradStridedInputAVX512, winogradStridedOutputAVX512, winogradStridedOutputGradientAVX512, winogradStridedWeightAVX512,
		winogradStridedWeightGradientAVX512, winogradStridedDyInputAVX512, winogradStridedDxOutputAVX512,
	}
	winograd5x5AVX2 = winogradLoops{
		8, winogradInputAVX2, winograd5x5OutputAVX2, winograd5x5OutputGradientAVX2, winograd5x5WeightAVX2, winograd5x5WeightGradientAVX2,
		winogradInputAVX2, winograd5x5OutputAVX2,
	}
	winograd5x5AVX512 = winogradLoops{
		16, winogradInputAVX512, winograd5x5OutputAVX512, winograd5x5OutputGradientAVX512, winograd5x5WeightAVX512, winograd5x5WeightGradientAVX512,
		winogradInputAVX512, winograd5x5OutputAVX512,
	}
)
