package rng

import (
	"math"
	"testing"
)

// The vectors of the authors' library Random123 (file kat_vectors); the third is
// their digits of pi.
func TestPhiloxVectors(t *testing.T) {
	const ones = 1<<32 - 1
	for _, c := range []struct {
		key           uint64
		counter, want [4]uint32
	}{
		{0, [4]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{1<<64 - 1, [4]uint32{ones, ones, ones, ones}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{0x299f31d0_a4093822, [4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := Philox(c.key, c.counter); got != c.want {
			t.Errorf("Philox(%x, %x) = %x, want %x", c.key, c.counter, got, c.want)
		}
	}
}

func TestStreamIsTheBlocksInOrder(t *testing.T) {
	s := New(7, Order, 5, 6)
	for n := range uint32(3) {
		for i, want := range Philox(7, [4]uint32{n, 5, 6, Order}) {
			if got := s.Uint32(); got != want {
				t.Fatalf("block %d word %d is %x, want %x", n, i, got, want)
			}
		}
	}
	a, b := New(7, Order), New(7, Order)
	low, high := a.Uint32(), a.Uint32()
	if got, want := b.Uint64(), uint64(high)<<32|uint64(low); got != want {
		t.Errorf("Uint64 is %x, want %x", got, want)
	}
}

func TestIntnIsUniform(t *testing.T) {
	s := New(1, Order)
	var count [7]int
	const draws = 70_000
	for range draws {
		count[s.Intn(7)]++
	}
	for v, n := range count { // the deviation is 93, so 500 is 5 of them
		if math.Abs(float64(n-draws/7)) > 500 {
			t.Errorf("%d came %d times of %d", v, n, draws)
		}
	}
	// With n = 3 * 2^61 a plain modulus would return the lower third twice as often.
	low := 0
	for range 9000 {
		if s.Intn(3<<61) < 1<<61 {
			low++
		}
	}
	if low < 2700 || low > 3300 {
		t.Errorf("the lower third came %d times of 9000, want about 3000", low)
	}
}

func TestMoments(t *testing.T) {
	s := New(2, Weights, 1)
	const n = 100_000
	var u, u2, z, z2, z4 float64
	for range n {
		x, y := s.Float64(), s.Norm()
		if x < 0 || x >= 1 || math.IsInf(y, 0) || math.IsNaN(y) {
			t.Fatalf("Float64 %v, Norm %v", x, y)
		}
		u, u2 = u+x/n, u2+x*x/n
		z, z2, z4 = z+y/n, z2+y*y/n, z4+y*y*y*y/n
	}
	for _, c := range []struct {
		name            string
		got, want, near float64 // near: about 5 standard deviations of the estimate
	}{
		{"mean of Float64", u, 1. / 2, 0.005}, {"mean square of Float64", u2, 1. / 3, 0.005},
		{"mean of Norm", z, 0, 0.016}, {"variance of Norm", z2, 1, 0.023}, {"fourth moment of Norm", z4, 3, 0.16},
	} {
		if !(math.Abs(c.got-c.want) <= c.near) {
			t.Errorf("%s is %v, want %v ± %v", c.name, c.got, c.want, c.near)
		}
	}
}

func TestCallerBugsPanic(t *testing.T) {
	for name, f := range map[string]func(){
		"Intn(0)":   func() { s := New(0, Order); s.Intn(0) },
		"three ids": func() { New(0, Order, 1, 2, 3) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s did not panic", name)
				}
			}()
			f()
		}()
	}
}

func BenchmarkUint32(b *testing.B) {
	s := New(1, Order)
	for b.Loop() {
		s.Uint32()
	}
}
