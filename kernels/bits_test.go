//go:build (amd64 || arm64) && !noasm

package kernels

import (
	"encoding/binary"
	"hash/crc32"
	"math/rand/v2"
	"runtime"
	"testing"

	"lbsam/kernels/kerneltest"
)

// bitsOfLoops is the checksums of what loopBits makes with AVX2. Where one changes, so does
// every result of training.
var bitsOfLoops = map[string]uint32{
	"5x5 dxOutput":               0xd505ab2a,
	"5x5 dyInput":                0x50c0457d,
	"5x5 input":                  0x50c0457d,
	"5x5 output":                 0xd505ab2a,
	"5x5 outputGradient":         0x7bdbf476,
	"5x5 weight":                 0xc0ed74f0,
	"5x5 weightGradient":         0x41563f68,
	"adamW":                      0x0d1f4b6a,
	"add":                        0x039dd019,
	"addScaled":                  0xdd2cb94d,
	"apply and ReLU":             0x0707f86a,
	"apply":                      0xe90f0e96,
	"ascendScaled":               0x052be075,
	"batchNormStatisticsRef":     0x0bf803b2,
	"conv2dBackwardInputRef":     0x52450448,
	"conv2dBackwardWeightAddRef": 0x8de0bcb1,
	"conv2dRef":                  0xc15dd4f0,
	"displacements":              0x175cfc1f,
	"dx":                         0xb77f4329,
	"dxOwn":                      0x334589b2,
	"lerp":                       0xc0423329,
	"max":                        0xc98cf09f,
	"maxBackward":                0xaffeff0a,
	"moments":                    0xb1beaf5d,
	"product":                    0x8c2a43fb,
	"relu":                       0x2779b986,
	"reluBackward":               0x2311e40b,
	"rows":                       0xd54c15ae,
	"scale":                      0xdf012721,
	"sgdMomentum":                0x6883f8dd,
	"sgdNesterov":                0xd43fc5e2,
	"sgdPlain":                   0x3c769cc2,
	"strided dxOutput":           0x832ebd42,
	"strided dyInput":            0x77597633,
	"strided input":              0x58351b4a,
	"strided output":             0xce1dedaf,
	"strided outputGradient":     0x1e1c6622,
	"strided weight":             0x56214ddf,
	"strided weightGradient":     0x148d40f2,
	"sumDistancesRef":            0xb3c0c732,
	"sumRows":                    0xd4471019,
	"sums":                       0x83480499,
	"sumsOwn":                    0xbbad948a,
	"sumSquares":                 0xba15fae5,
	"sumSquaresScaled":           0xb98c1553,
	"sumsReLU":                   0x81ddff54,
	"transpose":                  0x3ed31b4b,
	"winograd dxOutput":          0x06058f61,
	"winograd dyInput":           0x50c0457d,
	"winograd input":             0x50c0457d,
	"winograd output":            0x06058f61,
	"winograd outputGradient":    0x283ec573,
	"winograd weight":            0xe618d222,
	"winograd weightGradient":    0x677652a4,
}

// TestInstructionSetsRoundAlike holds the loops of each instruction set, on amd64 and on
// arm64, to one set of bits, and reference loops in which a compiler could fuse products
// with sums.
func TestInstructionSetsRoundAlike(t *testing.T) {
	if runtime.GOARCH == "arm64" && Instructions() != "NEON" {
		t.Errorf("arm64 runs the loops for %s", Instructions())
	}
	for _, set := range instructionSets() {
		if set.name == instructionSetGo.name {
			continue
		}
		l := loopBits{t, set.name, map[string]bool{}}
		l.products(set)
		l.winograd("winograd", set.winograd)
		l.winograd("strided", set.winogradStrided)
		l.winograd("5x5", set.winograd5x5)
		l.elementwise(set.vectors.elementwise)
		l.update(set.vectors.update)
		for _, loops := range set.vectors.batchNorm {
			l.batchNorm(loops)
		}
		l.pool(set.vectors.pool)
		l.references()
		if len(l.seen) != len(bitsOfLoops) {
			t.Errorf("%s: %d loops, want %d", set.name, len(l.seen), len(bitsOfLoops))
		}
	}
}

// A loopBits runs the loops of an instruction set.
type loopBits struct {
	t    *testing.T
	set  string
	seen map[string]bool
}

// same compares the checksum of results.
func (l loopBits) same(name string, results ...any) {
	l.t.Helper()
	sum := crc32.NewIEEE()
	for _, r := range results {
		if err := binary.Write(sum, binary.LittleEndian, r); err != nil {
			l.t.Fatal(err)
		}
	}
	l.seen[name] = true
	if got, want := sum.Sum32(), bitsOfLoops[name]; got != want {
		l.t.Errorf("%s of %s: %#08x, want %#08x", name, l.set, got, want)
	}
}

// uniform is n numbers from -1 to 1, which no processor rounds.
func uniform(rng *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.IntN(1<<24)-1<<23) / (1 << 23)
	}
	return x
}

// inputs is count arrays of n numbers.
func inputs(count, n int) [][]float32 {
	rng, all := kerneltest.Rng(n), make([][]float32, count)
	for i := range all {
		all[i] = uniform(rng, n)
	}
	return all
}

func (l loopBits) products(set instructionSet) {
	const rows, columns, length = 48, 64, 37
	for _, k := range set.microkernels {
		x := inputs(3, rows*columns)
		for j := 0; j < columns; j += k.nr {
			k.product(&x[0][j], &x[1][0], &x[2][j], rows/k.mr, length, 4*length, 4, 4*columns, 4*columns, true, nil, 0)
		}
		l.same("product", x[0])
		for width := range 40 {
			k.copyRows(&x[0][0], &x[1][0], width, 3, 4*columns, 4*columns)
			k.addRows(&x[1][0], &x[2][0], width, 3, 4*columns, 4*columns)
		}
		l.same("rows", x[0], x[1])
		k.transpose(&x[0][0], &x[2][0], 5, 4*columns, 4*columns)
		l.same("transpose", x[0])
	}
}

func (l loopBits) winograd(name string, all []winogradLoops) {
	const channels, count, outer, step, leap = 32, 3, 2, 40, 128
	for _, loops := range all {
		for loop, pass := range map[string]func(p *winogradPass){
			"input": loops.input, "output": loops.output, "outputGradient": loops.outputGradient,
			"weight": loops.weight, "weightGradient": loops.weightGradient, "dyInput": loops.dyInput, "dxOutput": loops.dxOutput,
		} {
			x := inputs(2, 9*outer*leap)
			var p winogradPass
			p.terms(9, &x[0][0], 4*outer*leap)
			p.to, p.toStride = &x[1][0], 4*outer*leap
			p.steps(channels, count, 4*step, 4*step, outer, 4*leap, 4*leap)
			pass(&p)
			l.same(name+" "+loop, x[1])
		}
	}
}

func (l loopBits) elementwise(loops *elementwiseLoops) {
	x := inputs(3, 64)
	loops.add(x[0], x[1], x[2])
	l.same("add", x[0])
	loops.addScaled(x[0], x[1], 0.3)
	l.same("addScaled", x[0])
	loops.scale(x[1], x[0], 0.7)
	l.same("scale", x[1])
	loops.relu(x[2], x[1])
	l.same("relu", x[2])
	loops.reluBackward(x[2], x[0], x[1])
	l.same("reluBackward", x[2])
	loops.lerp(x[0], x[1], x[2], 0.1)
	l.same("lerp", x[0])
	sum := make([]float64, 16)
	loops.sumRows(sum, x[0], 3, 20)
	l.same("sumRows", sum)
}

func (l loopBits) update(loops *updateLoops) {
	x := inputs(4, 64)
	loops.ascendScaled(x[0], x[1], 0.3, 0.1)
	l.same("ascendScaled", x[0])
	loops.sgdPlain(x[0], x[1], 0.1, 0.3)
	l.same("sgdPlain", x[0])
	loops.sgdMomentum(x[0], x[1], x[2], 0.9, 0.1, 0.3, 0.7)
	l.same("sgdMomentum", x[0], x[1])
	loops.sgdNesterov(x[0], x[1], x[2], 0.9, 0.1, 0.3, 0.7)
	l.same("sgdNesterov", x[0], x[1])
	for i, v := range x[2] {
		x[2][i] = max(v, -v)
	}
	loops.adamW(x[0], x[1], x[2], x[3], 0.1, 0.9, 0.99, 0.1, 0.01, 0.3, 0.7, 1e-3)
	l.same("adamW", x[0], x[1], x[2])

	x = inputs(3, 4096) // so many that float64 rounds
	l.same("sumSquares", loops.sumSquares(x[0]))
	l.same("sumSquaresScaled", loops.sumSquaresScaled(x[0], x[1], 0.1))
	uu, vv, uv := loops.displacements(x[0], x[1], x[2])
	l.same("displacements", uu, vv, uv)
}

func (l loopBits) batchNorm(loops batchNormLoops) {
	const rows, c, width = 7, 52, 48
	x, n := inputs(4, rows*c), inputs(7, width)
	sum, dot := make([]float64, width), make([]float64, width)
	loops.moments(sum, dot, x[0], rows, c)
	l.same("moments", sum, dot)
	for i, relu := range []bool{false, true} {
		loops.apply(x[1], x[0], nil, n[0], n[1], n[2], rows, c, relu)
		loops.apply(x[2], x[0], x[3], n[0], n[1], n[2], rows, c, relu)
		l.same([]string{"apply", "apply and ReLU"}[i], x[1], x[2])
	}
	loops.sums(sum, dot, x[3], x[0], n[0], n[1], rows, c)
	l.same("sums", sum, dot)
	loops.sumsReLU(sum, dot, x[3], x[1], x[0], n[0], n[1], rows, c)
	l.same("sumsReLU", sum, dot, x[3])
	loops.sumsOwn(sum, dot, x[2], x[0], n[0], n[1], n[5], n[6], rows, c)
	l.same("sumsOwn", sum, dot)
	loops.dx(x[1], x[2], x[0], n[0], n[1], n[2], n[3], n[4], rows, c)
	l.same("dx", x[1])
	loops.dxOwn(x[1], x[2], x[0], n[0], n[1], n[2], n[3], n[4], n[5], n[6], rows, c)
	l.same("dxOwn", x[1])
}

func (l loopBits) pool(loops *poolLoops) {
	const channels, windows, rows, columns, width, c, step = 16, 3, 3, 2, 9, 20, 2
	x, y, index := inputs(1, rows*width*c)[0], make([]float32, windows*c), make([]int32, windows*c)
	loops.max(y, index, x, channels, windows, rows, columns, width, c, step, 100)
	l.same("max", y, index)
	loops.maxBackward(y, index, x, channels, windows, rows, columns, width, c, step, 100)
	l.same("maxBackward", x)
}

func (l loopBits) references() {
	g := Conv{N: 2, H: 5, W: 5, C: 3, OC: 4, KH: 3, KW: 3, Stride: 1, Pad: 1}
	x := inputs(3, max(g.XLen(), g.WLen(), g.YLen()))
	y := make([]float32, g.YLen())
	conv2dRef(y, x[0][:g.XLen()], x[1][:g.WLen()], x[2][:g.OC], g)
	l.same("conv2dRef", y)
	conv2dBackwardInputRef(x[0][:g.XLen()], y, x[1][:g.WLen()], g)
	l.same("conv2dBackwardInputRef", x[0])
	conv2dBackwardWeightAddRef(x[1][:g.WLen()], y, x[0][:g.XLen()], g)
	l.same("conv2dBackwardWeightAddRef", x[1])

	norm := BatchNorm{Rows: 50, C: 3}
	mean, variance := make([]float64, norm.C), make([]float64, norm.C)
	batchNormStatisticsRef(mean, variance, widened(x[0][:g.XLen()]), norm)
	l.same("batchNormStatisticsRef", mean, variance)
	l.same("sumDistancesRef", sumDistancesRef(x[0], x[1], 0.1, true))
}
