package datasets

import (
	"runtime"

	"golang.org/x/sync/errgroup"

	"lbsam/internal/rng"
)

// What Open gives for the name Synthetic.
const (
	SyntheticSeed  = 1
	SyntheticTrain = 2880
	SyntheticTest  = 1000
)

// syntheticSide is the height and width of an image.
const syntheticSide = 32

// Synthetic returns a data set of drawn images, 32x32 RGB in 10 classes, for tests
// and for a first training run without files: train and test images, which differ
// in their random streams and in nothing else. Image i has label i mod 10 and is a
// function of seed, split and i alone, bit for bit on every machine.
//
// Each image shows one object of its class: a shape of one colour, or a patch with
// a texture of two. Position, size, rotation, colours, background, clutter,
// occlusion and noise are drawn without regard to the class, so that neither a
// colour nor a pixel tells it and a linear model fails; see the constants of scene
// for how hard it is.
func Synthetic(seed uint64, train, test int) *Dataset {
	return &Dataset{
		Name:    synthName,
		Classes: syntheticClasses(),
		Train:   draw(seed, 0, train),
		Test:    draw(seed, 1, test),
		Mean:    []float64{0.34, 0.34, 0.34},
		Std:     []float64{0.28, 0.28, 0.28},
		Crop:    2,
		Flip:    true, // every class looks the same in a mirror
	}
}

// draw returns n images of a split: 0 train, 1 test.
func draw(seed uint64, split uint32, n int) Split {
	s := newSplit(n, syntheticSide, syntheticSide, 3)
	workers := runtime.GOMAXPROCS(0)
	var g errgroup.Group
	for w := range workers {
		g.Go(func() error {
			for i := w; i < n; i += workers {
				s.Labels[i] = uint8(i % classCount)
				stream := rng.New(seed, rng.Synthetic, split, uint32(i))
				newScene(int(s.Labels[i]), &stream).render(s.Image(i), &stream)
			}
			return nil
		})
	}
	g.Wait() // no worker fails
	return s
}
