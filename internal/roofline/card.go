// Package roofline estimates how long a GPU takes for the kernels of a step,
// from what they compute and move and from the figures of the card's data
// sheet. It is a model: it says where time should go, and what a measurement
// is to be held against.
package roofline

import (
	"fmt"
	"slices"
	"strings"
)

// A Card is what the data sheet of a GPU says.
type Card struct {
	Name      string
	SMs       int     // multiprocessors
	Float32   float64 // FLOP/s outside of the tensor cores
	TF32      float64 // FLOP/s of the tensor cores, dense, float32 sums
	Half      float64 // the same of 16-bit operands
	MMA       float64 // part of the two that mma.sync reaches, the instruction of our kernels
	Bandwidth float64 // bytes/s of the memory
	L2        float64 // bytes/s from the L2 cache to all multiprocessors, or 0: no bound
}

// cards are those that Find knows. Figures of the SXM versions where there are
// several. On Hopper mma.sync was measured at 63% of the peak (arXiv
// 2402.13499); on the others it is the only instruction there is. No data sheet
// says what the L2 cache gives: 6 TB/s on Hopper is an assumption, to be replaced
// by a measurement, and there is none for the others.
var cards = []Card{
	{"a100", 108, 19.5e12, 156e12, 312e12, 0.95, 2.04e12, 0},
	{"h100", 132, 66.9e12, 495e12, 989e12, 0.63, 3.35e12, 6e12},
	{"h200", 132, 66.9e12, 495e12, 989e12, 0.63, 4.8e12, 6e12},
	{"l40s", 142, 91.6e12, 183e12, 362e12, 0.95, 0.864e12, 0},
	{"rtx3090", 82, 35.6e12, 35.6e12, 71e12, 0.95, 0.936e12, 0},
	{"rtx4090", 128, 82.6e12, 82.6e12, 165e12, 0.95, 1.01e12, 0},
}

// Find returns the card with the given name, in any case.
func Find(name string) (Card, error) {
	for _, c := range cards {
		if strings.EqualFold(c.Name, name) {
			return c, nil
		}
	}
	return Card{}, fmt.Errorf("roofline: unknown card %q: want one of %s", name, strings.Join(Names(), ", "))
}

// Names are the cards that Find knows, sorted.
func Names() (names []string) {
	for _, c := range cards {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	return names
}
