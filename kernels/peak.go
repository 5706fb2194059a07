package kernels

import "time"

// A Peak is what the processor does at best, on the threads of a device.
type Peak struct {
	Flops     float64 // FLOP/s of a loop of FMAs on registers; 0 without assembly
	Bandwidth float64 // bytes/s that are read and written by a copy of Copied bytes
}

// Copied is the size of the array that Peak copies, in bytes: that of the largest
// activations of a ResNet-18 with 128 images of 32 x 32 pixels.
const Copied = 32 << 20

// Peak measures the device, for some 80 ms. It is zero for other devices than cpu.
func (d *Device) Peak() (best Peak) {
	if !d.isCPU() {
		return Peak{}
	}
	const rounds, trials = 200_000, 32 // so many rounds that every thread takes part, and trials beside whatever else runs
	x, y := d.Alloc(Uint8, Copied), d.Alloc(Uint8, Copied)
	from, to := u8(x), u8(y)
	rate := func(amount float64, work func()) float64 {
		start := time.Now()
		work()
		return amount / time.Since(start).Seconds()
	}
	for range trials + 1 { // the first touches the memory
		best.Bandwidth = max(best.Bandwidth, rate(2*Copied, func() {
			d.pool.ranges(Copied/4, func(lo, hi int) { copy(to[4*lo:4*hi], from[4*lo:4*hi]) })
		}))
		best.Flops = max(best.Flops, rate(float64(d.pool.workers)*rounds*fastest.fmaPeakFlops, func() {
			d.pool.run(d.pool.workers, func(_, _ int) { fastest.fmaPeak(rounds) })
		}))
	}
	return best
}
