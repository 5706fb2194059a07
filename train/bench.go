package train

import (
	"context"
	"fmt"
	"time"

	"lbsam/datasets"
	"lbsam/kernels"
	"lbsam/tensor"
)

// A Bench repeats the training step of a Job on one and the same batch, which
// lies on the device.
type Bench struct {
	*Job
	loss  tensor.Scalar
	timer *kernels.Timer
}

// A Lap is how long one step took.
type Lap struct {
	Device time.Duration // from its start to its end, on the device's clock
	Host   time.Duration // until the host had given it to the device
	Loss   float64       // before the step
}

// NewBench loads the first images of j's training set, which must have one
// batch at least.
func NewBench(j *Job) (b *Bench, err error) {
	err = j.guard(nil, func() error {
		l := &datasets.Loader{Split: &j.Data.Train, Batch: j.Config.Batch, DropLast: true}
		defer l.Close()
		l.Epoch(context.Background(), 0, 0)
		batch, err := l.Next()
		if err != nil {
			return fmt.Errorf("train: a bench of %d images in batches of %d: %w", j.Data.Train.N, j.Config.Batch, err)
		}
		for slot := range j.feeder.slots {
			j.feeder.upload(slot, batch)
			j.feeder.prepare(slot, batch.N, j.feeder.plain)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &Bench{Job: j, timer: j.Device.NewTimer()}, nil
}

// Step does one step and waits for it.
func (b *Bench) Step() (lap Lap, err error) {
	err = b.guard(nil, func() error {
		b.timer.Start()
		start := time.Now()
		b.give()
		lap.Host = time.Since(start)
		lap.Device = b.timer.Stop()
		lap.Loss = b.loss.Read()
		return nil
	})
	return lap, err
}

// Steps does n steps without waiting in between, as training does, and returns
// the time by the clock on the wall.
func (b *Bench) Steps(n int) (d time.Duration, err error) {
	err = b.guard(nil, func() error {
		b.Device.Sync()
		start := time.Now()
		for range n {
			b.give()
		}
		b.Device.Sync()
		d = time.Since(start)
		return nil
	})
	return d, err
}

// Traced does one step, which is not recorded, tells f of all its operations, and
// returns the time by the clock on the wall. On a device that runs PTX each
// kernel is waited for.
func (b *Bench) Traced(f func(kernels.Span)) (d time.Duration, err error) {
	err = b.guard(nil, func() error {
		off := b.recorder.off
		b.recorder.off = true
		b.Device.Trace(f)
		start := time.Now()
		b.give()
		b.Device.Sync()
		d = time.Since(start)
		b.Device.Trace(nil)
		b.recorder.off = off
		return nil
	})
	return d, err
}

// give gives a step to the device.
func (b *Bench) give() { b.record("bench", func() { b.loss = b.step() }) }

// ArenaPeak is the largest number of bytes that activations and gradients of
// activations have taken so far.
func (b *Bench) ArenaPeak() int { return b.arena.Peak() }
