package kernels

import (
	"math"
	"testing"
)

// slopeOf is a slope for sums without a mask.
func slopeOf(mean, r []float32) *batchNormSlope { return &batchNormSlope{mean: mean, r: r} }

// Where there was no addend the gradient may take the place of dy, and the mask of
// the ReLU may come of x: the bits are those of a mask by y. Among x are NaN and
// numbers that give exactly 0, and some results are too small for 16 bits.
func TestBatchNormBackwardAlone(t *testing.T) {
	for _, config := range ptxAnd(Config{Name: "ref"}, Config{Name: "cpu", Threads: 1}, Config{Name: "cpu", Threads: 3}) {
		checkBackwardAlone(t, halfCase{openRig(t, config), Float32})
	}
	for h := range halfCases(t) {
		checkBackwardAlone(t, h)
	}
}

func checkBackwardAlone(t *testing.T, h halfCase) {
	for _, shape := range append([][2]int{{6, 8}, {64, 132}}, bnShapes...) {
		for option := range 4 {
			run := func(alone bool) [][]float64 {
				c := newBNCase(h.rig, BatchNorm{Rows: shape[0], C: shape[1], Eps: 1e-3, ReLU: option&1 != 0}, false, 0.5, 1)
				if option&2 != 0 {
					c.split()
				}
				gamma := Floats(c.gamma)
				gamma[0] *= 1e-7
				UploadFloats(c.gamma, gamma)
				UploadFloats(c.mean, constant(shape[1], 0.5))
				UploadFloats(c.variance, constant(shape[1], 1.7))
				UploadFloats(c.beta, constant(shape[1], 0))
				x := Floats(c.x)
				x[0], x[len(x)/2], x[len(x)-1] = 0.5, math.NaN(), 0.5 // 0.5 gives 0
				UploadFloats(c.x, x)
				c.keepIn(h)
				BatchNormApply(c.y, c.x, Buffer{}, c.gamma, c.beta, c.mean, c.variance, c.g)
				if c.alone = alone; alone && c.more.IsNil() {
					c.dx = c.dy
				}
				c.backward(true)
				return results([]Buffer{c.dx, c.dgam, c.dbet})
			}
			got, want := run(true), run(false)
			for i := range want {
				if at := firstDifference(got[i], want[i]); at >= 0 {
					t.Errorf("%v: %v option %d: result %d element %d: %v, want %v", h, shape, option, i, at, got[i][at], want[i][at])
				}
			}
		}
	}
}
