//go:build !noasm

package kernels

import "golang.org/x/sys/cpu"

// The products of microkernels are one program, for wider and more registers with
// AVX-512: one template generates them all, and the same tests run them where the
// processor can. 6x64 has the best ratio of products to loads; the others are for
// fewer columns.

//go:noescape
func product6x16AVX2(out, a, b *float32, tiles, k, aRow, aStep, bStep, outRow int, add bool, ahead *float32, aheadStep int)

//go:noescape
func product8x8AVX2(out, a, b *float32, tiles, k, aRow, aStep, bStep, outRow int, add bool, ahead *float32, aheadStep int)

//go:noescape
func product6x64AVX512(out, a, b *float32, tiles, k, aRow, aStep, bStep, outRow int, add bool, ahead *float32, aheadStep int)

//go:noescape
func product8x32AVX512(out, a, b *float32, tiles, k, aRow, aStep, bStep, outRow int, add bool, ahead *float32, aheadStep int)

//go:noescape
func product16x16AVX512(out, a, b *float32, tiles, k, aRow, aStep, bStep, outRow int, add bool, ahead *float32, aheadStep int)

// instructionSets returns what this processor can run, the fastest first. The
// costs of microkernels follow from the number of loads for each product.
func instructionSets() []instructionSet {
	var sets []instructionSet
	x := &cpu.X86
	if x.HasAVX512F && x.HasAVX512DQ && x.HasAVX512BW && x.HasAVX512VL {
		sets = append(sets, instructionSet{
			name:         "AVX512",
			microkernels: microkernelsAVX512(halvedVectors()),
			fmaPeak:      fmaPeakAVX512, fmaPeakFlops: 2 * 12 * 16,
			winograd:        []winogradLoops{winogradAVX512, winogradAVX2},
			winogradStrided: []winogradLoops{winogradStridedAVX512, winogradStridedAVX2},
			winograd5x5:     []winogradLoops{winograd5x5AVX512, winograd5x5AVX2},
			vectors:         vectorLoops{&elementwiseAVX2, &updateAVX512, &poolAVX2, []batchNormLoops{batchNormAVX512, batchNormAVX2}},
		})
	}
	if x.HasAVX2 && x.HasFMA {
		sets = append(sets, instructionSet{
			name: "AVX2",
			microkernels: []microkernel{
				{"product6x16AVX2", 6, 16, 1, product6x16AVX2, copyRowsAVX2, addRowsAVX2, transposeAVX2},
				{"product8x8AVX2", 8, 8, 1.15, product8x8AVX2, copyRowsAVX2, addRowsAVX2, transposeAVX2},
			},
			fmaPeak: fmaPeakAVX2, fmaPeakFlops: 2 * 12 * 8,
			winograd:        []winogradLoops{winogradAVX2},
			winogradStrided: []winogradLoops{winogradStridedAVX2},
			winograd5x5:     []winogradLoops{winograd5x5AVX2},
			vectors:         vectorLoops{&elementwiseAVX2, &updateAVX2, &poolAVX2, []batchNormLoops{batchNormAVX2}},
		})
	}
	return append(sets, instructionSetGo)
}

// halvedVectors reports whether the processor computes vectors of 16 in two halves. That
// is Zen 4, known by what it alone has without the extension that came next.
func halvedVectors() bool {
	x := &cpu.X86
	return x.HasAVX512BF16 && x.HasAVX512VBMI2 && !x.HasAVXVNNI
}

// microkernelsAVX512 returns the microkernels of processors with AVX-512. Where
// vectors are halved, two short ones compute as much as a long one, and can be loaded
// in the time of one: so few columns are best computed with these.
func microkernelsAVX512(halved bool) []microkernel {
	kernels := []microkernel{
		{"product6x64AVX512", 6, 64, 1, product6x64AVX512, copyRowsAVX512, addRowsAVX512, transposeAVX2},
		{"product8x32AVX512", 8, 32, 1.05, product8x32AVX512, copyRowsAVX512, addRowsAVX512, transposeAVX2},
		{"product16x16AVX512", 16, 16, 1.2, product16x16AVX512, copyRowsAVX512, addRowsAVX512, transposeAVX2},
	}
	if halved {
		kernels[2].cost = 1.35
		kernels = append(kernels,
			microkernel{"product6x16AVX2", 6, 16, 1.1, product6x16AVX2, copyRowsAVX512, addRowsAVX512, transposeAVX2},
			microkernel{"product8x8AVX2", 8, 8, 1.2, product8x8AVX2, copyRowsAVX512, addRowsAVX512, transposeAVX2})
	}
	return kernels
}

// copyRowsAVX2 and copyRowsAVX512 are the copyRows of a microkernel, addRowsAVX2 and
// addRowsAVX512 the addRows.

//go:noescape
func copyRowsAVX2(to, from *float32, width, rows, toStride, fromStride int)

//go:noescape
func copyRowsAVX512(to, from *float32, width, rows, toStride, fromStride int)

//go:noescape
func addRowsAVX2(to, from *float32, width, rows, toStride, fromStride int)

//go:noescape
func addRowsAVX512(to, from *float32, width, rows, toStride, fromStride int)

// transposeAVX2 is the transpose of a microkernel.
//
//go:noescape
func transposeAVX2(to, from *float32, blocks, toStride, fromStride int)

// fmaPeakAVX2 and fmaPeakAVX512 compute n rounds of 12 independent vectors of
// products and sums, on registers: the speed that benchmarks measure against.

//go:noescape
func fmaPeakAVX2(n int)

//go:noescape
func fmaPeakAVX512(n int)
