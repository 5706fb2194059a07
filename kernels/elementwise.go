package kernels

import "fmt"

// Zero sets x to 0.
func Zero(x Buffer) { Fill(x, 0) }

// Fill sets every element of x to v, rounded to its type.
func Fill(x Buffer, v float64) {
	defer x.dev.span("Fill", x).end()
	if x.dev.gpu != nil {
		x.dev.gpu.fill(x, v)
		return
	}
	switch x.dtype {
	case Float32:
		if x.dev.isCPU() {
			x.dev.pool.ranges(x.n, func(lo, hi int) { fillCPU(f32(x)[lo:hi], float32(v)) })
			return
		}
		fill(f32(x), float32(v))
	case Float64:
		fill(f64(x), v)
	case Int32:
		fill(i32(x), int32(v))
	case Uint8:
		fill(u8(x), uint8(v))
	default:
		panic(fmt.Sprintf("kernels: Fill of a buffer of %v on device %s", x.dtype, x.dev.name))
	}
}

// Copy copies x into y, of the same type and length.
func Copy(y, x Buffer) {
	defer y.dev.span("Copy", y, x).end()
	mustMatch("Copy", x.dtype, x.n, x, y)
	if x.dev.gpu != nil {
		x.dev.gpu.copy(y, x)
		return
	}
	if x.dev.isCPU() && x.dtype == Float32 {
		x.dev.pool.ranges(x.n, func(lo, hi int) { copy(f32(y)[lo:hi], f32(x)[lo:hi]) })
		return
	}
	size := x.dtype.Size()
	copy(bytes(y, size), bytes(x, size))
}

// Add computes y = a + b. y may alias a or b.
func Add(y, a, b Buffer) {
	defer y.dev.span("Add", y, a, b).end()
	mustMatch("Add", activationType(a), a.n, a, b, y)
	switch {
	case a.dev.gpu != nil:
		a.dev.gpu.launch("add"+a.dtype.suffix(), wides(a), y, a, b, a.n)
	case a.dev.isCPU():
		a.dev.pool.ranges(a.n, func(lo, hi int) { addCPU(f32(y)[lo:hi], f32(a)[lo:hi], f32(b)[lo:hi]) })
	case a.dtype == Float64:
		addRef(f64(y), f64(a), f64(b))
	default:
		addRef(f32(y), f32(a), f32(b))
	}
}

// AddScaled computes y += s·x, s being a number that does not change during
// a run.
func AddScaled(y, x Buffer, s float64) {
	defer y.dev.span("AddScaled", y, x).again(y).end()
	mustMatch("AddScaled", x.dev.precision, x.n, x, y)
	switch {
	case x.dev.gpu != nil:
		x.dev.gpu.launch("add_scaled", fours(x.n), again(y), x, float32(s), x.n)
	case x.dev.isCPU():
		x.dev.pool.ranges(x.n, func(lo, hi int) { addScaledCPU(f32(y)[lo:hi], f32(x)[lo:hi], float32(s)) })
	case x.dtype == Float64:
		addScaledRef(f64(y), f64(x), s)
	default:
		addScaledRef(f32(y), f32(x), float32(s))
	}
}

// Scale computes y = s[0]·x, s being one number on the device. y may alias x;
// or x is float32 and y has 16 bits, to which the product is rounded.
func Scale(y, x, s Buffer) {
	defer y.dev.span("Scale", y, x, s).end()
	mustMatch("Scale", activationType(x), x.n, x)
	mustMatch("Scale", activationType(y), x.n, y)
	mustMatch("Scale", x.dev.precision, 1, s)
	mustShare("Scale", x, y, s)
	switch {
	case x.dtype == Float32 && y.dtype != Float32:
		x.dev.gpu.launch("narrow_scaled"+y.dtype.suffix(), blocks(tiles(x.n, 2048), 256), y, x, s, x.n)
	case x.dev.gpu != nil:
		mustMatch("Scale", x.dtype, x.n, x, y)
		x.dev.gpu.launch("scale"+x.dtype.suffix(), wides(x), y, x, s, x.n)
	case x.dev.isCPU():
		factor := f32(s)[0]
		x.dev.pool.ranges(x.n, func(lo, hi int) { scaleCPU(f32(y)[lo:hi], f32(x)[lo:hi], factor) })
	case x.dtype == Float64:
		scaleRef(f64(y), f64(x), f64(s)[0])
	default:
		scaleRef(f32(y), f32(x), f32(s)[0])
	}
}

// ReLU computes y = max(x, 0). y may alias x.
func ReLU(y, x Buffer) {
	defer y.dev.span("ReLU", y, x).end()
	mustMatch("ReLU", activationType(x), x.n, x, y)
	switch {
	case x.dev.gpu != nil:
		x.dev.gpu.launch("relu"+x.dtype.suffix(), wides(x), y, x, x.n)
	case x.dev.isCPU():
		x.dev.pool.ranges(x.n, func(lo, hi int) { reluCPU(f32(y)[lo:hi], f32(x)[lo:hi]) })
	case x.dtype == Float64:
		reluRef(f64(y), f64(x))
	default:
		reluRef(f32(y), f32(x))
	}
}

// ReLUBackward sets dx[i] = dy[i] where y[i] > 0 and 0 elsewhere, y being the
// forward output. dx may alias dy.
func ReLUBackward(dx, dy, y Buffer) {
	defer dx.dev.span("ReLUBackward", dx, dy, y).end()
	mustMatch("ReLUBackward", activationType(y), y.n, y, dy, dx)
	switch {
	case y.dev.gpu != nil:
		y.dev.gpu.launch("relu_backward"+y.dtype.suffix(), wides(y), dx, dy, y, y.n)
	case y.dev.isCPU():
		y.dev.pool.ranges(y.n, func(lo, hi int) { reluBackwardCPU(f32(dx)[lo:hi], f32(dy)[lo:hi], f32(y)[lo:hi]) })
	case y.dtype == Float64:
		reluBackwardRef(f64(dx), f64(dy), f64(y))
	default:
		reluBackwardRef(f32(dx), f32(dy), f32(y))
	}
}

// Increment adds by to counter[0], an int32.
func Increment(counter Buffer, by int) {
	defer counter.dev.span("Increment", counter).end()
	mustMatch("Increment", Int32, 1, counter)
	if counter.dev.gpu != nil {
		counter.dev.gpu.launch("increment", blocks(1, 1), counter, by)
		return
	}
	i32(counter)[0] += int32(by)
}

// SumRowsAdd adds to sum [c] the sum of the rows of x [n, c]: the gradient of
// a bias.
func SumRowsAdd(sum, x Buffer) {
	defer sum.dev.span("SumRowsAdd", sum, x).end()
	mustMatch("SumRowsAdd", activationType(x), x.n/sum.n*sum.n, x)
	mustMatch("SumRowsAdd", x.dev.precision, sum.n, sum)
	mustShare("SumRowsAdd", sum, x)
	switch {
	case x.dev.gpu != nil:
		sumRowsAddGPU(sum, x)
	case x.dev.isCPU():
		sumRowsAddCPU(x.dev.pool, f32(sum), f32(x))
	case x.dtype == Float64:
		sumRowsAddRef(f64(sum), f64(x))
	default:
		sumRowsAddRef(f32(sum), f32(x))
	}
}

func sumRowsAddGPU(sum, x Buffer) {
	rows := x.n / sum.n
	w := walkRows(rows, sum.n, 1)
	partial, tickets := x.dev.sums(w.slices*sum.n), x.dev.tickets(int(w.grid.X))
	x.dev.gpu.launch("sum_rows_add"+x.dtype.suffix(), w.size, sum, x, partial, tickets, rows, sum.n, w.depth)
}
