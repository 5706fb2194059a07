package kernels

// fastest is the fast loops for this processor.
var fastest = instructionSets()[0]

// A vectorLoops is the loops on vectors of an instruction set; it is zero for the portable
// ones. Where an instruction set computes with longer vectors than another that it
// includes, the lists name the longer ones first.
type vectorLoops struct {
	elementwise *elementwiseLoops
	update      *updateLoops
	pool        *poolLoops
	batchNorm   []batchNormLoops
}

// vectorLen is how many of n elements, or channels, the loops on vectors of 8 compute; the
// Go loops compute the others.
func vectorLen(n int) int {
	if fastest.vectors.elementwise == nil {
		return 0
	}
	return n &^ 7
}
