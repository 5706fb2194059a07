package datasets

import (
	"math"
	"math/big"
)

// Statistics returns mean and standard deviation of each channel over all
// pixels, scaled to [0, 1]. The sums are exact. The deviation of a channel that
// is the same everywhere is given as 1, so that it can be divided by.
func (s *Split) Statistics() (mean, std []float64) {
	sums, squares := make([]uint64, s.C), make([]uint64, s.C) // below 2^64 for 2^48 pixels
	for i, v := range s.Images {
		sums[i%s.C] += uint64(v)
		squares[i%s.C] += uint64(v) * uint64(v)
	}
	n := float64(s.N * s.H * s.W)
	for c := range sums {
		sum, square := new(big.Int).SetUint64(sums[c]), new(big.Int).SetUint64(squares[c])
		square.Mul(square, big.NewInt(int64(n)))
		square.Sub(square, sum.Mul(sum, sum)) // n² times the variance
		v, _ := new(big.Float).SetInt(square).Float64()
		deviation := math.Sqrt(v) / n / 255
		if deviation == 0 {
			deviation = 1
		}
		mean = append(mean, float64(sums[c])/n/255)
		std = append(std, deviation)
	}
	return mean, std
}
