package kernels

import (
	"fmt"
	"testing"

	"lbsam/internal/rng"
	"lbsam/kernels/kerneltest"
)

func someImages(n, pixels int) []uint8 {
	rng := kerneltest.Rng(n)
	images := make([]uint8, n*pixels)
	for i := range images {
		images[i] = uint8(rng.Uint32())
	}
	return images
}

var cifar = Augmentation{H: 32, W: 32, C: 3, Crop: 4, Flip: true, Mean: []float64{.4914, .4822, .4465}, Std: []float64{.2023, .1994, .201}}

func (r rig) augment(images []uint8, index []int32, g Augmentation) Buffer {
	return r.augmentTo(r.junk(len(images)), images, index, g)
}

func (r rig) augmentTo(y Buffer, images []uint8, index []int32, g Augmentation) Buffer {
	b := r.dev.Alloc(Uint8, len(images))
	Upload(b, images)
	Augment(y, b, r.ints(index...), r.ints(42, 7), g)
	return y
}

// A pixel is a product and a difference of the same numbers on every device.
func TestAugmentAgrees(t *testing.T) {
	for _, g := range []Augmentation{
		cifar,
		{H: 32, W: 32, C: 3, Crop: 4, Flip: true, Cutout: 16, Mean: cifar.Mean, Std: cifar.Std},
		{H: 5, W: 9, C: 2, Crop: 1, Flip: true, Cutout: 3, Mean: []float64{0, .5}, Std: []float64{1, .25}},
		{H: 5, W: 4, C: 1, Cutout: 12, Mean: []float64{.5}, Std: []float64{.25}},
		{H: 28, W: 28, C: 1, Mean: []float64{.1307}, Std: []float64{.3081}},
		{H: 5, W: 7, C: 2, Crop: 9, Flip: true, Mean: []float64{0, .5}, Std: []float64{1, .25}},
		{H: 1, W: 1, C: 5, Flip: true, Mean: make([]float64, 5), Std: constant(5, 1)},
		{H: 3, W: 4, C: 9, Crop: 1, Flip: true, Mean: []float64{0, .1, .2, .3, .4, .5, .6, .7, .8}, Std: constant(9, .3)},
		{H: 9, W: 29, C: 4, Crop: 2, Flip: true, Mean: make([]float64, 4), Std: constant(4, 1)}, // 1044: a block and five threads
		{H: 6, W: 1, C: 3, Crop: 1, Mean: make([]float64, 3), Std: constant(3, 1)},
	} {
		for _, n := range []int{0, 1, 9} {
			index := make([]int32, n)
			for i := range index {
				index[i] = int32(i * i)
			}
			agreeEverywhere(t, fmt.Sprintf("%+v", g), 0, 0, func(r rig) []Buffer {
				return []Buffer{r.augment(someImages(n, g.H*g.W*g.C), index, g)}
			})
		}
	}
}

func TestAugmentInHalf(t *testing.T) {
	for _, g := range []Augmentation{
		{H: 32, W: 12, C: 3, Crop: 4, Flip: true, Mean: cifar.Mean, Std: cifar.Std}, // 1152: a block and some threads
		{H: 5, W: 7, C: 2, Crop: 9, Flip: true, Cutout: 2, Mean: []float64{0, .5}, Std: []float64{1, .25}},
		{H: 3, W: 4, C: 9, Crop: 1, Flip: true, Mean: constant(9, .2), Std: constant(9, .3)},
	} {
		for shift := range 3 {
			exactInHalf(t, fmt.Sprintf("%+v from %d", g, shift), func(h halfCase) []Buffer {
				n := 3 * g.H * g.W * g.C
				return []Buffer{h.augmentTo(h.shifted(h.blank(n), shift), someImages(3, n/3), []int32{7, 8, 100}, g)}
			})
		}
	}
}

// An image looks the same in every batch and at every place of it.
func TestAugmentDependsOnTheSampleAlone(t *testing.T) {
	r := openRig(t, Config{Name: "cpu"})
	const pixels = 32 * 32 * 3
	images := someImages(5, pixels)
	whole := Floats(r.augment(images, []int32{10, 11, 12, 13, 14}, cifar))
	for i := range 5 {
		alone := Floats(r.augment(images[i*pixels:(i+1)*pixels], []int32{int32(10 + i)}, cifar))
		if at := firstDifference(alone, whole[i*pixels:(i+1)*pixels]); at >= 0 {
			t.Errorf("image %d differs alone and in its batch, at %d", i, at)
		}
	}
}

// Every pixel of an image tells where it came from, so the picture can be
// compared with the draw that the doc comment describes.
func TestAugmentIsTheDocumentedDraw(t *testing.T) {
	g := Augmentation{H: 7, W: 9, C: 1, Crop: 2, Flip: true, Cutout: 3, Mean: []float64{0}, Std: []float64{1. / 255}}
	image := make([]uint8, 63)
	for i := range image {
		image[i] = uint8(i + 1)
	}
	r := float64Rig(t)
	type draw struct {
		dy, dx int
		flip   bool
	}
	seen, holes := map[draw]int{}, map[[2]int]int{}
	for index := range int32(1000) {
		y := Floats(r.augment(image, []int32{index}, g))
		words := rng.Philox(42, [4]uint32{uint32(index), 7, 0, rng.Augment})
		d := draw{int(words[0]%5) - 2, int(words[1]%5) - 2, words[2]%2 == 1}
		seen[d]++
		middle := [2]int{int(words[3]&0xffff) % 7, int(words[3]>>16) % 9}
		holes[middle]++
		for i := range g.H {
			for j := range g.W {
				want, h, w := 0.0, i+d.dy, j+d.dx
				if d.flip {
					w = g.W - 1 - j + d.dx
				}
				if h >= 0 && h < g.H && w >= 0 && w < g.W {
					want = float64(h*g.W + w + 1)
				}
				if max(i-middle[0], middle[0]-i) <= 1 && max(j-middle[1], middle[1]-j) <= 1 {
					want = 0
				}
				if y[i*g.W+j] != want {
					t.Fatalf("sample %d, draw %+v: pixel (%d, %d) is %v, want %v", index, d, i, j, y[i*g.W+j], want)
				}
			}
		}
	}
	if len(seen) != 5*5*2 {
		t.Errorf("%d different draws of 1000 samples, want all 50", len(seen))
	}
	if len(holes) != 7*9 {
		t.Errorf("the middle of %d different pixels of 1000 samples, want all 63", len(holes))
	}
	for d, n := range holes { // 16 ± 4
		if n > 36 {
			t.Errorf("the middle at %v came %d times of 1000, want about 16", d, n)
		}
	}
	for d, n := range seen { // 20 ± 4.4
		if n > 45 {
			t.Errorf("draw %+v came %d times of 1000, want about 20", d, n)
		}
	}
}

func TestAugmentWithoutCropAndFlipNormalises(t *testing.T) {
	r := float64Rig(t)
	g := Augmentation{H: 2, W: 2, C: 2, Mean: []float64{.5, .25}, Std: []float64{.5, .125}}
	y := Floats(r.augment([]uint8{0, 255, 51, 102, 204, 0, 255, 255}, []int32{3}, g))
	if err := kerneltest.Compare(y, []float64{-1, 6, -.6, 1.2, .6, -2, 1, 6}, 1e-12, 0); err != nil {
		t.Error(err)
	}
}

func TestAugmentPanics(t *testing.T) {
	r := openRig(t, Config{Name: "cpu"})
	for _, change := range []func(g *Augmentation){
		func(g *Augmentation) { g.C = 0; g.Mean, g.Std = nil, nil },
		func(g *Augmentation) { g.Mean = g.Mean[:2] },
		func(g *Augmentation) { g.Crop = -1 },
		func(g *Augmentation) { g.Cutout = -1 },
		func(g *Augmentation) { g.H = 31 },
	} {
		g := cifar
		change(&g)
		mustPanic(t, fmt.Sprintf("%+v", g), func() { r.augment(make([]uint8, 3072), []int32{0}, g) })
	}
}
