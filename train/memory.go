package train

import (
	"context"
	"errors"
	"fmt"

	"lbsam/kernels"
	"lbsam/kernels/driver"
	"lbsam/kernels/driver/dry"
)

// withBatchThatFits adds to the error of a device whose memory is used up
// which size of a batch would fit. Other errors stay as they are.
func (j *Job) withBatchThatFits(err error) error {
	full, ok := errors.AsType[driver.OutOfMemory](err)
	if !ok {
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

// needs is the memory that a step with a batch of n images takes on a device
// that runs PTX, in bytes: one that only counts tells.
func (j *Job) needs(n int) (int64, error) {
	c := j.Config
	c.Batch, c.Init = n, ""
	counter := dry.New(dry.Config{})
	planned, err := openOn(kernels.OpenDriver(counter), c, j.Data)
	if err != nil {
		return 0, err
	}
	defer planned.Close()
	s := planned.source(selection{&j.Data.Train, planned.training, true, c.Seed, planned.feeder.augment})
	s.begin(context.Background(), 0, 0)
	sizes, err := s.next(planned.method.Batches())
	if err != nil || len(sizes) == 0 {
		return 0, fmt.Errorf("train: no batch to plan with: %w", err)
	}
	planned.trainOn(s, sizes)
	planned.onDevice(&j.Data.Test)
	return counter.Peak(), nil
}
