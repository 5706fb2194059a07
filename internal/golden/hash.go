package golden

import (
	"hash/fnv"
	"math"
	"strings"

	"lbsam/tensor"
)

// The functions of this file are the data of all traces: number i of the array
// with a given name, in PyTorch's row-major order, depends on seed, name and i
// alone.

// A stream is the numbers of one array, before i is added.
type stream uint64

// increment is that of splitmix64, 2^64 over the golden ratio.
const increment = 0x9E3779B97F4A7C15

func newStream(seed uint64, name string) stream {
	h := fnv.New64a()
	h.Write([]byte(name)) // never fails
	return stream(h.Sum64() + seed*increment + increment)
}

// bits is number i.
func (s stream) bits(i int) uint64 { return mix(uint64(s) + uint64(i)) }

// mix is the finaliser of splitmix64 (Steele, Lea and Flood 2014).
func mix(z uint64) uint64 {
	z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
	z = (z ^ z>>27) * 0x94D049BB133111EB
	return z ^ z>>31
}

// values draws n numbers from [-amplitude, amplitude), rounded once, to
// float32.
func values(seed uint64, name string, amplitude float64, n int) []float64 {
	s := newStream(seed, name)
	list := make([]float64, n)
	for i := range list {
		unit := float64(s.bits(i)>>40)*0x1p-23 - 1
		list[i] = float64(float32(amplitude * unit))
	}
	return list
}

// labels draws n labels.
func labels(seed uint64, name string, classes, n int) []int32 {
	s := newStream(seed, name)
	list := make([]int32, n)
	for i := range list {
		list[i] = int32(s.bits(i) % uint64(classes))
	}
	return list
}

// weights are the values with which a parameter starts. BatchNorm's weight is
// 1 + a float32 number, a sum that is rounded when it is uploaded.
func (p Param) weights(seed uint64) []float64 {
	n := tensor.Size(p.Shape)
	switch {
	case strings.HasSuffix(p.Name, "bias"):
		return values(seed, p.Name, 0.1, n)
	case len(p.Shape) >= 2:
		return values(seed, p.Name, math.Sqrt(3/float64(n/p.Shape[0])), n)
	}
	list := values(seed, p.Name, 0.25, n)
	for i := range list {
		list[i]++
	}
	return list
}

// images draws n images, NCHW.
func images(seed uint64, name string, n, pixels int) []float64 {
	return values(seed, name, 1.75, n*pixels)
}
