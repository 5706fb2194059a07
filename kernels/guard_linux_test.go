package kernels

import (
	"fmt"
	"math"
	"os"
	"syscall"
	"testing"
	"unsafe"
)

// guardBits surrounds the slices of betweenPages: a signalling NaN that no loop
// writes.
const guardBits = 0x7FA5A5A5

// betweenPages maps memory between two pages that may not be touched and returns
// slices in it: n elements that end at the one, or begin at the other. Reading
// past that end is a fault.
func betweenPages(t *testing.T, n int, atEnd bool) (slice, around []float32) {
	page := os.Getpagesize()
	size := (4*n + page) / page * page
	memory, err := syscall.Mmap(-1, 0, size+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(memory) })
	for _, guard := range [][]byte{memory[:page], memory[page+size:]} {
		if err := syscall.Mprotect(guard, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	all := unsafe.Slice((*float32)(unsafe.Pointer(&memory[page])), size/4)
	fill(all, math.Float32frombits(guardBits))
	if atEnd {
		return all[len(all)-n:], all[:len(all)-n]
	}
	return all[:n:n], all[n:]
}

// untouched reports an overwritten guard.
func untouched(around []float32) error {
	for i, v := range around {
		if math.Float32bits(v) != guardBits {
			return fmt.Errorf("element %d beside the slice became %v", i, v)
		}
	}
	return nil
}

// The loops of the cpu device stay within their slices, reading and writing,
// and leave operands that are inputs alone. Each case writes to its first
// outputs operands.
func TestLoopsStayWithinTheirSlices(t *testing.T) {
	for _, c := range []struct {
		name              string
		outputs, operands int
		run               func(x [][]float32)
	}{
		{"add", 1, 3, func(x [][]float32) { addCPU(x[0], x[1], x[2]) }},
		{"addScaled", 1, 2, func(x [][]float32) { addScaledCPU(x[0], x[1], 2) }},
		{"scale", 1, 2, func(x [][]float32) { scaleCPU(x[0], x[1], 2) }},
		{"relu", 1, 2, func(x [][]float32) { reluCPU(x[0], x[1]) }},
		{"reluBackward", 1, 3, func(x [][]float32) { reluBackwardCPU(x[0], x[1], x[2]) }},
		{"lerp", 1, 3, func(x [][]float32) { lerpCPU(x[0], x[1], x[2], 0.3) }},
		{"ascend", 1, 2, func(x [][]float32) { ascendCPU(x[0], x[1], 2, 0.1, true) }},
		{"sumSquares", 0, 1, func(x [][]float32) { sumSquaresCPU(x[0], x[0], 0.1, false) }},
		{"sumSquares scaled", 0, 2, func(x [][]float32) { sumSquaresCPU(x[0], x[1], 0.1, true) }},
		{"displacements", 0, 3, func(x [][]float32) { displacementsCPU(x[0], x[1], x[2]) }},
		{"sgd plain", 1, 2, func(x [][]float32) { sgdCPU(x[0], nil, x[1], sgd[float32]{0, 1, 1, 1, false}) }},
		{"sgd momentum", 2, 3, func(x [][]float32) { sgdCPU(x[0], x[1], x[2], sgd[float32]{1, 1, 1, 1, false}) }},
		{"sgd nesterov", 2, 3, func(x [][]float32) { sgdCPU(x[0], x[1], x[2], sgd[float32]{1, 1, 1, 1, true}) }},
		{"adamW", 3, 4, func(x [][]float32) { adamWCPU(x[0], x[1], x[2], x[3], adamW[float32]{1, 1, 1, 1, 1, 1, 1, 1}) }},
	} {
		for _, n := range []int{0, 1, 7, 8, 9, 16, 31, 33, 1024} {
			checkGuarded(t, fmt.Sprintf("%s n=%d", c.name, n), c.outputs, constantLengths(c.operands, n), c.run)
		}
	}
}

func constantLengths(operands, n int) []int {
	lengths := make([]int, operands)
	for i := range lengths {
		lengths[i] = n
	}
	return lengths
}

func TestBatchNormLoopsStayWithinTheirSlices(t *testing.T) {
	for _, shape := range [][2]int{{1, 8}, {3, 9}, {5, 24}, {2, 63}, {7, 1}} {
		rows, c := shape[0], shape[1]
		n := rows * c
		a, b := make([]float64, c), make([]float64, c)
		for _, relu := range []bool{false, true} {
			name := fmt.Sprintf("%v relu=%v", shape, relu)
			checkGuarded(t, "moments "+name, 0, []int{n}, func(x [][]float32) { batchNormMoments(a, b, x[0], c) })
			checkGuarded(t, "apply "+name, 1, []int{n, n, c, c, c}, func(x [][]float32) {
				batchNormApplyRows(x[0], x[1], nil, x[2], x[3], x[4], relu)
			})
			checkGuarded(t, "apply with addend "+name, 1, []int{n, n, n, c, c, c}, func(x [][]float32) {
				batchNormApplyRows(x[0], x[1], x[2], x[3], x[4], x[5], relu)
			})
			checkGuarded(t, "sums "+name, 1, []int{n, n, n, c, c}, func(x [][]float32) {
				if relu {
					batchNormSums(a, b, x[0], x[1], x[2], slopeOf(x[3], x[4]))
				} else {
					batchNormSums(a, b, x[0], nil, x[2], slopeOf(x[3], x[4]))
				}
			})
			checkGuarded(t, "dx "+name, 1, []int{n, n, n, c, c, c, c, c}, func(x [][]float32) {
				s := &batchNormSlope{x[3], x[4], x[5], x[6], x[7], nil, nil}
				if relu {
					s.scale, s.beta = x[5], x[6]
				}
				batchNormDx(x[0], x[1], x[2], s)
			})
			checkGuarded(t, "sums of its own mask "+name, 0, []int{n, n, c, c, c, c}, func(x [][]float32) {
				s := slopeOf(x[2], x[3])
				s.scale, s.beta = x[4], x[5]
				batchNormSums(a, b, x[0], nil, x[1], s)
			})
		}
	}
}

// Convolutions read nothing behind their operands either: neither windows and rows
// of tiles that are only partly there, nor pixels that are read in place.
func TestConv2dStaysWithinItsSlices(t *testing.T) {
	eachVariant(t, 1, func(t *testing.T, p *pool) {
		for _, g := range []Conv{
			{N: 1, H: 5, W: 5, C: 33, OC: 17, KH: 1, KW: 1, Stride: 1},
			{N: 1, H: 7, W: 9, C: 32, OC: 48, KH: 1, KW: 1, Stride: 1},
			{N: 2, H: 5, W: 7, C: 19, OC: 30, KH: 1, KW: 1, Stride: 2},
			{N: 2, H: 5, W: 5, C: 3, OC: 64, KH: 3, KW: 3, Stride: 1, Pad: 1},
			{N: 2, H: 6, W: 5, C: 40, OC: 21, KH: 3, KW: 3, Stride: 2, Pad: 1},
			{N: 1, H: 8, W: 8, C: 16, OC: 24, KH: 3, KW: 3, Stride: 1, Pad: 1},
		} {
			name := fmt.Sprintf("%+v", g)
			checkGuarded(t, name, 1, []int{g.YLen(), g.XLen(), g.WLen(), g.OC}, func(x [][]float32) { conv2dCPU(p, x[0], x[1], x[2], x[3], g) })
			checkGuarded(t, name, 1, []int{g.XLen(), g.YLen(), g.WLen()}, func(x [][]float32) { conv2dBackwardInputCPU(p, x[0], x[1], x[2], g) })
			checkGuarded(t, name, 1, []int{g.WLen(), g.YLen(), g.XLen()}, func(x [][]float32) { conv2dBackwardWeightAddCPU(p, x[0], x[1], x[2], g) })
		}
	})
}

// checkGuarded runs a loop on operands of the given lengths at either end of
// their memory.
func checkGuarded(t *testing.T, name string, outputs int, lengths []int, run func(x [][]float32)) {
	t.Helper()
	for _, atEnd := range []bool{false, true} {
		operands, arounds := make([][]float32, len(lengths)), make([][]float32, len(lengths))
		for i, n := range lengths {
			operands[i], arounds[i] = betweenPages(t, n, atEnd)
			copy(operands[i], normals32(i, n))
		}
		run(operands)
		for i, n := range lengths {
			if err := untouched(arounds[i]); err != nil {
				t.Errorf("%s: operand %d: %v", name, i, err)
			}
			for j, v := range normals32(i, n) {
				if i >= outputs && operands[i][j] != v {
					t.Errorf("%s: input %d changed at %d", name, i, j)
				}
			}
		}
	}
}
