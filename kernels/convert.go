package kernels

import "fmt"

// activationType is the type that activations beside x have: that of x where
// the device keeps activations in it, else the device's precision.
func activationType(x Buffer) Dtype {
	if x.dtype == x.dev.Activations() {
		return x.dtype
	}
	return x.dev.precision
}

// suffix is what the names of kernels for activations of type t end with.
func (t Dtype) suffix() string {
	return map[Dtype]string{Float16: "_f16", BFloat16: "_bf16"}[t]
}

// wide is how many elements have 16 bytes.
func (t Dtype) wide() int { return 16 / t.Size() }

// wides is a thread for every 16 bytes of b, in blocks of 256.
func wides(b Buffer) size { return blocks(tiles(b.n, 256*b.dtype.wide()), 256) }

// Cast rounds x, float32, to y: weights, as products read them. On a device that
// runs PTX y has 16 bits; on one that emulates a format it is float32, and may
// alias x.
func Cast(y, x Buffer) {
	mustMatch("Cast", y.dtype, x.n, y)
	mustMatch("Cast", Float32, x.n, x)
	mustShare("Cast", y, x)
	f, emulated := x.dev.emulated()
	switch {
	case y.dtype.suffix() != "" && x.dev.gpu != nil:
		y.dev.gpu.launch("narrow"+y.dtype.suffix(), blocks(tiles(y.n, 2048), 256), y, x, x.n)
	case !emulated:
		panic(fmt.Sprintf("kernels: Cast to %v on device %s, which computes in %v: want 16 bits on a device that runs PTX, or one that emulates them",
			y.dtype, x.dev.name, x.dev.compute))
	case x.dev.isCPU():
		x.dev.pool.ranges(x.n, func(lo, hi int) { f.castEmulated(f32(y)[lo:hi], f32(x)[lo:hi]) })
	default:
		f.castEmulated(f32(y), f32(x))
	}
}
