package kernels

import "strings"

// Instructions is the instruction set for which the fast loops of device cpu were
// chosen on this processor: AVX512, AVX2, or Go where they are portable loops.
func Instructions() string {
	name := microkernels()[0][0].name // such as gemm6x16AVX2
	if i := strings.Index(name, "AVX"); i >= 0 {
		return name[i:]
	}
	return "Go"
}
