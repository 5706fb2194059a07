package kernels

import (
	"fmt"
	"strings"
	"testing"
)

// A batcher is a set on a device, and the room for its batches.
type batcher struct {
	r                               rig
	images, labels, index           Buffer
	setImages, setLabels            Buffer
	order, position                 Buffer
	set                             []uint8
	samples, pixels, n, first, skip int
}

// newBatcher has batches of n from samples in an order that goes round twice.
// The images lie skip bytes behind an alignment.
func newBatcher(r rig, samples, pixels, n, first, skip int) *batcher {
	b := &batcher{r: r, samples: samples, pixels: pixels, n: n, first: first, skip: skip}
	bytes := func(x []uint8) Buffer {
		y := r.dev.Alloc(Uint8, len(x)+skip)
		Upload(y.Slice(skip, len(x)+skip), x)
		return y.Slice(skip, len(x)+skip)
	}
	b.set = someImages(samples, pixels)
	labels, order := make([]uint8, samples), make([]int32, 2*samples)
	for i := range labels {
		labels[i] = uint8(255 - i)
	}
	for i := range order {
		order[i] = int32(i * 5 % samples)
	}
	b.setImages, b.setLabels, b.images = bytes(b.set), bytes(labels), bytes(make([]uint8, n*pixels))
	b.labels, b.index = r.ints(make([]int32, n)...), r.ints(make([]int32, n)...)
	b.order, b.position = r.ints(order...), r.ints(int32(first))
	return b
}

func (b *batcher) take() {
	TakeBatch(b.images, b.labels, b.index, b.setImages, b.setLabels, b.order, b.position, b.n)
}

// pictures is the images as numbers.
func (b *batcher) pictures() Buffer { return numbersOf(b.r, b.images) }

func TestTakeBatchAgrees(t *testing.T) {
	for _, pixels := range []int{0, 1, 15, 16, 17, 32, 4080, 4096, 4112, 4113} { // around 16 bytes and a block
		for _, skip := range []int{0, 1} {
			for _, n := range []int{0, 1, 5} {
				agreeEverywhere(t, fmt.Sprintf("%d bytes from %d on, batch %d", pixels, skip, n), 0, 0, func(r rig) []Buffer {
					b := newBatcher(r, 7, pixels, n, 3, skip)
					b.take()
					first := b.pictures()
					b.take()
					return []Buffer{first, b.pictures(), b.labels, b.index, b.position}
				})
			}
		}
	}
}

func TestTakeBatchIsTheSamplesInOrder(t *testing.T) {
	for _, config := range ptxAnd(Config{Name: "ref"}, Config{Name: "cpu"}) {
		name := config.Name
		b := newBatcher(openRig(t, config), 7, 48, 4, 6, 0)
		b.take() // 6·5 mod 7 = 2, then 0, 5, 3
		pictures := results([]Buffer{b.pictures()})[0]
		for i, s := range []int{2, 0, 5, 3} {
			label, index := results([]Buffer{b.labels})[0][i], results([]Buffer{b.index})[0][i]
			if index != float64(s) || label != float64(255-s) {
				t.Errorf("%s: place %d has index %v and label %v, want sample %d", name, i, index, label, s)
			}
			for k := range 48 {
				if pictures[i*48+k] != float64(b.set[s*48+k]) {
					t.Fatalf("%s: place %d byte %d is not that of sample %d", name, i, k, s)
				}
			}
		}
		if got := results([]Buffer{b.position})[0][0]; got != 10 {
			t.Errorf("%s: the position is %v, want 10", name, got)
		}
	}
}

// A captured step takes a new batch each time it is launched.
func TestCapturedTakeBatch(t *testing.T) {
	for _, r := range ptxRigs(t) {
		b, plain := newBatcher(r, 7, 32, 4, 0, 0), newBatcher(r, 7, 32, 4, 0, 0)
		b.take()
		g := r.dev.Capture(b.take)
		g.Launch()
		g.Launch()
		g.Free()
		for range 3 {
			plain.take()
		}
		got, want := results([]Buffer{b.pictures(), b.index, b.position}), results([]Buffer{plain.pictures(), plain.index, plain.position})
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s: captured %v, plain %v", r.dev.Name(), got[1:], want[1:])
		}
	}
}

// A kernel cannot panic: it stays within its arrays.
func TestTakeBatchOutOfBoundsOnPTX(t *testing.T) {
	for _, r := range ptxRigs(t) {
		for _, position := range []int32{11, 14, -3, 1<<31 - 2, -1 << 31} {
			b := newBatcher(r, 7, 32, 4, 0, 0)
			Upload(b.position, []int32{position})
			b.take()
			for i, s := range results([]Buffer{b.index})[0] {
				if at := int32(int(position) + i); int(at) >= 14 && s != 13*5%7 || at < 0 && s != 0 {
					t.Errorf("%s: position %d: place %d has sample %v", r.dev.Name(), position, i, s)
				}
			}
		}
		b := newBatcher(r, 7, 32, 4, 0, 0)
		Upload(b.order, []int32{-1, 7, 1<<31 - 1, -1 << 31, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
		b.take()
		if got := fmt.Sprint(results([]Buffer{b.index})[0]); got != "[0 6 6 0]" {
			t.Errorf("%s: samples %v, want the nearest ones", r.dev.Name(), got)
		}
	}
}

func TestTakeBatchPanics(t *testing.T) {
	for _, name := range []string{"ref", "cpu"} {
		r := openRig(t, Config{Name: name})
		for what, change := range map[string]func(b *batcher){
			"past the end":     func(b *batcher) { Upload(b.position, []int32{11}) },
			"before the start": func(b *batcher) { Upload(b.position, []int32{-1}) },
			"no such sample":   func(b *batcher) { Upload(b.order.Slice(1, 2), []int32{7}) },
			"below 0":          func(b *batcher) { Upload(b.order.Slice(1, 2), []int32{-1}) },
			"uneven images":    func(b *batcher) { b.setImages = b.setImages.Slice(0, 31) },
			"no labels":        func(b *batcher) { b.setLabels = b.setLabels.Slice(0, 0) },
			"no order":         func(b *batcher) { b.order = b.order.Slice(0, 0) },
			"small batch":      func(b *batcher) { b.images = b.images.Slice(0, 33) },
			"few labels":       func(b *batcher) { b.labels = b.labels.Slice(0, 3) },
			"negative":         func(b *batcher) { b.n = -1 },
		} {
			b := newBatcher(r, 7, 32, 4, 0, 0)
			change(b)
			if message := mustPanic(t, what, b.take); !strings.HasPrefix(message, "kernels: TakeBatch") {
				t.Errorf("%s: %s: panic says %q", name, what, message)
			}
		}
	}
}
