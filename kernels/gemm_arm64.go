//go:build !noasm

package kernels

// The functions for NEON are those for AVX2, a vector of which is two of NEON:
// asmgen/neon translates them. Every processor with arm64 can run them.

// instructionSets returns what this processor can run, the fastest first. The costs of
// microkernels follow from the number of loads for each product.
func instructionSets() []instructionSet {
	return []instructionSet{{
		name: "NEON",
		microkernels: []microkernel{
			{"product6x16NEON", 6, 16, 1, product6x16NEON, copyRowsNEON, addRowsNEON, transposeNEON},
			{"product8x8NEON", 8, 8, 1.15, product8x8NEON, copyRowsNEON, addRowsNEON, transposeNEON},
		},
		fmaPeak: fmaPeakNEON, fmaPeakFlops: 2 * 12 * 8,
		winograd:        []winogradLoops{winogradNEON},
		winogradStrided: []winogradLoops{winogradStridedNEON},
		winograd5x5:     []winogradLoops{winograd5x5NEON},
		vectors:         vectorLoops{&elementwiseNEON, &updateNEON, &poolNEON, []batchNormLoops{batchNormNEON}},
	}, instructionSetGo}
}

//go:noescape
func product6x16NEON(out, a, b *float32, tiles, k, aRow, aStep, bStep, outRow int, add bool, ahead *float32, aheadStep int)

//go:noescape
func product8x8NEON(out, a, b *float32, tiles, k, aRow, aStep, bStep, outRow int, add bool, ahead *float32, aheadStep int)

//go:noescape
func copyRowsNEON(to, from *float32, width, rows, toStride, fromStride int)

//go:noescape
func addRowsNEON(to, from *float32, width, rows, toStride, fromStride int)

//go:noescape
func transposeNEON(to, from *float32, blocks, toStride, fromStride int)

//go:noescape
func fmaPeakNEON(n int)
