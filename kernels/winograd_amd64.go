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
func winogradInputAVX512(p *winogradPass)

//go:noescape
func winogradOutputAVX512(p *winogradPass)

//go:noescape
func winogradOutputGradientAVX512(p *winogradPass)

//go:noescape
func winogradWeightAVX512(p *winogradPass)

//go:noescape
func winogradWeightGradientAVX512(p *winogradPass)

var (
	winogradAVX2   = winogradLoops{8, winogradInputAVX2, winogradOutputAVX2, winogradOutputGradientAVX2, winogradWeightAVX2, winogradWeightGradientAVX2}
	winogradAVX512 = winogradLoops{16, winogradInputAVX512, winogradOutputAVX512, winogradOutputGradientAVX512, winogradWeightAVX512, winogradWeightGradientAVX512}
)
