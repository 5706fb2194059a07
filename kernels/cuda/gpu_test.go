package cuda_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"os"
	"testing"
	"unsafe"

	"lbsam/kernels/cuda"
	"lbsam/kernels/driver"
)

// A matmul is a product on a device, with the kernel of the interpreter's tests:
// c [m, n] = a [m, k] b [k, n].
type matmul struct {
	m, n, k    int
	a, b       []float32
	pa, pb, pc driver.Ptr
	kernel     driver.Kernel
	args       []byte
}

// TestGPU multiplies on the GPU of this machine, by a launch and by a graph.
// Without a GPU it is skipped, but fails where LBSAM_GPU=1 says that there is
// one.
func TestGPU(t *testing.T) {
	if !inChild(t) {
		return
	}
	d, err := cuda.Open(0, cuda.Config{})
	if err != nil && os.Getenv("LBSAM_GPU") != "1" {
		t.Skip(err)
	}
	check(t, err)
	t.Log(d.Info())
	x := newMatmul(t, d, 130, 68, 100)
	x.clear(t, d)
	check(t, x.launch(d))
	want := x.compare(t, d)

	x.clear(t, d)
	from, err := d.NewEvent()
	check(t, err)
	to, err := d.NewEvent()
	check(t, err)
	g, err := d.Capture(0, func() error { return x.launch(d) })
	check(t, err, d.Record(from, 0), g.Launch(0), d.Record(to, 0))
	if got := x.compare(t, d); !bytes.Equal(got, want) {
		t.Error("a graph and a launch give different bits")
	}
	elapsed, err := d.Elapsed(from, to)
	check(t, err, g.Free(), d.Close())
	t.Logf("one product in %v", elapsed)
}

func newMatmul(t *testing.T, d *cuda.Device, m, n, k int) *matmul {
	ptx, err := os.ReadFile("../ptxsim/testdata/matmul.ptx")
	check(t, err)
	module, err := d.Load(string(ptx))
	check(t, err)
	x := &matmul{m: m, n: n, k: k, a: normal(m * k), b: normal(k * n)}
	x.kernel, err = module.Kernel("matmul")
	check(t, err)
	x.pa, x.pb, x.pc = alloc(t, d, 4*m*k), alloc(t, d, 4*k*n), alloc(t, d, 4*m*n)
	check(t, d.CopyIn(0, x.pa, asBytes(x.a)), d.CopyIn(0, x.pb, asBytes(x.b)))
	x.args, err = new(driver.Args).Ptr(x.pc).Ptr(x.pa).Ptr(x.pb).Int32(int32(m)).Int32(int32(n)).Int32(int32(k)).For(x.kernel)
	check(t, err)
	return x
}

func (x *matmul) launch(d *cuda.Device) error {
	grid := driver.Dim3{X: uint32(x.n+63) / 64, Y: uint32(x.m+63) / 64, Z: 1}
	return d.Launch(0, x.kernel, grid, driver.Dim3{X: 256, Y: 1, Z: 1}, 0, x.args)
}

// clear sets the product to NaN.
func (x *matmul) clear(t *testing.T, d *cuda.Device) {
	check(t, d.Fill32(0, x.pc, math.Float32bits(float32(math.NaN())), x.m*x.n))
}

// compare compares the product with sums in float64 and returns its bytes. The
// kernel rounds k times; 1e-6 of the sum of magnitudes is the tolerance of the
// same kernel in the interpreter.
func (x *matmul) compare(t *testing.T, d *cuda.Device) []byte {
	t.Helper()
	c := make([]float32, x.m*x.n)
	check(t, d.CopyOut(0, asBytes(c), x.pc))
	for i := range c {
		row, col, sum, scale := i/x.n, i%x.n, 0.0, 0.0
		for p := range x.k {
			v := float64(x.a[row*x.k+p]) * float64(x.b[p*x.n+col])
			sum, scale = sum+v, scale+math.Abs(v)
		}
		if !(math.Abs(float64(c[i])-sum) <= 1e-6*scale) {
			t.Fatalf("c[%d,%d] = %g, want %g", row, col, c[i], sum)
		}
	}
	return asBytes(c)
}

// normal returns n random numbers.
func normal(n int) []float32 {
	r, s := rand.New(rand.NewPCG(1, uint64(n))), make([]float32, n)
	for i := range s {
		s[i] = float32(r.NormFloat64())
	}
	return s
}

func asBytes(s []float32) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(&s[0])), 4*len(s)) }
