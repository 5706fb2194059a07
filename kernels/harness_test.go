package kernels

import (
	"fmt"
	"math"
	"os"
	"sync"
	"testing"

	"lbsam/kernels/kerneltest"
)

// lengths are awkward for vectors of 4, 8 and 16 and for the tasks of the cpu
// device.
var lengths = []int{0, 1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 255, 256, 257, 1000, grain - 1, grain, grain + 1, 3*grain + 5}

// A rig is a device under test and makes its operands.
type rig struct {
	t   testing.TB
	dev *Device
}

// openRig opens a device for a test, which closes it. A GPU is opened once per
// test: there can be one on each goroutine.
func openRig(t testing.TB, c Config) rig {
	opened.Lock()
	defer opened.Unlock()
	if r, ok := opened.gpus[t]; ok && c.Name == "cuda" {
		if r.dev.Compute() == c.Compute {
			return r
		}
		r.dev.Close()
	}
	dev, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	r := rig{t, dev}
	if c.Name == "cuda" {
		if opened.gpus == nil {
			opened.gpus = map[testing.TB]rig{}
		}
		opened.gpus[t] = r
	}
	t.Cleanup(func() {
		dev.Close()
		opened.Lock()
		defer opened.Unlock()
		delete(opened.gpus, t)
	})
	return r
}

// opened are the GPUs in use.
var opened struct {
	sync.Mutex
	gpus map[testing.TB]rig
}

// gpuIsThere reports whether there is a GPU to test on. With LBSAM_GPU=1 there
// has to be: then what keeps it from opening fails the tests.
var gpuIsThere = sync.OnceValue(func() bool {
	there := make(chan bool)
	go func() { // a device belongs to a goroutine
		_, err := Open(Config{Name: "cuda"})
		there <- err == nil
		if err == nil {
			select {} // with the device, whose context the tests share: a new one takes long, and they open hundreds
		}
	}()
	return <-there || os.Getenv("LBSAM_GPU") == "1"
})

// ptxAnd is the given devices and those that run PTX: the interpreter, and the
// GPU where there is one.
func ptxAnd(others ...Config) []Config {
	all := append(others, Config{Name: "ptxsim"})
	if gpuIsThere() {
		all = append(all, Config{Name: "cuda"})
	}
	return all
}

// ptxRigs are the devices that run PTX.
func ptxRigs(t testing.TB) (rigs []rig) {
	for _, c := range ptxAnd() {
		rigs = append(rigs, openRig(t, c))
	}
	return rigs
}

// float64Rig is the device of gradient checks and known answers.
func float64Rig(t testing.TB) rig { return openRig(t, Config{Name: "ref", Precision: Float64}) }

func (r rig) floats(x ...float64) Buffer {
	b := r.dev.Alloc(r.dev.precision, len(x))
	UploadFloats(b, x)
	return b
}

func (r rig) ints(x ...int32) Buffer {
	b := r.dev.Alloc(Int32, len(x))
	Upload(b, x)
	return b
}

// junk is n NaN: an element that should be written and is not shows, and so
// does one that should not be read and is.
func (r rig) junk(n int) Buffer {
	b := r.dev.Alloc(r.dev.precision, n)
	Fill(b, math.NaN())
	return b
}

// shifted is a copy of b that starts as many elements behind an allocation's
// start: 1 is where nothing wider than an element may be loaded.
func (r rig) shifted(b Buffer, elements int) Buffer {
	moved := r.dev.Alloc(b.dtype, b.n+elements).Slice(elements, b.n+elements)
	Copy(moved, b)
	return moved
}

// normals draws n unit normals that float32 holds exactly.
func normals(seed, n int) []float64 {
	x := make([]float64, n)
	for i, v := range kerneltest.Randn[float32](kerneltest.Rng(seed), n) {
		x[i] = float64(v)
	}
	return x
}

// normals32 draws the same numbers.
func normals32(seed, n int) []float32 { return kerneltest.Randn[float32](kerneltest.Rng(seed), n) }

// dot is the loss of gradient checks: the sum of dy·y, whose gradient by y is
// dy.
func dot(dy []float64, y Buffer) (sum float64) {
	for i, v := range f64(y) {
		sum += dy[i] * v
	}
	return sum
}

// constant is n equal numbers.
func constant(n int, v float64) []float64 {
	x := make([]float64, n)
	fill(x, v)
	return x
}

// agree runs op on ref in float32 and on cpu with several numbers of threads.
// The results of cpu must agree with each other bit for bit, and with those of
// ref within atol + rtol·|want|.
func agree(t *testing.T, name string, atol, rtol float64, op func(r rig) []Buffer) {
	t.Helper()
	want := results(op(openRig(t, Config{Name: "ref"})))
	var first [][]float64
	for _, threads := range []int{1, 2, 3, 7} {
		dev, err := Open(Config{Name: "cpu", Threads: threads})
		if err != nil {
			t.Fatal(err)
		}
		got := results(op(rig{t, dev}))
		dev.Close()
		if first == nil {
			first = got
		}
		for i := range got {
			if err := kerneltest.Compare(got[i], want[i], atol, rtol); err != nil {
				t.Fatalf("%s: result %d with %d threads: %v", name, i, threads, err)
			}
			if at := firstDifference(got[i], first[i]); at >= 0 {
				t.Fatalf("%s: result %d element %d: %v with %d threads, %v with one", name, i, at, got[i][at], threads, first[i][at])
			}
		}
	}
}

// agreeEverywhere is agree, and holds the devices that run PTX to the same
// bounds.
func agreeEverywhere(t *testing.T, name string, atol, rtol float64, op func(r rig) []Buffer) {
	t.Helper()
	agree(t, name, atol, rtol, op)
	agreeOnPTX(t, name, atol, rtol, op)
}

// agreeOnPTX runs op on every device that runs PTX. The results must agree
// with those of ref within atol + rtol·|want|, and be the same bits the second
// time.
func agreeOnPTX(t *testing.T, name string, atol, rtol float64, op func(r rig) []Buffer) {
	t.Helper()
	want := results(op(openRig(t, Config{Name: "ref"})))
	for _, r := range ptxRigs(t) {
		got, again := results(op(r)), results(op(r))
		for i := range want {
			if err := kerneltest.Compare(got[i], want[i], atol, rtol); err != nil {
				t.Fatalf("%s: result %d on %s: %v", name, i, r.dev.Name(), err)
			}
			if at := firstDifference(got[i], again[i]); at >= 0 {
				t.Fatalf("%s: result %d element %d on %s: %v and then %v", name, i, at, r.dev.Name(), got[i][at], again[i][at])
			}
		}
	}
}

func results(buffers []Buffer) [][]float64 {
	all := make([][]float64, len(buffers))
	for i, b := range buffers {
		if b.Dtype() == Int32 {
			numbers := make([]int32, b.n)
			Download(numbers, b)
			for _, v := range numbers {
				all[i] = append(all[i], float64(v))
			}
			continue
		}
		all[i] = Floats(b)
	}
	return all
}

// firstDifference is the index of the first element whose bits differ, or -1.
func firstDifference(a, b []float64) int {
	for i := range a {
		if math.Float64bits(a[i]) != math.Float64bits(b[i]) {
			return i
		}
	}
	return -1
}

// mustPanic returns what f panics with.
func mustPanic(t *testing.T, name string, f func()) (message string) {
	t.Helper()
	defer func() {
		message = fmt.Sprint(recover())
		if message == fmt.Sprint(nil) {
			t.Errorf("%s did not panic", name)
		}
	}()
	f()
	return ""
}
