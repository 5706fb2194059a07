package kernels

import "testing"

// Kernels that go through the images of a batch, or through its logits, on the
// shapes of ResNets on 32 x 32 images in batches of 128.

const benchImages = 128

func BenchmarkPool2d(b *testing.B) {
	for _, c := range []struct {
		name  string
		g     Pool
		bytes int // of an element of x, and of one of y
		per   int
		run   func(y, index, x Buffer, g Pool)
	}{
		{"Max", Pool{benchImages, 32, 32, 16, 2, 2, 2, 0}, 4, 8, MaxPool2d},
		{"MaxBackward", Pool{benchImages, 32, 32, 16, 2, 2, 2, 0}, 4, 8, func(y, index, x Buffer, g Pool) { MaxPool2dBackward(x, y, index, g) }},
		{"Avg", Pool{benchImages, 8, 8, 64, 8, 8, 8, 0}, 4, 4, func(y, _, x Buffer, g Pool) { AvgPool2d(y, x, g) }},
		{"AvgBackward", Pool{benchImages, 8, 8, 64, 8, 8, 8, 0}, 4, 4, func(y, _, x Buffer, g Pool) { AvgPool2dBackward(x, y, g) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			nx, ny := c.g.N*c.g.H*c.g.W*c.g.C, c.g.N*c.g.OH()*c.g.OW()*c.g.C
			moved(b, c.bytes*nx+c.per*ny, func(r rig) func() {
				x, y, index := r.ones(nx), r.ones(ny), r.ints(make([]int32, ny)...)
				MaxPool2d(y, index, x, c.g)
				return func() { c.run(y, index, x, c.g) }
			})
		})
	}
}

func BenchmarkCrossEntropy(b *testing.B) {
	for _, classes := range []int{10, 100} {
		name := map[int]string{10: "10", 100: "100"}[classes]
		run := func(what string, streams int, op func(loss, dlogits, logits, labels, weight Buffer)) {
			b.Run(what+"/"+name, func(b *testing.B) {
				n := benchImages * classes
				moved(b, 4*(streams*n+benchImages), func(r rig) func() {
					loss, dlogits, logits, labels := r.ones(1), r.ones(n), r.floats(normals(1, n)...), r.ints(make([]int32, benchImages)...)
					return func() { op(loss, dlogits, logits, labels, loss) }
				})
			})
		}
		run("Plain", 2, func(loss, dlogits, logits, labels, _ Buffer) {
			CrossEntropy(loss, dlogits, logits, labels, classes, 0.1)
		})
		run("Mixed", 2, func(loss, dlogits, logits, labels, weight Buffer) {
			MixedCrossEntropy(loss, dlogits, logits, labels, labels, weight, classes, 0)
		})
		run("MaskHeads", 2, func(_, dlogits, _, labels, _ Buffer) { MaskHeads(dlogits, labels, classes, 5) })
		run("CountCorrect", 1, func(loss, _, logits, labels, _ Buffer) { CountCorrect(loss, logits, labels, classes) })
	}
}

func BenchmarkDropout(b *testing.B) {
	const n = benchImages * 8 * 8 * 160
	traffic(b, 2, n, func(r rig) func() {
		x, y, key := r.ones(n), r.ones(n), r.ints(1, 2, 3)
		return func() { Dropout(y, x, key, 0.3) }
	})
}

func BenchmarkLayout(b *testing.B) {
	g := Shortcut{N: benchImages, H: 32, W: 32, C: 16, OC: 32, Stride: 2}
	nx, ny := g.N*g.H*g.W*g.C, g.N*g.OH()*g.OW()*g.OC
	for _, c := range []struct {
		name  string
		bytes int
		run   func(x, y Buffer)
	}{
		{"Flatten", 8 * ny, func(x, y Buffer) { Flatten(x.Slice(0, ny), y, benchImages, 16*16, 32) }},
		{"PadShortcut", 4 * (nx/4 + ny), func(x, y Buffer) { PadShortcut(y, x, g) }}, // of a stride of 2
		{"PadShortcutBackward", 4 * (nx + ny/2), func(x, y Buffer) { PadShortcutBackward(x, y, g) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			moved(b, c.bytes, func(r rig) func() {
				x, y := r.ones(nx), r.ones(ny)
				return func() { c.run(x, y) }
			})
		})
	}
}

func BenchmarkSumRows(b *testing.B) {
	const rows, c = benchImages, 512
	traffic(b, 1, rows*c, func(r rig) func() {
		sum, x := r.ones(c), r.ones(rows*c)
		return func() { SumRowsAdd(sum, x) }
	})
}

// Bytes become numbers, and pairs of images mixtures of them.
func BenchmarkBatch(b *testing.B) {
	const pixels = 32 * 32 * 3
	for _, c := range []struct {
		name  string
		bytes int
		run   func(r rig) func()
	}{
		{"TakeBatch", 2 * benchImages * pixels, func(r rig) func() {
			set, images := r.dev.Alloc(Uint8, 4*benchImages*pixels), r.dev.Alloc(Uint8, benchImages*pixels)
			setLabels, labels := r.dev.Alloc(Uint8, 4*benchImages), r.ints(make([]int32, benchImages)...)
			order, index, position := make([]int32, 4*benchImages), r.ints(make([]int32, benchImages)...), r.ints(0)
			for i := range order {
				order[i] = int32(i * 37 % len(order))
			}
			ordered := r.ints(order...)
			return func() {
				Fill(position, 0)
				TakeBatch(images, labels, index, set, setLabels, ordered, position, benchImages)
			}
		}},
		{"Augment", 5 * benchImages * pixels, func(r rig) func() {
			images := someImages(benchImages, pixels)
			bytes, y, index, key := r.dev.Alloc(Uint8, len(images)), r.junk(len(images)), r.ints(make([]int32, benchImages)...), r.ints(1, 2)
			Upload(bytes, images)
			return func() { Augment(y, bytes, index, key, cifar) }
		}},
		{"Mix", 8 * benchImages * pixels, func(r rig) func() {
			x, labels, partners := r.ones(benchImages*pixels), r.ints(make([]int32, benchImages)...), r.ints(make([]int32, benchImages)...)
			row := r.floats(.25, .75, 0, 0, 0, 0)
			return func() { Mix(x, partners, labels, row, 32, 32, 3) }
		}},
	} {
		b.Run(c.name, func(b *testing.B) { moved(b, c.bytes, c.run) })
	}
}
