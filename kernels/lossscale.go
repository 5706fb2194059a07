package kernels

import (
	"fmt"
	"sync/atomic"
)

// What it takes to multiply a loss, so that its gradients do not vanish in
// float16, and to undo a step in which they overflowed, without asking the host.

// Unscale computes x *= factor, and sets overflow[0], an int32, to 1 if an
// element of the result is not finite; else it leaves it alone.
func Unscale(x, overflow Buffer, factor float64) {
	mustMatch("Unscale", x.dev.precision, x.n, x)
	mustMatch("Unscale", Int32, 1, overflow)
	mustShare("Unscale", x, overflow)
	switch {
	case x.dev.gpu != nil:
		x.dev.gpu.launch("unscale", fours(x.n), again(x), overflow, float32(factor), x.n)
	case x.dev.isCPU():
		flag := &i32(overflow)[0]
		x.dev.pool.ranges(x.n, func(lo, hi int) {
			if unscaleRef(f32(x)[lo:hi], float32(factor)) {
				atomic.StoreInt32(flag, 1)
			}
		})
	case x.dtype == Float64:
		if unscaleRef(f64(x), factor) {
			i32(overflow)[0] = 1
		}
	default:
		if unscaleRef(f32(x), float32(factor)) {
			i32(overflow)[0] = 1
		}
	}
}

// RestoreIf copies x into y, of the same type and length, if condition[0], an
// int32, is not 0; else it writes nothing. Elements have 4 bytes, or 8 on ref.
func RestoreIf(y, x, condition Buffer) {
	mustMatch("RestoreIf", x.dtype, x.n, x, y)
	mustMatch("RestoreIf", Int32, 1, condition)
	mustShare("RestoreIf", x, condition)
	if size := x.dtype.Size(); size != 4 && size != x.dev.precision.Size() {
		panic(fmt.Sprintf("kernels: RestoreIf of %v, want elements of 4 bytes", x.dtype))
	}
	switch {
	case x.dev.gpu != nil:
		x.dev.gpu.launch("restore_if", blocks(min(tiles(x.n, 1024), restoreBlocks), 256), spared(y), spared(x), condition, x.n)
	case i32(condition)[0] != 0:
		Copy(y, x)
	}
}

// restoreBlocks is how many blocks there are of restore_if at most: about what
// the largest GPUs hold at once.
const restoreBlocks = 1024

// CountAndClear adds flag[0] to count[0], both int32, and sets flag[0] to 0.
func CountAndClear(count, flag Buffer) {
	mustMatch("CountAndClear", Int32, 1, count, flag)
	if count.dev.gpu != nil {
		count.dev.gpu.launch("count_and_clear", blocks(1, 1), count, flag)
		return
	}
	i32(count)[0] += i32(flag)[0]
	i32(flag)[0] = 0
}
