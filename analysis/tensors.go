package analysis

import "slices"

// What a measurement moves.
const (
	Weights    = "weights" // without biases and without BatchNorm's parameters
	AllTensors = "all"
)

// Tensors are the words for what is moved.
func Tensors() []string { return slices.Clone([]string{Weights, AllTensors}) }
