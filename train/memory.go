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

// withBatchThatFits adds to the error of a device whose memory is used up
// which size of a batch would fit. Other errors stay as they are.
func (j *Job) withBatchThatFits(err error) error {
	full, ok := errors.AsType[driver.OutOfMemory](err)
	if !ok || full.Free >= full.Wanted { // in pieces, of which no estimate knows
		return err
	}
	available := full.Free + j.Device.Allocated()
	fits, planErr := j.fits(available)
	switch {
	case planErr != nil:
		return err // the first error says enough
	case fits == 0:
		return fmt.Errorf("%w; %s do not hold %s with any batch: choose a smaller --model", err, driver.Size(available), j.Config.Model)
	}
	return fmt.Errorf("%w; a batch of %d would fit: --batch-size %d", err, fits, fits)
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
	c := j.Config
	c.Batch, c.Init = n, ""
	return Rehearse(c, j.Data, nil)
}

// Rehearse does two steps of a run on a device that computes nothing and
// counts. It tells watch, which may be nil, of all that the second step gives
// to the device, and returns the memory that the run would take on a GPU, in
// bytes.
func Rehearse(c Config, data *datasets.Dataset, watch func(kernels.Launch)) (bytes int64, err error) {
	counter := dry.New(dry.Config{})
	c.Graphs = false // they would hide the launches
	j, err := openOn(kernels.OpenDriver(counter, c.device().Compute), c, data)
	if err != nil {
		return 0, err
	}
	defer j.Close()
	s := j.source(j.trainingSet())
	defer s.close()
	for step := range 2 {
		s.begin(context.Background(), 0, 0)
		sizes, err := s.next(j.method.Batches())
		if err != nil || len(sizes) == 0 {
			return 0, fmt.Errorf("train: no batch to rehearse with: %w", err)
		}
		if step == 1 {
			j.Device.Watch(watch)
		}
		j.trainOn(s, sizes)
	}
	j.Device.Watch(nil)
	j.onDevice(&j.Data.Test)
	return counter.Peak(), nil
}
