package tensorboard

import "math"

// A histogram counts values in buckets of equal width between the smallest
// and the largest one.
type histogram struct {
	min, max, n, sum, squares float64
	limits, counts            []float64 // bucket i ends at limits[i]
}

// buckets is how many a histogram has: TensorBoard draws 30.
const buckets = 30

// newHistogram counts the values that are finite numbers.
func newHistogram(values []float64) histogram {
	h := histogram{min: math.Inf(1), max: math.Inf(-1)}
	for _, v := range values {
		if v-v != 0 { // not finite
			continue
		}
		if v < h.min {
			h.min = v
		}
		if v > h.max {
			h.max = v
		}
		h.n++
		h.sum += v
		h.squares += v * v
	}
	switch {
	case h.n == 0:
		return histogram{}
	case h.min == h.max:
		h.limits, h.counts = []float64{h.max}, []float64{h.n}
		return h
	}
	width := (h.max - h.min) / buckets
	h.counts = make([]float64, buckets)
	for i := range buckets {
		h.limits = append(h.limits, h.min+float64(i+1)*width)
	}
	h.limits[buckets-1] = h.max
	scale := buckets / (h.max - h.min)
	for _, v := range values {
		if v >= h.min && v <= h.max { // NaN is not
			h.counts[max(0, min(int((v-h.min)*scale), buckets-1))]++ // max: 0 times infinity
		}
	}
	return h
}

func (h histogram) encode() []byte {
	b := double(nil, histogramMin, h.min)
	b = double(b, histogramMax, h.max)
	b = double(b, histogramCount, h.n)
	b = double(b, histogramSum, h.sum)
	b = double(b, histogramSquares, h.squares)
	b = doubles(b, histogramLimits, h.limits)
	return doubles(b, histogramBuckets, h.counts)
}
