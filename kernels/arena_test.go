package kernels

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"

	"lbsam/kernels/kerneltest"
)

// churn allocates and frees at random and returns the addresses that it got.
// Each buffer holds its number, so that an overlap shows.
func churn(t *testing.T, a *Arena, rng *rand.Rand, steps int) []unsafe.Pointer {
	var live []Buffer
	var addresses []unsafe.Pointer
	check := func(b Buffer, number int) {
		for i, v := range i32(b) {
			if int(v) != number {
				t.Fatalf("element %d of buffer %d was overwritten with %d", i, number, v)
			}
		}
	}
	numbers := map[unsafe.Pointer]int{}
	for step := range steps {
		if len(live) > 0 && rng.IntN(5) < 2 {
			i := rng.IntN(len(live))
			check(live[i], numbers[live[i].host])
			a.Free(live[i])
			live = append(live[:i], live[i+1:]...)
			continue
		}
		b := a.Alloc(Int32, rng.IntN(1<<rng.IntN(18)))
		if uintptr(b.host)%lineBytes != 0 {
			t.Fatalf("address %p is not aligned", b.host)
		}
		fill(i32(b), int32(step))
		numbers[b.host] = step
		addresses = append(addresses, b.host)
		live = append(live, b)
	}
	for _, b := range live {
		check(b, numbers[b.host])
	}
	return addresses
}

// The first pass makes the arena grow several times; the later ones get the
// same addresses from the slabs that are there by then.
func TestArenaRepeatsItself(t *testing.T) {
	for seed := range 10 {
		r := openRig(t, Config{Name: "ref"})
		a := NewArena(r.dev)
		first := churn(t, a, kerneltest.Rng(seed), 300)
		peak, allocated := a.Peak(), r.dev.Allocated()
		if len(a.slabs) < 2 {
			t.Errorf("seed %d fits in one slab and tests nothing", seed)
		}
		for range 2 {
			a.Reset()
			again := churn(t, a, kerneltest.Rng(seed), 300)
			for i := range first {
				if again[i] != first[i] {
					t.Fatalf("seed %d: allocation %d moved", seed, i)
				}
			}
			if a.Peak() != peak || r.dev.Allocated() != allocated {
				t.Fatalf("seed %d: a repeated pass grew the arena", seed)
			}
		}
	}
}

// In the second pass the slab of c is there from the start, and smaller than
// the one that b came from.
func TestArenaKeepsItsChoicesWhenItHasGrown(t *testing.T) {
	r := openRig(t, Config{Name: "ref"})
	a := NewArena(r.dev)
	pass := func() (addresses [2]unsafe.Pointer) {
		a.Reset()
		a.Free(a.Alloc(Uint8, 3*minSlab))
		b := a.Alloc(Uint8, 2*lineBytes)
		c := a.Alloc(Uint8, 3*minSlab-lineBytes)
		return [2]unsafe.Pointer{b.host, c.host}
	}
	if first, second := pass(), pass(); first != second {
		t.Errorf("addresses %v, then %v", first, second)
	}
}

// What an arena without bounds used of its first slab is what another one needs for
// the same work, and no less.
func TestArenaReserves(t *testing.T) {
	d := openRig(t, Config{Name: "cpu"}).dev
	slabs := func(reserved int) (count, extent int) {
		a := NewArena(d)
		a.Reserve(reserved)
		churn(t, a, kerneltest.Rng(3), 2000)
		return len(a.slabs), a.Extent()
	}
	_, extent := slabs(1 << 28)
	if n, again := slabs(extent); n != 1 || again != extent {
		t.Errorf("%d slabs of which %d bytes of the first are used, want one of %d", n, again, extent)
	}
	if n, _ := slabs(extent - lineBytes); n == 1 {
		t.Error("a line less is enough")
	}
}

func TestArenaCoalesces(t *testing.T) {
	r := openRig(t, Config{Name: "ref"})
	a := NewArena(r.dev)
	for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 0, 2}, {2, 0, 3, 1}} {
		var parts [4]Buffer
		for i := range parts {
			parts[i] = a.Alloc(Uint8, minSlab/4)
		}
		for _, i := range order {
			a.Free(parts[i])
		}
		whole := a.Alloc(Uint8, minSlab)
		if len(a.slabs) != 1 || whole.host != a.slabs[0].memory.host {
			t.Errorf("freed in order %v, four quarters did not become one piece", order)
		}
		a.Free(whole)
	}
	if a.Peak() != minSlab {
		t.Errorf("peak is %d bytes, want %d", a.Peak(), minSlab)
	}
}

func TestArenaPoison(t *testing.T) {
	r := openRig(t, Config{Name: "ref"})
	a := NewArena(r.dev)
	a.Poison = true
	x, y, i := a.Alloc(Float32, 9), a.Alloc(Float64, 9), a.Alloc(Int32, 9)
	spoiled := func(when string) {
		for j := range 9 {
			if f32(x)[j] == f32(x)[j] || f64(y)[j] == f64(y)[j] || i32(i)[j] >= 0 {
				t.Errorf("%s: element %d is %v, %v, %v", when, j, f32(x)[j], f64(y)[j], i32(i)[j])
			}
		}
	}
	clean := func() { Zero(x); Zero(y); Zero(i) }
	spoiled("when given out")
	clean()
	for _, b := range []Buffer{x, y, i} {
		a.Free(b)
	}
	spoiled("when freed")
	clean()
	a.Reset()
	spoiled("when reset")
}

func TestArenaFreePanics(t *testing.T) {
	r := openRig(t, Config{Name: "ref"})
	a, other := NewArena(r.dev), NewArena(r.dev)
	b := a.Alloc(Float32, 100)
	for name, f := range map[string]func(){
		"a buffer of the device":    func() { a.Free(r.dev.Alloc(Float32, 100)) },
		"a buffer of another arena": func() { other.Free(b) },
		"the end of a buffer":       func() { a.Free(b.Slice(50, 100)) },
		"the start of a buffer":     func() { a.Free(b.Slice(0, 10)) },
		"nothing":                   func() { a.Free(Buffer{}) },
		"a buffer twice":            func() { c := a.Alloc(Float32, 1); a.Free(c); a.Free(c) },
	} {
		if message := mustPanic(t, name, f); !strings.Contains(message, "did not give out") {
			t.Errorf("Free of %s: panic says %q", name, message)
		}
	}
	mustPanic(t, "Alloc below 0", func() { a.Alloc(Float32, -1) })
	a.Free(b)
}

func TestArenaAllocatesNothingInSteadyState(t *testing.T) {
	r := openRig(t, Config{Name: "ref"})
	a := NewArena(r.dev)
	step := func() {
		var live [20]Buffer
		for i := range live {
			live[i] = a.Alloc(Float32, 100*i)
		}
		for i := range live {
			a.Free(live[i*7%len(live)])
		}
		a.Alloc(Float64, 1000)
		a.Reset()
	}
	step()
	if n := testing.AllocsPerRun(100, step); n != 0 {
		t.Errorf("a step allocates %v times", n)
	}
}
