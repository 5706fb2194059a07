package roofline

import (
	"math"
	"testing"

	"lbsam/kernels"
)

// The figures are done by hand: 128 images of 8x8 pixels and 256 channels are
// 9.66 GFLOP for a 3x3 convolution.
func TestOf(t *testing.T) {
	h200, err := Find("H200")
	if err != nil {
		t.Fatal(err)
	}
	conv := &kernels.Conv{N: 128, H: 8, W: 8, C: 256, OC: 256, KH: 3, KW: 3, Stride: 1, Pad: 1}
	for _, c := range []struct {
		launch  kernels.Launch
		seconds float64
		bound   Bound
	}{
		{kernels.Launch{Kernel: "conv2d_large", Blocks: 264, Conv: conv}, 1e-6 + 9.663676416e9/66.9e12/0.88, Compute},
		{kernels.Launch{Kernel: "conv2d_large", Blocks: 66, Conv: conv}, 1e-6 + 2*9.663676416e9/66.9e12/0.88, Compute},
		{kernels.Launch{Kernel: "conv2d_large", Blocks: 265, Conv: conv}, 1e-6 + 528./265*9.663676416e9/66.9e12/0.88, Compute},
		{kernels.Launch{Kernel: "conv2d_tf32_128x128", Blocks: 264, Conv: conv}, 1e-6 + 9.663676416e9/495e12/0.63, Compute},
		{kernels.Launch{Kernel: "conv2d_tf32_128x128", Blocks: 264, Conv: conv, Fetched: 3e9}, 1e-6 + 3e9/6e12, L2},
		{kernels.Launch{Kernel: "conv2d_tf32_128x128", Blocks: 264, Conv: conv, Alone: 1e6}, 11e-6 + 9.663676416e9/495e12/0.63, Compute},
		{kernels.Launch{Kernel: "conv2d_tf32_128x128", Blocks: 264, Conv: conv, Alone: 4e6}, 41e-6 + 9.663676416e9/495e12/0.63, Parts},
		{kernels.Launch{Kernel: "conv2d_tf32_128x128", Blocks: 264, Conv: conv, Bytes: 1e8, Behind: 4.08e7}, 11e-6 + 9.663676416e9/495e12/0.63, Compute},
		{kernels.Launch{Kernel: "conv2d_tf32_128x128", Blocks: 264, Conv: conv, Bytes: 4.08e8, Behind: 4.08e7}, 101e-6, Memory},
		{kernels.Launch{Kernel: "relu", Blocks: 9, Bytes: 4.8e9}, 1e-6 + 1/0.85e3, Memory},
		{kernels.Launch{Kernel: "push_row", Blocks: 1, Bytes: 100}, 1e-6 + 100/0.85/4.8e12, Gap},
	} {
		e := h200.Of(c.launch)
		if !(math.Abs(e.Seconds-c.seconds) <= 1e-9*c.seconds) || e.Bound != c.bound {
			t.Errorf("%+v takes %v, bound by %s; want %v, %s", c.launch, e.Seconds, e.Bound, c.seconds, c.bound)
		}
	}
	if _, err := Find("voodoo2"); err == nil {
		t.Error("Find knows a card that it does not")
	}
}
