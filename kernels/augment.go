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
	Cutout    int  // side of a square that is set to the mean, at a random place of the picture; 0: none
	Mean, Std []float64
}

// Augment computes y [n, H, W, C] from uint8 images [n, H, W, C]: crop, flip,
// then (pixel/255 - Mean[c])/Std[c]; a padded pixel is black before the
// normalisation. Then the square of Cutout (DeVries and Taylor, 2017) is 0; its
// middle is a pixel of the picture, so that a part of it may lie outside.
//
// The draw of an image depends on key, an int32 array {seed, epoch}, and on
// its index in the data set, index [n], alone: Philox with key seed and
// counter (index, epoch, 0, 0). So every device, batch and number of workers
// sees the same pictures. With neither Crop nor Flip it only normalises.
func Augment(y, images, index, key Buffer, g Augmentation) {
	defer y.dev.span("Augment", y, images, index, key).end()
	pixels := g.H * g.W * g.C
	if pixels < 1 || g.Crop < 0 || g.Cutout < 0 || g.H > 1<<16 || g.W > 1<<16 {
		panic(fmt.Sprintf("kernels: Augment of images %dx%dx%d with crop %d and cutout %d", g.H, g.W, g.C, g.Crop, g.Cutout))
	}
	n := images.n / pixels
	if len(g.Mean) != g.C || len(g.Std) != g.C {
		panic(fmt.Sprintf("kernels: Augment of %d channels with %d means and %d deviations", g.C, len(g.Mean), len(g.Std)))
	}
	mustMatch("Augment", activationType(y), n*pixels, y)
	mustMatch("Augment", Uint8, n*pixels, images)
	mustMatch("Augment", Int32, n, index)
	mustMatch("Augment", Int32, 2, key)
	mustShare("Augment", y, images, index, key)
	if y.dev.gpu != nil {
		g.launch(y, images, index, key, n)
		return
	}
	if y.dev.EmulatesStorage() {
		defer Cast(y, y)
	}
	draw := func(i int) cropFlip { return g.draw(i32(key), i32(index)[i]) }
	image := func(i int) []uint8 { return u8(images)[i*pixels : (i+1)*pixels] }
	if y.dev.isCPU() {
		table := g.table()
		y.dev.pool.run(n, func(_, i int) { augmentCPU(f32(y)[i*pixels:(i+1)*pixels], image(i), draw(i), table, g) })
		return
	}
	for i := range n {
		if y.dtype == Float64 {
			augmentRef(f64(y)[i*pixels:(i+1)*pixels], image(i), draw(i), g)
			continue
		}
		augmentRef(f32(y)[i*pixels:(i+1)*pixels], image(i), draw(i), g)
	}
}

// A cropFlip is the draw of one image: the shift of its rows and columns, 0
// to 2·Crop, Crop meaning none, whether it is mirrored, and the first row and
// column of the square that is cut out of the picture.
type cropFlip struct {
	dy, dx    int
	flip      bool
	top, left int
}

func (g Augmentation) draw(key []int32, index int32) cropFlip {
	words := rng.Philox(uint64(uint32(key[0])), [4]uint32{uint32(index), uint32(key[1]), 0, 0})
	side := uint32(2*g.Crop + 1)
	return cropFlip{
		int(words[0] % side), int(words[1] % side), g.Flip && words[2]&1 == 1,
		int(words[3]&0xffff)%g.H - g.Cutout/2, int(words[3]>>16)%g.W - g.Cutout/2,
	}
}

// cut returns the rows and columns of the square that lie in the picture.
func (d cropFlip) cut(g Augmentation) (top, bottom, left, right int) {
	within := func(v, n int) int { return min(max(v, 0), n) }
	return within(d.top, g.H), within(d.top+g.Cutout, g.H), within(d.left, g.W), within(d.left+g.Cutout, g.W)
}

// augmentRef is Augment of one image.
func augmentRef[T Float](y []T, image []uint8, d cropFlip, g Augmentation) {
	top, bottom, left, right := d.cut(g)
	for c := range g.C {
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
				y[(i*g.W+j)*g.C+c] = normalise[T](pixel, g.Mean[c], g.Std[c])
				if i >= top && i < bottom && j >= left && j < right {
					y[(i*g.W+j)*g.C+c] = 0
				}
			}
		}
	}
}

// normalise is (pixel/255 - mean)/std, with one rounded product and one
// difference on every device.
func normalise[T Float](pixel uint8, mean, std float64) T {
	scale, shift := normalisation[T](mean, std)
	return T(T(pixel)*scale) - shift
}

func normalisation[T Float](mean, std float64) (scale, shift T) {
	return T(1 / (255 * std)), T(mean / std)
}

// launch is Augment of n images on a device that runs PTX, four channels at a
// time.
func (g Augmentation) launch(y, images, index, key Buffer, n int) {
	pieces := tiles(g.H*g.W*g.C, 1024)
	for first := 0; first < g.C; first += 4 {
		var scale, shift [4]float32
		for c := first; c < min(first+4, g.C); c++ {
			scale[c-first], shift[c-first] = normalisation[float32](g.Mean[c], g.Std[c])
		}
		y.dev.gpu.launch("augment"+y.dtype.suffix(), blocks(n*pieces, 256), y, images, index, key, g.H, g.W, g.C, g.Crop, g.Flip, g.Cutout, pieces, first,
			scale[0], scale[1], scale[2], scale[3], shift[0], shift[1], shift[2], shift[3])
	}
}

// table is the normalised values of the 256 pixels of each channel.
func (g Augmentation) table() []float32 {
	table := make([]float32, 256*g.C)
	for i := range table {
		table[i] = normalise[float32](uint8(i), g.Mean[i/256], g.Std[i/256])
	}
	return table
}

// augmentCPU is augmentRef by table, row after row: a row of the picture is a
// stretch of one of the image, read forwards or backwards, or black.
func augmentCPU(y []float32, image []uint8, d cropFlip, table []float32, g Augmentation) {
	shift := d.dx - g.Crop
	first, step := shift, g.C // image column of picture column 0, and the way to the next
	lo, hi := max(0, -shift), min(g.W, g.W-shift)
	if d.flip {
		first, step = g.W-1+shift, -g.C
		lo, hi = max(0, shift), min(g.W, g.W+shift)
	}
	for i := range g.H {
		row, h := y[i*g.W*g.C:(i+1)*g.W*g.C], i+d.dy-g.Crop
		if h < 0 || h >= g.H || lo >= hi {
			black(row, table)
			continue
		}
		black(row[:lo*g.C], table)
		black(row[hi*g.C:], table)
		at := (h*g.W+first)*g.C + lo*step
		for k := lo * g.C; k < hi*g.C; k += g.C {
			for c := range g.C {
				row[k+c] = table[c*256+int(image[at+c])]
			}
			at += step
		}
	}
	top, bottom, left, right := d.cut(g)
	for i := top; i < bottom; i++ {
		clear(y[(i*g.W+left)*g.C : (i*g.W+right)*g.C])
	}
}

// black fills whole pixels.
func black(row, table []float32) {
	for k := 0; k < len(row); k += len(table) / 256 {
		for c := range len(table) / 256 {
			row[k+c] = table[c*256]
		}
	}
}
