package ptxsim

import (
	"errors"
	"math/rand/v2"
	"os"
	"testing"
	"unsafe"

	"lbsam/kernels/driver"
)

// number is a type of array elements.
type number interface {
	uint8 | int32 | uint32 | uint64 | float32 | float64 | uint16
}

// asBytes returns the memory of s.
func asBytes[T number](s []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(s[0])))
}

// upload copies s to new device memory.
func upload[T number](t testing.TB, d *Device, s []T) driver.Ptr {
	t.Helper()
	p := alloc[T](t, d, len(s))
	if err := d.CopyIn(0, p, asBytes(s)); err != nil {
		t.Fatal(err)
	}
	return p
}

// alloc returns memory for n elements.
func alloc[T number](t testing.TB, d *Device, n int) driver.Ptr {
	t.Helper()
	var zero T
	p, err := d.Alloc(n * int(unsafe.Sizeof(zero)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// download copies n elements from the device.
func download[T number](t testing.TB, d *Device, p driver.Ptr, n int) []T {
	t.Helper()
	s := make([]T, n)
	if err := d.CopyOut(0, asBytes(s), p); err != nil {
		t.Fatal(err)
	}
	return s
}

// kernelOf loads PTX and returns one kernel.
func kernelOf(t testing.TB, d *Device, ptx, name string) driver.Kernel {
	t.Helper()
	m, err := d.Load(ptx)
	if err != nil {
		t.Fatal(err)
	}
	k, err := m.Kernel(name)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// readFile returns a file of testdata.
func readFile(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// pack packs arguments: driver.Ptr, int32, uint64, float32.
func pack(t testing.TB, k driver.Kernel, args ...any) []byte {
	t.Helper()
	var a driver.Args
	for _, x := range args {
		switch v := x.(type) {
		case driver.Ptr:
			a.Ptr(v)
		case int:
			a.Int32(int32(v))
		case uint64:
			a.Uint64(v)
		case float32:
			a.Float32(v)
		default:
			t.Fatalf("argument of type %T", x)
		}
	}
	b, err := a.For(k)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func dim(x, y int) driver.Dim3 { return driver.Dim3{X: uint32(x), Y: uint32(y), Z: 1} }

// launchOK launches a kernel that must not fail.
func launchOK(t testing.TB, d *Device, k driver.Kernel, grid, block driver.Dim3, shared int, args ...any) {
	t.Helper()
	if err := d.Launch(0, k, grid, block, shared, pack(t, k, args...)); err != nil {
		t.Fatal(err)
	}
}

// wantFault checks that err is a fault of the given kind.
func wantFault(t testing.TB, err error, want Kind) *Fault {
	t.Helper()
	var f *Fault
	if !errors.As(err, &f) {
		t.Fatalf("got %v, want a fault: %v", err, want)
	}
	if f.Kind != want {
		t.Errorf("got %v, want %v", err, want)
	}
	return f
}

// normal returns n random numbers.
func normal(seed uint64, n int) []float32 {
	r := rand.New(rand.NewPCG(seed, uint64(n)))
	s := make([]float32, n)
	for i := range s {
		s[i] = float32(r.NormFloat64())
	}
	return s
}
