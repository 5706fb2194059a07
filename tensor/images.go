package tensor

import (
	"fmt"

	"lbsam/kernels"
)

// FromImages returns images [n, h, w, c] for a model: (pixel/255 - mean)/std with
// the mean and the std of each channel, in the format of activations.
func FromImages(d *kernels.Device, pixels []uint8, mean, std []float64, n, h, w, c int) *Tensor {
	if len(pixels) != n*h*w*c {
		panic(fmt.Sprintf("tensor: FromImages of %d pixels: want [%d %d %d %d]", len(pixels), n, h, w, c))
	}
	raw, key := NewOf(d, kernels.Uint8, len(pixels)), NewOf(d, kernels.Int32, 2)
	index := NewOf(d, kernels.Int32, n) // what augmentation draws by, of which there is none
	kernels.Upload(raw.Data, pixels)
	x := NewOf(d, d.Activations(), n, h, w, c)
	kernels.Augment(x.Data, raw.Data, index.Data, key.Data, kernels.Augmentation{H: h, W: w, C: c, Mean: mean, Std: std})
	for _, t := range []*Tensor{raw, key, index} {
		kernels.Release(t.Data)
	}
	return x
}

// FromLabels returns labels [n], as CrossEntropy takes them.
func FromLabels[T ~uint8 | ~uint16 | ~int32 | ~int](d *kernels.Device, labels []T) *Tensor {
	numbers := make([]int32, len(labels))
	for i, label := range labels {
		numbers[i] = int32(label)
	}
	t := NewOf(d, kernels.Int32, len(numbers))
	kernels.Upload(t.Data, numbers)
	return t
}
