package rng

import (
	"fmt"
	"math"
	"math/bits"
)

// A Stream draws numbers one after the other: the Philox blocks of the counters
// {0, a, b, purpose}, {1, a, b, purpose}, ... It holds 2^34 words, then repeats.
// It is a plain value: a copy goes on from the same place. Not for use by
// several goroutines.
type Stream struct {
	key     uint64
	counter [4]uint32 // of the next block
	block   [4]uint32
	left    int // words of block not yet drawn
}

// New returns the stream of a seed, a purpose (one of the constants of this
// package) and up to two ids. Streams that differ in any of them are independent.
func New(seed uint64, purpose uint32, id ...uint32) Stream {
	if len(id) > 2 {
		panic(fmt.Sprintf("rng: New with %d ids, want at most 2", len(id)))
	}
	s := Stream{key: seed, counter: [4]uint32{3: purpose}}
	copy(s.counter[1:3], id)
	return s
}

// Uint32 returns 32 random bits.
func (s *Stream) Uint32() uint32 {
	if s.left == 0 {
		s.block = Philox(s.key, s.counter)
		s.counter[0]++
		s.left = len(s.block)
	}
	v := s.block[len(s.block)-s.left]
	s.left--
	return v
}

// Uint64 returns 64 random bits, the low word drawn first.
func (s *Stream) Uint64() uint64 {
	low := s.Uint32()
	return uint64(low) | uint64(s.Uint32())<<32
}

// Float64 returns a multiple of 2^-53, uniform in [0, 1).
func (s *Stream) Float64() float64 {
	return float64(s.Uint64()>>11) / (1 << 53)
}

// Intn returns an integer, uniform in [0, n) without bias. n must be positive.
func (s *Stream) Intn(n int) int {
	if n <= 0 {
		panic(fmt.Sprintf("rng: Intn(%d), want a positive number", n))
	}
	// The high word of n * bits is uniform once the low words below 2^64 mod n,
	// which would make some results one more frequent, are rejected (Lemire 2019).
	hi, lo := bits.Mul64(s.Uint64(), uint64(n))
	for reject := -uint64(n) % uint64(n); lo < reject; {
		hi, lo = bits.Mul64(s.Uint64(), uint64(n))
	}
	return int(hi)
}

// Norm returns a sample of the standard normal distribution (Box and Muller).
func (s *Stream) Norm() float64 {
	radius := math.Sqrt(-2 * math.Log(1-s.Float64())) // 1-u is in (0, 1]
	return radius * math.Cos(2*math.Pi*s.Float64())
}
