package kernels

import (
	"fmt"
	"testing"

	"lbsam/kernels/kerneltest"
)

func TestFlattenAgrees(t *testing.T) {
	for _, s := range [][3]int{{0, 4, 3}, {1, 1, 1}, {2, 9, 4}, {5, 16, 17}, {3, 1, 64}, {9, 33, 8}, {2, 31, 65}, {2, 64, 32}, {1, 7, 1}} {
		n, pixels, c := s[0], s[1], s[2]
		x := normals(1, n*pixels*c)
		agreeEverywhere(t, fmt.Sprint(s), 0, 0, func(r rig) []Buffer {
			y, back := r.junk(len(x)), r.junk(len(x))
			Flatten(y, r.floats(x...), n, pixels, c)
			FlattenBackward(back, y, n, pixels, c)
			if i := firstDifference(Floats(back), x); i >= 0 {
				t.Errorf("%v: FlattenBackward does not undo Flatten at %d", s, i)
			}
			return []Buffer{y, back}
		})
	}
}

func TestLayoutInHalf(t *testing.T) {
	for _, s := range [][3]int{{0, 4, 3}, {1, 1, 1}, {5, 16, 17}, {3, 1, 64}, {2, 31, 65}, {2, 64, 32}, {1, 7, 1}} {
		n, pixels, c := s[0], s[1], s[2]
		exactInHalf(t, fmt.Sprint(s), func(h halfCase) []Buffer {
			y, back := h.blank(n*pixels*c), h.shifted(h.blank(n*pixels*c), 1)
			Flatten(y, h.activations(extremes(1, n*pixels*c)...), n, pixels, c)
			FlattenBackward(back, y, n, pixels, c)
			return []Buffer{y, back}
		})
	}
	for _, g := range append(shortcutCases, Shortcut{N: 3, H: 5, W: 6, C: 8, OC: 24, Stride: 2}) {
		nx, ny := g.lengths()
		exactInHalf(t, fmt.Sprintf("%+v", g), func(h halfCase) (all []Buffer) {
			for array := range 5 {
				x, dy, y, dx := h.activations(extremes(1, nx)...), h.activations(extremes(2, ny)...), h.blank(ny), h.blank(nx)
				if moved := []*Buffer{&x, &dy, &y, &dx}; array < 4 {
					*moved[array] = h.shifted(*moved[array], 1)
				}
				PadShortcut(y, x, g)
				PadShortcutBackward(dx, dy, g)
				all = append(all, y, dx)
			}
			return all
		})
	}
}

// Two images of 2 pixels and 3 channels.
func TestFlattenByHand(t *testing.T) {
	r := float64Rig(t)
	y := r.junk(12)
	Flatten(y, r.floats(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12), 2, 2, 3)
	if err := kerneltest.Compare(Floats(y), []float64{1, 4, 2, 5, 3, 6, 7, 10, 8, 11, 9, 12}, 0, 0); err != nil {
		t.Error(err)
	}
}

var shortcutCases = []Shortcut{
	{N: 0, H: 2, W: 2, C: 1, OC: 2, Stride: 2},
	{N: 1, H: 1, W: 1, C: 1, OC: 1, Stride: 1},
	{N: 2, H: 4, W: 4, C: 3, OC: 6, Stride: 2},
	{N: 3, H: 5, W: 7, C: 16, OC: 33, Stride: 2},
	{N: 2, H: 7, W: 5, C: 2, OC: 5, Stride: 3},
	{N: 3, H: 5, W: 6, C: 8, OC: 16, Stride: 2},
	{N: 2, H: 8, W: 9, C: 16, OC: 32, Stride: 1},
	{N: 1, H: 2, W: 3, C: 4, OC: 8, Stride: 2}, // two channels before x: not by fours
}

func (g Shortcut) lengths() (x, y int) { return g.N * g.H * g.W * g.C, g.N * g.OH() * g.OW() * g.OC }

func TestPadShortcutAgrees(t *testing.T) {
	for _, g := range shortcutCases {
		nx, ny := g.lengths()
		agreeEverywhere(t, fmt.Sprintf("%+v", g), 0, 0, func(r rig) []Buffer {
			y, dx := r.junk(ny), r.junk(nx)
			PadShortcut(y, r.floats(normals(1, nx)...), g)
			PadShortcutBackward(dx, r.floats(normals(2, ny)...), g)
			return []Buffer{y, dx}
		})
	}
}

// Each array alone may start anywhere.
func TestPadShortcutOfUnalignedArrays(t *testing.T) {
	g := Shortcut{N: 3, H: 5, W: 6, C: 8, OC: 16, Stride: 2}
	nx, ny := g.lengths()
	for array := range 4 {
		agreeOnPTX(t, fmt.Sprint(array), 0, 0, func(r rig) []Buffer {
			x, dy, y, dx := r.floats(normals(1, nx)...), r.floats(normals(2, ny)...), r.junk(ny), r.junk(nx)
			moved := []*Buffer{&x, &dy, &y, &dx}[array]
			*moved = r.shifted(*moved, 1)
			PadShortcut(y, x, g)
			PadShortcutBackward(dx, dy, g)
			return []Buffer{y, dx}
		})
	}
}

// One image of 3x3 pixels and 1 channel: every second pixel, in channel 1 of 4.
func TestPadShortcutByHand(t *testing.T) {
	r := float64Rig(t)
	y := r.junk(16)
	PadShortcut(y, r.floats(1, 2, 3, 4, 5, 6, 7, 8, 9), Shortcut{N: 1, H: 3, W: 3, C: 1, OC: 4, Stride: 2})
	if err := kerneltest.Compare(Floats(y), []float64{0, 1, 0, 0, 0, 3, 0, 0, 0, 7, 0, 0, 0, 9, 0, 0}, 0, 0); err != nil {
		t.Error(err)
	}
}

func TestLayoutGradients(t *testing.T) {
	r := float64Rig(t)
	check := func(name string, nx, ny int, forward func(y, x Buffer), backward func(dx, dy Buffer)) {
		dy := normals(1, ny)
		x, y, dx := r.floats(normals(2, nx)...), r.junk(ny), r.junk(nx)
		backward(dx, r.floats(dy...))
		if err := kerneltest.CheckGradient(f64(x), f64(dx), func() float64 { forward(y, x); return dot(dy, y) }); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, g := range shortcutCases {
		nx, ny := g.lengths()
		check(fmt.Sprintf("%+v", g), nx, ny, func(y, x Buffer) { PadShortcut(y, x, g) }, func(dx, dy Buffer) { PadShortcutBackward(dx, dy, g) })
	}
	check("Flatten", 30, 30, func(y, x Buffer) { Flatten(y, x, 2, 3, 5) }, func(dx, dy Buffer) { FlattenBackward(dx, dy, 2, 3, 5) })
}

func TestShortcutPanics(t *testing.T) {
	r := openRig(t, Config{Name: "cpu"})
	mustPanic(t, "fewer channels", func() { PadShortcut(r.junk(1), r.junk(2), Shortcut{N: 1, H: 1, W: 1, C: 2, OC: 1, Stride: 1}) })
	mustPanic(t, "stride 0", func() { PadShortcut(r.junk(1), r.junk(1), Shortcut{N: 1, H: 1, W: 1, C: 1, OC: 1}) })
}
