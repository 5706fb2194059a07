package nn

import (
	"strconv"

	"lbsam/kernels"
)

// NewMLP returns a multilayer perceptron: Flatten, then for each number in
// hidden a linear layer of so many outputs and a ReLU, then a linear layer to
// the classes. The linear layers are fc1, fc2, ...
func NewMLP(d *kernels.Device, r *Stream, inputs int, hidden []int, classes int) Sequential {
	s := Sequential{{"flatten", Flatten{}}}
	for i, width := range hidden {
		number := strconv.Itoa(i + 1)
		s = append(s, Child{"fc" + number, NewLinear(d, r, inputs, width)}, Child{"relu" + number, ReLU{}})
		inputs = width
	}
	last := "fc" + strconv.Itoa(len(hidden)+1)
	return append(s, Child{last, NewLinear(d, r, inputs, classes)})
}
