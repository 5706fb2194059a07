package roofline

import (
	"math"
	"testing"

	"lbsam/kernels"
)

// Copies and products on a card of round figures: a copy of 85 MB takes 1 ms and a
// launch 1 µs, and so does a product of 1 GFLOP that fills it.
func TestStep(t *testing.T) {
	card := Card{SMs: 1, Float32: 1e12, Bandwidth: 100e9, L2: 1e12}
	conv := kernels.Conv{N: 1, H: 500, W: 1000, C: 10, OC: 100, KH: 1, KW: 1, Stride: 1} // 1 GFLOP
	copied := func(fork int, aside bool) kernels.Launch {
		return kernels.Launch{Kernel: "copy", Bytes: 85e6, Fork: fork, Aside: aside}
	}
	product := func(fork int, aside bool) kernels.Launch {
		return kernels.Launch{Kernel: "product", Blocks: 2, Conv: &conv, Fork: fork, Aside: aside}
	}
	for _, c := range []struct {
		name     string
		launches []kernels.Launch
		want     float64 // ms
	}{
		{"one after the other", []kernels.Launch{copied(0, false), product(0, false)}, 2.002},
		{"a product beside a copy", []kernels.Launch{product(1, true), copied(1, false)}, 1.001},
		{"one side is longer", []kernels.Launch{product(1, true), copied(1, false), copied(1, false)}, 2.002},
		{"the other is", []kernels.Launch{product(1, true), product(1, true), copied(1, false)}, 2.002},
		{"both want the units", []kernels.Launch{product(1, true), product(1, false)}, 2},
		{"both want the memory", []kernels.Launch{copied(1, true), copied(1, false)}, 2},
		{"both want the cache", []kernels.Launch{{Kernel: "product", Blocks: 2, Conv: &conv, Fetched: 2e9, Fork: 1, Aside: true}, {Kernel: "product", Blocks: 2, Conv: &conv, Fetched: 2e9, Fork: 1}}, 4},
		{"two forks and what is around them", []kernels.Launch{
			copied(0, false), product(1, true), copied(1, false), product(2, true), copied(2, false), copied(2, false), product(0, false)}, 5.005},
	} {
		s, alone := Step{Card: card}, 0.0
		for _, l := range c.launches {
			alone += s.Add(l).Seconds
		}
		if got := s.Seconds() * 1e3; !(math.Abs(got-c.want) < 1e-9) {
			t.Errorf("%s: %v ms, want %v", c.name, got, c.want)
		}
		if got, want := s.Saved(), alone-c.want/1e3; !(math.Abs(got-want) < 1e-12) {
			t.Errorf("%s: %v s saved, want %v", c.name, got, want)
		}
	}
}
