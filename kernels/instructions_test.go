package kernels

import (
	"runtime"
	"slices"
	"testing"

	"golang.org/x/sys/cpu"
)

func TestInstructions(t *testing.T) {
	got := Instructions()
	if !slices.Contains([]string{"AVX512", "AVX2", "NEON", "Go"}, got) {
		t.Errorf("%q", got)
	}
	if got == "AVX2" && !cpu.X86.HasAVX2 || got == "AVX512" && !cpu.X86.HasAVX512F {
		t.Errorf("%s on a processor without", got)
	}
	if got == "NEON" && runtime.GOARCH != "arm64" {
		t.Errorf("%s on %s", got, runtime.GOARCH)
	}
	if portable := len(instructionSets()) == 1; portable != (got == "Go") {
		t.Errorf("%s with %d sets", got, len(instructionSets()))
	}
}
