package nn

import (
	"lbsam/kernels"
	"lbsam/tensor"
)

// NewLeNet returns a network in the manner of LeCun et al. (1998) for images
// [h, w, c] of 4x4 pixels or more: two 5x5 convolutions of 16 and 32 channels,
// each with a ReLU and 2x2 max-pooling, and linear layers of 128 and classes.
func NewLeNet(d *kernels.Device, r *Stream, h, w, c, classes int) Sequential {
	const first, second, hidden = 16, 32, 128
	same := tensor.Window{Stride: 1, Pad: 2}
	return Sequential{
		{"conv1", NewConv2d(d, r, c, first, 5, same).WithBias(r)},
		{"relu1", ReLU{}},
		{"pool1", MaxPool2d{Size: 2}},
		{"conv2", NewConv2d(d, r, first, second, 5, same).WithBias(r)},
		{"relu2", ReLU{}},
		{"pool2", MaxPool2d{Size: 2}},
		{"flatten", Flatten{}},
		{"fc1", NewLinear(d, r, second*(h/4)*(w/4), hidden)},
		{"relu3", ReLU{}},
		{"fc2", NewLinear(d, r, hidden, classes)},
	}
}
