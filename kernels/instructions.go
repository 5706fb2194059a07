package kernels

// Instructions is the instruction set for which the fast loops of device cpu were
// chosen on this processor: AVX512, AVX2, NEON, or Go where they are portable loops.
func Instructions() string { return fastest.name }
