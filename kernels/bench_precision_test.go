package kernels

import "testing"

// BenchmarkCast rounds weights as the device cpu does when it stands for tensor
// cores.
func BenchmarkCast(b *testing.B) {
	const n = 4 << 20
	for _, compute := range []Compute{ComputeTF32, ComputeFloat16, ComputeBFloat16} {
		b.Run(compute.String(), func(b *testing.B) {
			r := openRig(b, Config{Name: "cpu", Threads: 2, Compute: compute})
			x, y := r.ones(n), r.ones(n)
			reportTraffic(b, r, 8*n, func() { Cast(y, x) })
		})
	}
}

func BenchmarkLossScale(b *testing.B) {
	const n = 4 << 20
	b.Run("Unscale", func(b *testing.B) {
		traffic(b, 2, n, func(r rig) func() {
			x, overflow := r.ones(n), r.ints(0)
			return func() { Unscale(x, overflow, 1) }
		})
	})
	b.Run("RestoreIf", func(b *testing.B) { // of an overflow
		traffic(b, 2, n, func(r rig) func() {
			x, y, condition := r.ones(n), r.ones(n), r.ints(1)
			return func() { RestoreIf(y, x, condition) }
		})
	})
}
