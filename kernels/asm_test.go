//go:build amd64 && !noasm

package kernels

import (
	"slices"
	"testing"

	"golang.org/x/sys/cpu"

	"lbsam/kernels/kerneltest"
)

// TestMicrokernels checks that every instruction set of the processor is
// used: what is missing here is missing from every test.
func TestMicrokernels(t *testing.T) {
	available := map[string]bool{}
	for _, set := range instructionSets() {
		for _, k := range set.microkernels {
			available[k.name] = true
		}
	}
	for _, c := range []struct {
		has   bool
		names []string
	}{
		{true, []string{"product4x16"}},
		{cpu.X86.HasAVX2 && cpu.X86.HasFMA, []string{"product6x16AVX2", "product8x8AVX2"}},
		{cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL,
			[]string{"product6x64AVX512", "product8x32AVX512", "product16x16AVX512"}},
	} {
		for _, name := range c.names {
			if !c.has {
				t.Logf("%s was not tested: this processor cannot run it", name)
			} else if !available[name] {
				t.Errorf("%s is missing", name)
			}
		}
	}
}

// TestMicrokernelsRoundAlike checks that all microkernels in assembly round alike, to
// the bit, so that no result depends on which of them a processor is best served with.
func TestMicrokernelsRoundAlike(t *testing.T) {
	const rows, columns, length = 48, 64, 37
	rng := kerneltest.Rng(0)
	a, b, sums := kerneltest.Randn[float32](rng, rows*length), kerneltest.Randn[float32](rng, length*columns), kerneltest.Randn[float32](rng, rows*columns)
	var want []float32
	for _, set := range instructionSets() {
		for _, k := range set.microkernels {
			if set.name == instructionSetGo.name {
				continue
			}
			got := slices.Clone(sums)
			for j := 0; j < columns; j += k.nr {
				k.product(&got[j], &a[0], &b[j], rows/k.mr, length, 4*length, 4, 4*columns, 4*columns, true, nil, 0)
			}
			if want == nil {
				want = got
			}
			if !slices.EqualFunc(got, want, equalBits) {
				t.Errorf("%s of %s rounds otherwise than the first", k.name, set.name)
			}
		}
	}
}

// TestPickHalved checks that few columns are computed with short vectors where long
// ones are halved, and many with long ones everywhere, on any processor.
func TestPickHalved(t *testing.T) {
	for columns, want := range map[int][2]string{
		8:  {"product16x16AVX512", "product8x8AVX2"},
		16: {"product16x16AVX512", "product6x16AVX2"},
		27: {"product8x32AVX512", "product8x32AVX512"},
		64: {"product6x64AVX512", "product6x64AVX512"},
	} {
		for i, halved := range []bool{false, true} {
			if k := pickMicrokernel(microkernelsAVX512(halved), columns); k.name != want[i] {
				t.Errorf("%d columns, halved %v: %s, want %s", columns, halved, k.name, want[i])
			}
		}
	}
}
