package kernels

import (
	"fmt"

	"lbsam/internal/rng"
)

// Augmentation is how a batch of images becomes the input of a model.
type Augmentation struct {
	H, W, C   int
	Crop      int  // random crop after padding with Crop black pixels on each side; 0: none
	Flip      bool // mirror half of the images, left to right
	Mean, Std []float64
}

// Augment computes y [n, H, W, C] from uint8 images [n, H, W, C]: crop, flip,
// then (pixel/255 - Mean[c])/Std[c]; a padded pixel is black before the
// normalisation.
//
// The draw of an image depends on key, an int32 array {seed, epoch}, and on
// its index in the data set, index [n], alone: Philox with key seed and
// counter (index, epoch, 0, 0). So every device, batch and number of workers
// sees the same pictures. With neither Crop nor Flip it only normalises.
func Augment(y, images, index, key Buffer, g Augmentation) {
	pixels := g.H * g.W * g.C
	if pixels < 1 || g.Crop < 0 {
		panic(fmt.Sprintf("kernels: Augment of images %dx%dx%d with crop %d", g.H, g.W, g.C, g.Crop))
	}
	n := images.n / pixels
	if len(g.Mean) != g.C || len(g.Std) != g.C {
		panic(fmt.Sprintf("kernels: Augment of %d channels with %d means and %d deviations", g.C, len(g.Mean), len(g.Std)))
	}
	mustMatch("Augment", y.dev.precision, n*pixels, y)
	mustMatch("Augment", Uint8, n*pixels, images)
	mustMatch("Augment", Int32, n, index)
	mustMatch("Augment", Int32, 2, key)
	mustShare("Augment", y, images, index, key)
	one := func(i int) {
		src := u8(images)[i*pixels : (i+1)*pixels]
		crop := g.draw(i32(key), i32(index)[i])
		if y.dtype == Float64 {
			augmentRef(f64(y)[i*pixels:(i+1)*pixels], src, crop, g)
			return
		}
		augmentRef(f32(y)[i*pixels:(i+1)*pixels], src, crop, g)
	}
	if y.dev.isCPU() {
		y.dev.pool.run(n, func(_, i int) { one(i) })
		return
	}
	for i := range n {
		one(i)
	}
}

// A cropFlip is the draw of one image: the shift of its rows and columns, 0
// to 2·Crop, Crop meaning none, and whether it is mirrored.
type cropFlip struct {
	dy, dx int
	flip   bool
}

func (g Augmentation) draw(key []int32, index int32) cropFlip {
	words := rng.Philox(uint64(uint32(key[0])), [4]uint32{uint32(index), uint32(key[1]), 0, 0})
	side := uint32(2*g.Crop + 1)
	return cropFlip{int(words[0] % side), int(words[1] % side), g.Flip && words[2]&1 == 1}
}

// augmentRef is Augment of one image.
func augmentRef[T Float](y []T, image []uint8, d cropFlip, g Augmentation) {
	for c := range g.C {
		scale, shift := T(1/(255*g.Std[c])), T(g.Mean[c]/g.Std[c])
		for i := range g.H {
			for j := range g.W {
				h, w := i+d.dy-g.Crop, j
				if d.flip {
					w = g.W - 1 - j
				}
				w += d.dx - g.Crop
				pixel := uint8(0)
				if h >= 0 && h < g.H && w >= 0 && w < g.W {
					pixel = image[(h*g.W+w)*g.C+c]
				}
				y[(i*g.W+j)*g.C+c] = T(T(pixel)*scale) - shift
			}
		}
	}
}
