package kernels

import (
	"math"
	"testing"

	"lbsam/kernels/ptxsim"
)

// Sixteen bytes go through one instruction wherever arrays are aligned; what a
// kernel reads and writes beside its arrays is a few numbers per warp or block.
func TestAccessesAreWide(t *testing.T) {
	const n, warps = 4096, 8 // one block of the table, or of take_batch, but four of dropout and augment
	sim := ptxsim.New(ptxsim.Config{})
	r := rig{t, OpenDriver(sim, ComputeFloat32)}
	t.Cleanup(r.dev.Close)
	s := NewSegments(r.dev, n, []Segment{{Len: n, Scaled: true}})
	w, g, m, v := r.floats(normals(1, n)...), r.floats(normals(2, n)...), r.floats(normals(3, n)...), r.floats(normals(4, n)...)
	images, others, y := r.dev.Alloc(Uint8, n), r.dev.Alloc(Uint8, n), r.junk(n)
	half, step, key, image := r.floats(.5), r.ints(1), r.ints(1, 2, 3), Augmentation{H: 32, W: 32, C: 4, Mean: make([]float64, 4), Std: constant(4, 1)}
	for _, c := range []struct {
		kernel string
		wide   int // accesses of arrays by 16 bytes, and of those of augment by one
		few    int // other accesses
		run    func()
	}{
		{"scaled_norm", 2 * n / 128, 2*warps + 1, func() { ScaledNorm(half, w, g, s, 0) }},
		{"scaled_distance", 2 * n / 128, 2*warps + 1, func() { ScaledDistance(half, w, g, s, 0) }},
		{"ascend", 3 * n / 128, 4 * warps, func() { Ascend(w, g, half, half, s, 0) }},
		{"project", 3 * n / 128, 4 * warps, func() { Project(w, g, r.floats(4), r.floats(1), s) }},
		{"interpolate", 3 * n / 128, 3 * warps, func() { Interpolate(w, g, m, r.floats(.5), s) }},
		{"clip_norm", 2 * n / 128, 3 * warps, func() { ClipNorm(g, r.floats(4), 1, s) }},
		{"displacements", 3 * n / 128, 2*warps + 3, func() { Alignment(half, w, g, m, s, false) }},
		{"sgd_step", 5 * n / 128, 4 * warps, func() { SGDStep(w, w, m, g, half, half, Buffer{}, SGD{Momentum: .9}, s) }},
		{"adamw_step", 7 * n / 128, 3*warps + 2, func() { AdamWStep(w, w, m, v, g, half, step, Buffer{}, AdamW{.9, .99, 1e-8, .1}, s) }},
		{"dropout", 2 * n / 128, 3 * 4 * warps, func() { Dropout(y, w, key, .5) }},
		{"augment", n/128 + n/32, 3 * 4, func() { Augment(y, images, step, key.Slice(0, 2), image) }},
		{"conv2d_add_parts", 6 * n / 128, 0, func() { addParts(w.Slice(0, n/2), r.floats(normals(5, 5*n)...)) }}, // 10 parts
		{"take_batch", 2 * n / 512, 2*warps + 3, func() {
			TakeBatch(images, step, r.ints(0), others, others.Slice(0, 1), r.ints(0), r.ints(0), 1)
		}},
	} {
		var told int64 // bytes, of which the estimate of a step is made
		r.dev.Watch(func(l Launch) {
			if l.Kernel == c.kernel {
				told += l.Bytes
			}
		})
		c.run()
		// Numbers are in sectors of their own; pixels of augment, read one by one behind a crop, in two for 32.
		if moved := 32 * float64(sim.Counters(c.kernel).Sectors); c.kernel != "augment" && !(math.Abs(float64(told)/moved-1) <= .1) {
			t.Errorf("%s: a launch of %d bytes moves %v", c.kernel, told, moved)
		}
		if got := sim.Counters(c.kernel).Requests; got != uint64(c.wide+c.few) {
			t.Errorf("%s: %d accesses of warps, want %d", c.kernel, got, c.wide+c.few)
		}
	}
}

// So it is with activations of 16 bits: eight elements at once. What an index of
// four bytes has to them are two accesses; and conversions take four elements.
func TestAccessesInHalfAreWide(t *testing.T) {
	const n, warps = 4096, 16 // 8 elements for each thread
	sim := ptxsim.New(ptxsim.Config{})
	h := halfCase{rig{t, OpenDriver(sim, ComputeBFloat16)}, BFloat16}
	t.Cleanup(h.dev.Close)
	s := NewSegments(h.dev, n, []Segment{{Len: n, Scaled: true}})
	x, y, floats, half := h.activations(normals(1, n)...), h.blank(n), h.floats(normals(2, n)...), h.floats(.5)
	images, index, key := h.dev.Alloc(Uint8, n), h.dev.Alloc(Int32, n), h.ints(1, 2, 3)
	Zero(index)
	windows, whole, shortcut := Pool{N: 1, H: 16, W: 16, C: 16, KH: 1, KW: 1, Stride: 1}, Pool{N: 32, H: 1, W: 1, C: 128, KH: 1, KW: 1, Stride: 1}, Shortcut{N: 1, H: 16, W: 16, C: 16, OC: 16, Stride: 1}
	for _, c := range []struct {
		kernel string
		want   int
		run    func()
	}{
		{"add_bf16", 3 * warps, func() { Add(y, x, x.Slice(0, n)) }},
		{"relu_bf16", 2 * warps, func() { ReLU(y, x) }},
		{"relu_backward_bf16", 3 * warps, func() { ReLUBackward(y, x, x) }},
		{"scale_bf16", 3 * warps, func() { Scale(y, x, half) }},
		{"narrow_bf16", 2 * 2 * warps, func() { Cast(y, floats) }},
		{"narrow_scaled_bf16", (2*2 + 1) * warps, func() { Scale(y, floats, half) }},
		{"dropout_bf16", (2 + 3) * warps, func() { Dropout(y, x, key, .5) }},
		{"augment_bf16", 2*warps + 4*2*warps + 4*3, func() {
			Augment(y, images, key.Slice(0, 1), key.Slice(0, 2), Augmentation{H: 32, W: 32, C: 4, Mean: constant(4, 0), Std: constant(4, 1)})
		}},
		{"max_pool2d_bf16", 4 * warps, func() { MaxPool2d(y, index, x, windows) }},
		{"max_pool2d_backward_bf16", 4 * warps, func() { MaxPool2dBackward(y, x, index, windows) }},
		{"avg_pool2d_bf16", 2 * warps, func() { AvgPool2d(y, x, windows) }},
		{"avg_pool2d_backward_bf16", 2 * warps, func() { AvgPool2dBackward(y, x, windows) }},
		{"avg_pool2d_global_bf16", 2 * warps, func() { AvgPool2d(y, x, whole) }},
		{"avg_pool2d_global_backward_bf16", 2 * warps, func() { AvgPool2dBackward(y, x, whole) }},
		{"pad_shortcut_bf16", 2 * warps, func() { PadShortcut(y, x, shortcut) }},
		{"pad_shortcut_backward_bf16", 2 * warps, func() { PadShortcutBackward(y, x, shortcut) }},
		{"ascend_bf16", (4*2 + 2) * warps, func() { AscendAndCast(floats, y, h.floats(normals(3, n)...), half, half, s, 0) }},
		{"unscale", 2 * 2 * warps, func() { Unscale(floats, h.ints(0), .5) }},
		{"restore_if", 3 * 2 * warps, func() { RestoreIf(index, h.dev.Alloc(Int32, n), h.ints(1)) }},
	} {
		c.run()
		if got := sim.Counters(c.kernel).Requests; got != uint64(c.want) {
			t.Errorf("%s: %d accesses of warps, want %d", c.kernel, got, c.want)
		}
	}
}
