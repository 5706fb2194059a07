package train

import (
	"context"
	"errors"
	"fmt"

	"lbsam/datasets"
	"lbsam/kernels"
	"lbsam/kernels/driver"
	"lbsam/kernels/driver/dry"
)

// withWhatFits adds to the error of a device whose memory is used up what would
// fit: another size of a batch, or the same with activations computed again. Other
// errors stay as they are.
func (j *Job) withWhatFits(err error) error {
	full, ok := errors.AsType[driver.OutOfMemory](err)
	if !ok || full.Free >= full.Wanted { // in pieces, of which no estimate knows
		return err
	}
	available := full.Free + j.Device.Allocated()
	batch, planErr := j.fits(available)
	if planErr != nil {
		return err // the first error says enough
	}
	again := j.fitsAgain(available)
	switch {
	case batch > 0 && again:
		return fmt.Errorf("%w; a batch of %d would fit: --batch-size %d; or this one, with more time for a step: --recompute", err, batch, batch)
	case batch > 0:
		return fmt.Errorf("%w; a batch of %d would fit: --batch-size %d", err, batch, batch)
	case again:
		return fmt.Errorf("%w; it would fit with more time for a step: --recompute", err)
	}
	return fmt.Errorf("%w; %s do not hold %s with any batch: choose a smaller --model", err, driver.Size(available), j.Config.Model)
}

// fitsAgain reports whether a run that computes activations again, as this one does
// not, takes no more than the available bytes.
func (j *Job) fitsAgain(available int64) bool {
	c := j.Config
	if c.Recompute {
		return false
	}
	c.Recompute, c.Init = true, ""
	m, err := rehearse(c, j.Data, nil) // an error: of a model without residual blocks
	return err == nil && m.total <= available
}

// fits is the largest batch below the one that was asked for with which a run
// takes no more than the available bytes; 0 if there is none.
func (j *Job) fits(available int64) (int, error) {
	fits, over := 0, j.Config.Batch
	for over-fits > 1 {
		middle := (fits + over) / 2
		needs, err := j.needs(middle)
		if err != nil {
			return 0, err
		}
		if needs <= available {
			fits = middle
		} else {
			over = middle
		}
	}
	return fits, nil
}

// needs is the memory that a run takes with batches of n images.
func (j *Job) needs(n int) (bytes int64, err error) {
	m, err := j.rehearse(n)
	return m.total, err
}

func (j *Job) rehearse(batch int) (memory, error) {
	c := j.Config
	c.Batch, c.Init = batch, ""
	return rehearse(c, j.Data, nil)
}

// reserve gives the arena of a device with memory of its own, before the first
// step, the memory that steps take, in one piece: where pieces that come one by one
// meet, some is lost. A run for which that fails gets them all the same.
func (j *Job) reserve() {
	if j.reserved || !j.Device.Captures() {
		return
	}
	j.reserved = true
	if m, err := j.rehearse(j.Config.Batch); err == nil {
		j.arena.Reserve(m.arena)
	}
}

// A memory is what a run takes of it, in bytes, and what of that is its arena.
type memory struct {
	total int64
	arena int
}

// Rehearse does two steps of a run on a device that computes nothing and
// counts. It tells watch, which may be nil, of all that the second step gives
// to the device, and returns the memory that the run would take on a GPU, in
// bytes.
func Rehearse(c Config, data *datasets.Dataset, watch func(kernels.Launch)) (bytes int64, err error) {
	m, err := rehearse(c, data, watch)
	return m.total, err
}

func rehearse(c Config, data *datasets.Dataset, watch func(kernels.Launch)) (m memory, err error) {
	const boundless = 1 << 40
	counter := dry.New(dry.Config{})
	c.Graphs = false // they would hide the launches
	j, err := openOn(kernels.OpenDriver(counter, c.device().Compute), c, data)
	if err != nil {
		return m, err
	}
	defer j.Close()
	j.arena.Reserve(boundless)
	j.reserved = true
	s := j.source(j.trainingSet())
	defer s.close()
	for step := range 2 {
		s.begin(context.Background(), 0, 0)
		sizes, err := s.next(j.method.Batches())
		if err != nil || len(sizes) == 0 {
			return m, fmt.Errorf("train: no batch to rehearse with: %w", err)
		}
		if step == 1 {
			j.Device.Watch(watch)
		}
		j.trainOn(s, sizes)
	}
	j.Device.Watch(nil)
	j.onDevice(&j.Data.Test)
	m.arena = j.arena.Extent()
	m.total = counter.Peak() - boundless + int64(m.arena)
	return m, nil
}
