package kernels

import (
	"fmt"
	"math"
)

// MaskHeads sets the logits [n, c] of row i that do not belong to the head of its
// label to minus infinity, for int32 labels [n]. A head is so many classes one
// after the other: those of class j are j/head·head to j/head·head + head - 1.
//
// CrossEntropy without smoothing then takes the softmax over the head alone and
// leaves the gradient 0, exactly, for every other class, so that the mask needs
// no backward of its own; and CountCorrect chooses within the head.
func MaskHeads(logits, labels Buffer, c, head int) {
	defer logits.dev.span("MaskHeads", logits, labels).end()
	if c < 1 || head < 1 || c%head != 0 || logits.n%c != 0 {
		panic(fmt.Sprintf("kernels: MaskHeads of %d logits in rows of %d, in heads of %d", logits.n, c, head))
	}
	mustMatch("MaskHeads", activationType(logits), logits.n, logits)
	mustMatch("MaskHeads", Int32, logits.n/c, labels)
	mustShare("MaskHeads", logits, labels)
	switch {
	case logits.dev.gpu != nil:
		logits.dev.gpu.launch("mask_heads"+logits.dtype.suffix(), blocks(tiles(logits.n, 256), 256), again(logits), labels, logits.n, c, head)
	case logits.dtype == Float64:
		maskHeadsRef(f64(logits), i32(labels), c, head)
	default:
		maskHeadsRef(f32(logits), i32(labels), c, head)
	}
}

// maskHeadsRef is the reference for MaskHeads.
func maskHeadsRef[T Float](logits []T, labels []int32, c, head int) {
	for i := range logits {
		if i%c/head != int(labels[i/c])/head {
			logits[i] = T(math.Inf(-1))
		}
	}
}
