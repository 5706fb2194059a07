package train

import (
	"context"
	"fmt"

	"lbsam/datasets"
)

// A Bench repeats the training step of a Job on one and the same batch, which
// lies on the device.
type Bench struct{ *Job }

// NewBench loads the first images of j's training set, which must have one
// batch at least.
func NewBench(j *Job) *Bench {
	l := &datasets.Loader{Split: &j.Data.Train, Batch: j.Config.Batch, DropLast: true}
	defer l.Close()
	l.Epoch(context.Background(), 0, 0)
	b, err := l.Next()
	if err != nil {
		panic(fmt.Sprintf("train: NewBench: %d images in batches of %d: %v", j.Data.Train.N, j.Config.Batch, err))
	}
	for slot := range j.feeder.slots {
		j.feeder.load(slot, b, 0, 0, j.feeder.plain)
	}
	return &Bench{j}
}

// Step does one step and returns the loss before it. It waits for the device.
func (b *Bench) Step() float64 { return b.step().Read() }

// ArenaPeak is the largest number of bytes that activations and gradients of
// activations have taken so far.
func (b *Bench) ArenaPeak() int { return b.arena.Peak() }
