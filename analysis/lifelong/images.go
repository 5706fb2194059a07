package lifelong

import (
	"fmt"
	"math"

	"lbsam/datasets"
	"lbsam/internal/rng"
)

// change is what task t, from 1 on, of a permuted or a rotated stream does to an
// image like those of s.
func change(c Config, s datasets.Split, t int, seed uint64) func(dst, image []uint8) {
	if c.Stream == Permuted {
		return permutation(s, rng.New(seed, rng.Analysis, drawPixels, uint32(t)))
	}
	return rotation(s, math.Pi*float64(t)/float64(c.Tasks))
}

// permutation moves every pixel, with all its channels, to a place that r draws.
func permutation(s datasets.Split, r rng.Stream) func(dst, image []uint8) {
	from := make([]int, s.H*s.W)
	for i := range from {
		from[i] = i
	}
	for i := len(from) - 1; i > 0; i-- {
		j := r.Intn(i + 1)
		from[i], from[j] = from[j], from[i]
	}
	return func(dst, image []uint8) {
		for i, at := range from {
			copy(dst[i*s.C:(i+1)*s.C], image[at*s.C:])
		}
	}
}

// rotation turns an image about its middle, anticlockwise, by an angle in radians.
// A pixel is interpolated between the four around the place that it comes from;
// what comes from outside is black.
//
// Products are converted before they are added to: no compiler fuses them, and the
// images are the same on every machine.
func rotation(s datasets.Split, angle float64) func(dst, image []uint8) {
	sin, cos := math.Sin(angle), math.Cos(angle)
	type source struct {
		at    [4]int // pixels; -1: outside
		share [4]float64
	}
	table := make([]source, s.H*s.W)
	for i := range table {
		y, x := float64(i/s.W)-float64(s.H-1)/2, float64(i%s.W)-float64(s.W-1)/2
		fx := float64(cos*x) - float64(sin*y) + float64(s.W-1)/2
		fy := float64(sin*x) + float64(cos*y) + float64(s.H-1)/2
		left, top := math.Floor(fx), math.Floor(fy)
		dx, dy := fx-left, fy-top
		for k := range 4 {
			row, column := int(top)+k/2, int(left)+k%2
			table[i].at[k] = -1
			if row >= 0 && row < s.H && column >= 0 && column < s.W {
				table[i].at[k] = row*s.W + column
			}
		}
		table[i].share = [4]float64{float64((1 - dx) * (1 - dy)), float64(dx * (1 - dy)), float64((1 - dx) * dy), float64(dx * dy)}
	}
	return func(dst, image []uint8) {
		if len(image) != len(table)*s.C {
			panic(fmt.Sprintf("lifelong: an image of %d bytes, want %dx%dx%d", len(image), s.H, s.W, s.C))
		}
		for i, from := range table {
			for c := range s.C {
				v := 0.0
				for k, at := range from.at {
					if at >= 0 {
						v += float64(from.share[k] * float64(image[at*s.C+c]))
					}
				}
				dst[i*s.C+c] = uint8(math.Round(v))
			}
		}
	}
}
