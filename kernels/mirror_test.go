package kernels

import (
	"encoding/binary"
	"fmt"
	"testing"

	"lbsam/kernels/kerneltest"
)

// What is fetched is what there is on the device, of every type, from a view
// too, and its neighbours stay as they are.
func TestFetchIsExact(t *testing.T) {
	for _, c := range ptxAnd(Config{Name: "ref"}, Config{Name: "ref", Precision: Float64}, Config{Name: "cpu", Threads: 3}) {
		r := openRig(t, c)
		host := rig{t, r.dev.Mirror()}
		for _, n := range lengths {
			values := normals(n, n+2)
			b, to := r.floats(values...), host.junk(n+2)
			Fetch(to.Slice(1, n+1), b.Slice(1, n+1))
			name := fmt.Sprintf("%s, %v, %d elements", c.Name, c.Precision, n)
			if err := kerneltest.Compare(Floats(to.Slice(1, n+1)), values[1:n+1], 0, 0); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if before, behind := Floats(to)[0], Floats(to)[n+1]; before == before || behind == behind {
				t.Errorf("%s: the neighbours are %v and %v, want NaN", name, before, behind)
			}
		}
		numbers := host.ints(0, 0, 0)
		Fetch(numbers, r.ints(7, -8, 9))
		if got := i32(numbers); got[0] != 7 || got[1] != -8 || got[2] != 9 {
			t.Errorf("%s: %v, want 7, -8, 9", c.Name, got)
		}
	}
}

// What a device still has to do is done before its memory is read.
func TestFetchWaits(t *testing.T) {
	for _, r := range ptxRigs(t) {
		b := r.floats(normals(1, 1000)...)
		to := r.dev.Mirror().Alloc(Float32, 1000)
		Fill(b, 3)
		Fetch(to, b)
		if err := kerneltest.Compare(Floats(to), constant(1000, 3), 0, 0); err != nil {
			t.Errorf("%s: %v", r.dev.Name(), err)
		}
	}
}

func TestFetchPanics(t *testing.T) {
	r := openRig(t, Config{Name: "cpu"})
	host := r.dev.Mirror()
	mustPanic(t, "two lengths", func() { Fetch(host.Alloc(Float32, 3), r.dev.Alloc(Float32, 4)) })
	mustPanic(t, "two types", func() { Fetch(host.Alloc(Int32, 3), r.dev.Alloc(Float32, 3)) })
}

func TestMemoryIsTheBuffers(t *testing.T) {
	for _, c := range ptxAnd(Config{Name: "ref"}, Config{Name: "cpu"}) {
		r := openRig(t, c)
		b := r.ints(1, 2, 3).Slice(1, 3)
		mem := Memory(b)
		if r.dev.gpu != nil {
			if mem != nil {
				t.Errorf("%s: %d bytes of memory that the host does not have", c.Name, len(mem))
			}
			continue
		}
		binary.NativeEndian.PutUint32(mem[4:], 9)
		if got := i32(b); len(mem) != 8 || got[0] != 2 || got[1] != 9 {
			t.Errorf("%s: %d bytes, %v", c.Name, len(mem), got)
		}
	}
}
