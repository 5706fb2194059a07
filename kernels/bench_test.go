package kernels

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// Every benchmark runs on one thread, on two, and as the reference loop, and
// reports the best GB/s of the least traffic: each operand read once and each
// result written once. A sum that is needed before the second step makes two
// passes.

// traffic benchmarks op, which streams the given number of arrays of n floats.
func traffic(b *testing.B, streams, n int, op func(r rig) func()) { moved(b, streams*n*4, op) }

// moved benchmarks op, which reads and writes the given number of bytes.
func moved(b *testing.B, bytes int, op func(r rig) func()) {
	for _, c := range []struct {
		name   string
		config Config
	}{{"cpu1", Config{Name: "cpu", Threads: 1}}, {"cpu2", Config{Name: "cpu", Threads: 2}}, {"ref", Config{Name: "ref"}}} {
		b.Run(c.name, func(b *testing.B) {
			r := openRig(b, c.config)
			reportTraffic(b, r, bytes, op(r))
		})
	}
}

// reportTraffic runs body b.N times, each next to a copy by the same device that
// reads and writes as much, 8 MB at least, and reports the best GB/s and its share
// of the best copy.
func reportTraffic(b *testing.B, r rig, bytes int, body func()) {
	n := max(bytes, 8<<20) / 8
	from, to := r.ones(n), r.ones(n)
	fastest := func(best time.Duration, work func()) time.Duration {
		start := time.Now()
		work()
		return min(best, time.Since(start))
	}
	op, copied := time.Duration(math.MaxInt64), time.Duration(math.MaxInt64)
	body()
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		op = fastest(op, body)
		copied = fastest(copied, func() { Copy(to, from) })
	}
	rate, peak := float64(bytes)/op.Seconds(), float64(8*n)/copied.Seconds()
	b.ReportMetric(rate/1e9, "GB/s")
	b.ReportMetric(100*rate/peak, "%copy")
}

// ones is n numbers; speed does not depend on their values.
func (r rig) ones(n int) Buffer {
	x := r.dev.Alloc(r.dev.precision, n)
	Fill(x, 1)
	return x
}

func BenchmarkElementwise(b *testing.B) {
	const n = 128 * 32 * 32 * 64
	for _, c := range []struct {
		name    string
		streams int
		run     func(y, a, b, one Buffer)
	}{
		{"Fill", 1, func(y, _, _, _ Buffer) { Fill(y, 1) }},
		{"Copy", 2, func(y, a, _, _ Buffer) { Copy(y, a) }},
		{"Add", 3, func(y, a, b, _ Buffer) { Add(y, a, b) }},
		{"AddScaled", 3, func(y, a, _, _ Buffer) { AddScaled(y, a, 0.5) }},
		{"Scale", 2, func(y, a, _, one Buffer) { Scale(y, a, one) }},
		{"ReLU", 2, func(y, a, _, _ Buffer) { ReLU(y, a) }},
		{"ReLUBackward", 3, func(y, a, b, _ Buffer) { ReLUBackward(y, a, b) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			traffic(b, c.streams, n, func(r rig) func() {
				y, x, z, one := r.ones(n), r.ones(n), r.ones(n), r.ones(1)
				return func() { c.run(y, x, z, one) }
			})
		})
	}
}

func BenchmarkBatchNorm(b *testing.B) {
	for _, shape := range [][2]int{{128 * 32 * 32, 16}, {128 * 32 * 32, 64}, {128 * 4 * 4, 512}} {
		for _, c := range []struct {
			name    string
			streams int
			run     func(c *bnCase)
		}{
			{"Statistics", 1, func(c *bnCase) { BatchNormStatistics(c.mean, c.variance, c.x, BatchNormRunning{}, c.g) }},
			{"Apply", 2, func(c *bnCase) {
				BatchNormApply(c.y, c.x, Buffer{}, c.gamma, c.beta, c.mean, c.variance, c.g)
			}},
			{"ApplyAddReLU", 3, func(c *bnCase) {
				c.g.ReLU = true
				BatchNormApply(c.y, c.x, c.dx, c.gamma, c.beta, c.mean, c.variance, c.g)
			}},
			{"Backward", 5, func(c *bnCase) { c.g.ReLU = false; c.backward(true) }},
			{"BackwardReLU", 7, func(c *bnCase) { c.g.ReLU = true; c.backward(true) }},
			{"BackwardReLUAlone", 5, func(c *bnCase) { c.g.ReLU, c.alone, c.dx = true, true, c.dy; c.backward(true) }},
		} {
			b.Run(fmt.Sprintf("%s/%dx%d", c.name, shape[0], shape[1]), func(b *testing.B) {
				n := shape[0] * shape[1]
				traffic(b, c.streams, n, func(r rig) func() {
					one := func() Buffer { return r.ones(shape[1]) }
					operands := &bnCase{
						g: BatchNorm{Rows: shape[0], C: shape[1], Eps: 1e-5}, x: r.ones(n), y: r.ones(n), dx: r.ones(n), dy: r.ones(n),
						gamma: one(), beta: one(), mean: one(), variance: one(), dgam: one(), dbet: one(),
					}
					return func() { c.run(operands) }
				})
			})
		}
	}
}

func BenchmarkUpdate(b *testing.B) {
	const n = 4 << 20
	for _, c := range []struct {
		name    string
		streams int
		scaled  bool
		run     func(w, g, m, v, one Buffer, step Buffer, s *Segments)
	}{
		{"ScaledNorm/plain", 1, false, func(w, g, _, _, one, _ Buffer, s *Segments) { ScaledNorm(one, w, g, s, 0.01) }},
		{"ScaledNorm/scaled", 2, true, func(w, g, _, _, one, _ Buffer, s *Segments) { ScaledNorm(one, w, g, s, 0.01) }},
		{"Ascend/plain", 3, false, func(w, g, _, _, one, _ Buffer, s *Segments) { Ascend(w, g, one, one, s, 0.01) }},
		{"Ascend/scaled", 3, true, func(w, g, _, _, one, _ Buffer, s *Segments) { Ascend(w, g, one, one, s, 0.01) }},
		{"Alignment", 3, false, func(w, g, m, _, one, _ Buffer, s *Segments) { Alignment(one, w, g, m, s, false) }},
		{"ScaledDistance", 2, false, func(w, g, _, _, one, _ Buffer, s *Segments) { ScaledDistance(one, w, g, s, 0.01) }},
		{"Project", 3, false, func(w, g, m, _, one, _ Buffer, s *Segments) { Fill(one, 0.5); Project(w, g, m.Slice(0, 1), one, s) }},
		{"ClipNorm", 2, false, func(_, g, _, _, one, _ Buffer, s *Segments) { ClipNorm(g, one, 1, s) }},
		{"Interpolate", 3, false, func(w, g, m, _, one, _ Buffer, s *Segments) { Fill(one, 0.5); Interpolate(w, g, m, one, s) }},
		{"SGD/plain", 3, false, func(w, g, _, _, one, _ Buffer, s *Segments) { SGDStep(w, w, Buffer{}, g, one, one, Buffer{}, SGD{}, s) }},
		{"SGD/momentum", 5, false, func(w, g, m, _, one, _ Buffer, s *Segments) {
			SGDStep(w, w, m, g, one, one, Buffer{}, SGD{Momentum: 0.9}, s)
		}},
		{"SGD/nesterov", 5, false, func(w, g, m, _, one, _ Buffer, s *Segments) {
			SGDStep(w, w, m, g, one, one, Buffer{}, SGD{Momentum: 0.9, Nesterov: true}, s)
		}},
		{"AdamW", 7, false, func(w, g, m, v, one, step Buffer, s *Segments) {
			AdamWStep(w, w, m, v, g, one, step, Buffer{}, AdamW{0.9, 0.999, 1e-8, 0.01}, s)
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			traffic(b, c.streams, n, func(r rig) func() {
				w, g, m, v, one, step := r.ones(n), r.ones(n), r.ones(n), r.ones(n), r.ones(1), r.ints(1)
				s := NewSegments(r.dev, n, []Segment{{Len: n, Scaled: c.scaled}})
				return func() { c.run(w, g, m, v, one, step, s) }
			})
		})
	}
}

// BenchmarkDeconflict is of gradients that are in conflict.
func BenchmarkDeconflict(b *testing.B) {
	const n = 4 << 20
	traffic(b, 5, n, func(r rig) func() {
		y, g, reference, factor := r.ones(n), r.ones(n), r.ones(n), r.ones(1)
		Fill(reference, -1)
		s := NewSegments(r.dev, n, []Segment{{Len: n}})
		return func() { Deconflict(y, g, reference, factor, s) }
	})
}

// A ring keeps one row per step, and a summary is of one number per parameter.
func BenchmarkSteps(b *testing.B) {
	const rows, c, parameters = 64, 1 << 16, 110
	b.Run("PushRow", func(b *testing.B) {
		traffic(b, 2, c, func(r rig) func() {
			ring, row, count := r.ones(rows*c), r.ones(c), r.ints(0)
			return func() { PushRow(ring, row, count) }
		})
	})
	b.Run("TakeRow", func(b *testing.B) {
		traffic(b, 2, c, func(r rig) func() {
			table, row, count := r.ones(rows*c), r.ones(c), r.ints(0)
			return func() { TakeRow(row, table, count) }
		})
	})
	b.Run("Summary", func(b *testing.B) {
		traffic(b, 1, parameters, func(r rig) func() {
			out, x := r.ones(3), r.ones(parameters)
			return func() { Summary(out, x) }
		})
	})
}
