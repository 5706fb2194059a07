// Package rng draws random numbers that depend on a key and a counter alone.
//
// The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel Random
// Numbers: As Easy as 1, 2, 3", 2011). It has no state: the same key and
// counter give the same four words in Go, in assembly and in CUDA, in any order
// and on any number of workers.
//
// The key is always the seed of the run. The four words of the counter are
//
//	{n, a, b, purpose}
//
// where purpose, one of the constants below, keeps the users of one seed apart:
//
//	Augment    n = index of the sample in the data set, a = epoch, b = 0
//	Dropout    n = index of the element / 4, a = pass, b = layer
//	any other  n = 0, 1, 2, ..., the blocks of a Stream, a and b = its ids
package rng

import "math/bits"

// The purposes of random numbers: the last word of the counter.
const (
	Augment   uint32 = iota // crop, flip and cutout of one sample
	Order                   // order of the samples, id: epoch
	Holdout                 // choice of the validation samples
	Weights                 // initial weights, id: index of the parameter
	Synthetic               // synthetic images, ids: split, index of the image
	Dropout                 // masks of dropout layers
	Analysis                // noise and directions of the measurements
	Mixing                  // shares and boxes of mixup and CutMix, ids: epoch, batch
)

const (
	rounds      = 10
	multiplier0 = 0xD2511F53
	multiplier1 = 0xCD9E8D57
	weyl0       = 0x9E3779B9 // golden ratio
	weyl1       = 0xBB67AE85 // sqrt(3) - 1
)

// Philox returns the Philox4x32-10 block of counter under key, whose low word
// is the first key word.
func Philox(key uint64, counter [4]uint32) [4]uint32 {
	k0, k1 := uint32(key), uint32(key>>32)
	c0, c1, c2, c3 := counter[0], counter[1], counter[2], counter[3]
	for range rounds {
		hi0, lo0 := bits.Mul32(multiplier0, c0)
		hi1, lo1 := bits.Mul32(multiplier1, c2)
		c0, c1, c2, c3 = hi1^c1^k0, lo1, hi0^c3^k1, lo0
		k0 += weyl0
		k1 += weyl1
	}
	return [4]uint32{c0, c1, c2, c3}
}
