package ptxsim

import (
	"crypto/sha256"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestGenerated checks that the PTX of the test kernels is that of their
// sources.
func TestGenerated(t *testing.T) {
	sources, _ := filepath.Glob("testdata/*.cu")
	header := readFile(t, "test.cuh")
	for _, name := range sources {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sum := fmt.Sprintf("// source-sha256: %x\n", sha256.Sum256(append([]byte(header), source...)))
		if !strings.Contains(readFile(t, strings.TrimSuffix(filepath.Base(name), ".cu")+".ptx"), sum) {
			t.Errorf("the PTX of %s is stale: run testdata/build.sh", name)
		}
	}
	if len(sources) == 0 {
		t.Error("no sources")
	}
}

// closeTo checks that got is want up to tol of scale.
func closeTo(t *testing.T, what string, got, want, scale, tol float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tol*scale) {
		t.Fatalf("%s = %v, want %v", what, got, want)
	}
}

// runMatmul multiplies with the kernel in ptx and returns the product.
func runMatmul(t testing.TB, d *Device, ptx string, m, n, k int) (a, b, c []float32, err error) {
	t.Helper()
	kern := kernelOf(t, d, ptx, "matmul")
	a, b = normal(1, m*k), normal(2, k*n)
	pc := alloc[float32](t, d, m*n)
	args := pack(t, kern, pc, upload(t, d, a), upload(t, d, b), m, n, k)
	if err = d.Launch(0, kern, dim((n+63)/64, (m+63)/64), dim(256, 1), 0, args); err != nil {
		return nil, nil, nil, err
	}
	return a, b, download[float32](t, d, pc, m*n), nil
}

func TestMatmul(t *testing.T) {
	for _, s := range [][3]int{{64, 64, 16}, {70, 68, 36}, {1, 4, 4}, {130, 64, 100}} {
		m, n, k := s[0], s[1], s[2]
		a, b, c, err := runMatmul(t, New(Config{}), readFile(t, "matmul.ptx"), m, n, k)
		if err != nil {
			t.Fatal(err)
		}
		for i := range m {
			for j := range n {
				sum, scale := 0.0, 1.0
				for p := range k {
					x := float64(a[i*k+p]) * float64(b[p*n+j])
					sum, scale = sum+x, scale+math.Abs(x)
				}
				closeTo(t, fmt.Sprintf("%v: c[%d,%d]", s, i, j), float64(c[i*n+j]), sum, scale, 1e-6)
			}
		}
	}
}

func TestReduce(t *testing.T) {
	ptx := readFile(t, "reduce.ptx")
	for _, n := range []int{1, 31, 256, 1000, 5000} {
		d := New(Config{})
		x := normal(uint64(n), n)
		want, scale := 0.0, 0.0
		for _, v := range x {
			want, scale = want+float64(v), scale+math.Abs(float64(v))
		}
		px, part, sum := upload(t, d, x), alloc[float32](t, d, 8), upload(t, d, []float32{0})
		launchOK(t, d, kernelOf(t, d, ptx, "sum_partial"), dim(8, 1), dim(256, 1), 0, part, px, n)
		launchOK(t, d, kernelOf(t, d, ptx, "sum_final"), dim(1, 1), dim(96, 1), 0, sum, part, 8)
		closeTo(t, "sum", float64(download[float32](t, d, sum, 1)[0]), want, scale, 1e-6)
		sum = upload(t, d, []float32{0})
		launchOK(t, d, kernelOf(t, d, ptx, "sum_atomic"), dim(8, 1), dim(256, 1), 0, sum, px, n)
		closeTo(t, "atomic sum", float64(download[float32](t, d, sum, 1)[0]), want, scale, 1e-6)
	}
	d := New(Config{})
	x := normal(9, 256)
	want, scale := 0.0, 0.0
	for _, v := range x {
		want, scale = want+float64(v), scale+math.Abs(float64(v))
	}
	sum := alloc[float32](t, d, 1)
	launchOK(t, d, kernelOf(t, d, ptx, "sum_tree"), dim(1, 1), dim(256, 1), 0, sum, upload(t, d, x))
	closeTo(t, "tree sum", float64(download[float32](t, d, sum, 1)[0]), want, scale, 1e-6)
}

func TestHistogram(t *testing.T) {
	d := New(Config{Workers: 4})
	x := make([]uint32, 3000)
	want := make([]uint32, 16)
	for i := range x {
		x[i] = uint32(i * i)
		want[x[i]%16]++
	}
	count := upload(t, d, make([]uint32, 16))
	launchOK(t, d, kernelOf(t, d, readFile(t, "reduce.ptx"), "histogram"), dim(5, 1), dim(256, 1), 0, count, upload(t, d, x), len(x))
	if got := download[uint32](t, d, count, 16); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestSoftmax(t *testing.T) {
	d := New(Config{})
	rows, n := 7, 77
	x := normal(1, rows*n)
	length := []int32{77, 1, 32, 33, 50, 31, 64}
	y := alloc[float32](t, d, rows*n)
	k := kernelOf(t, d, readFile(t, "softmax.ptx"), "softmax")
	launchOK(t, d, k, dim(2, 1), dim(128, 1), 0, y, upload(t, d, x), upload(t, d, length), rows, n)
	got := download[float32](t, d, y, rows*n)
	for r := range rows {
		sum := 0.0
		for _, v := range x[r*n : r*n+int(length[r])] {
			sum += math.Exp(float64(v))
		}
		for i := range n {
			want := math.Exp(float64(x[r*n+i])) / sum
			if i >= int(length[r]) {
				want = 0
			}
			closeTo(t, fmt.Sprintf("y[%d,%d]", r, i), float64(got[r*n+i]), want, 1, 1e-6)
		}
	}
	if c := d.Counters("softmax"); c.Divergent == 0 || c.Launches != 1 {
		t.Errorf("counters %+v: want divergence", c)
	}
}

func TestCollatz(t *testing.T) {
	d := New(Config{})
	n := 1000
	x, want := make([]uint32, n), make([]int32, n)
	for i := range x {
		x[i] = uint32(i*7919 + 1)
		for v := x[i]; v > 1; want[i]++ {
			if v&1 == 1 {
				if v > 0x50000000 {
					want[i] = -1
					break
				}
				v = 3*v + 1
			} else {
				v /= 2
			}
		}
	}
	steps := alloc[int32](t, d, n)
	launchOK(t, d, kernelOf(t, d, readFile(t, "softmax.ptx"), "collatz"), dim((n+95)/96, 1), dim(96, 1), 0, steps, upload(t, d, x), n)
	for i, g := range download[int32](t, d, steps, n) {
		if g != want[i] {
			t.Fatalf("steps from %d: %d, want %d", x[i], g, want[i])
		}
	}
}

// bfloats rounds to bfloat16.
func bfloats(s []float32) []uint16 {
	out := make([]uint16, len(s))
	for i, v := range s {
		out[i] = uint16(formatBfloat.encode(float64(v)))
	}
	return out
}

// runMMA multiplies bfloat16 matrices with the kernel in ptx and compares the
// product.
func runMMA(t testing.TB, d *Device, ptx string, m, n, k, shared int) (a, b []uint16, c []float32, err error) {
	t.Helper()
	kern := kernelOf(t, d, ptx, "matmul_bf16")
	a, b = bfloats(normal(1, m*k)), bfloats(normal(2, k*n))
	pc := alloc[float32](t, d, m*n)
	args := pack(t, kern, pc, upload(t, d, a), upload(t, d, b), m, n, k)
	if err = d.Launch(0, kern, dim((n+31)/32, (m+63)/64), dim(128, 1), shared, args); err != nil {
		return nil, nil, nil, err
	}
	return a, b, download[float32](t, d, pc, m*n), nil
}

const mmaShared = 2 * (64*40 + 32*40) * 2

func TestMMA(t *testing.T) {
	for _, s := range [][3]int{{64, 32, 64}, {70, 40, 72}, {16, 8, 8}} {
		m, n, k := s[0], s[1], s[2]
		d := New(Config{})
		a, b, c, err := runMMA(t, d, readFile(t, "mma.ptx"), m, n, k, mmaShared)
		if err != nil {
			t.Fatal(err)
		}
		for i := range m {
			for j := range n {
				sum := 0.0
				for p := range k {
					sum += formatBfloat.decode(uint32(a[i*k+p])) * formatBfloat.decode(uint32(b[p*n+j]))
				}
				closeTo(t, fmt.Sprintf("%v: c[%d,%d]", s, i, j), float64(c[i*n+j]), sum, 1, 1e-4)
			}
		}
		// Eight lanes write two rows of 64 bytes, 80 bytes apart: the first and the
		// last 16 bytes meet.
		if got := d.Counters("matmul_bf16"); m > 16 && got.CopyConflicts == 0 {
			t.Errorf("%v: no conflicts of cp.async", s)
		}
		if got := d.Counters("matmul_bf16"); got.BankConflicts != 0 {
			t.Errorf("%d bank conflicts, want none with padded rows", got.BankConflicts)
		}
	}
}
