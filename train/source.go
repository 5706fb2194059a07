package train

import (
	"context"
	"io"
	"time"

	"lbsam/datasets"
	"lbsam/kernels"
)

// A source gives the batches of a split, epoch after epoch.
type source interface {
	// begin begins an epoch and leaves out its first skip batches.
	begin(ctx context.Context, epoch, skip int)
	// next takes up to the given number of batches and returns their sizes:
	// none at the end of the epoch.
	next(batches int) (sizes []int, err error)
	// bring gives the device the work that makes the model's input of batch
	// number slot of those that next took. What it does depends on the
	// arguments alone, so that it can be recorded and done again.
	bring(slot, size int)
	// waited is the time spent waiting for data.
	waited() time.Duration
	close()
}

// A selection says which samples of a split come, and how.
type selection struct {
	split   *datasets.Split
	samples []int32 // nil: all
	shuffle bool
	seed    uint64
	how     kernels.Augmentation
	mixer   *mixer // nil: images are not mixed
}

// trainingSet is what a run trains on.
func (j *Job) trainingSet() selection {
	n := j.Data.Train.N
	if j.training != nil {
		n = len(j.training)
	}
	batches := (n + j.Config.Batch - 1) / j.Config.Batch
	return selection{&j.Data.Train, j.training, true, j.Config.Seed, j.feeder.augment, newMixer(j, batches)}
}

// source returns the batches of s: from the host one by one, or where the
// device has memory of its own and s is of the job's data, from there.
func (j *Job) source(s selection) source {
	if own := s.split == &j.Data.Train || s.split == &j.Data.Test; own && j.Device.Captures() {
		return newResident(j, s)
	}
	return newStreamed(j, s)
}

// streamed batches are put together by the host.
type streamed struct {
	selection
	feeder *feeder
	loader *datasets.Loader
	sizes  []int
}

func newStreamed(j *Job, s selection) *streamed {
	return &streamed{selection: s, feeder: j.feeder, loader: &datasets.Loader{
		Split: s.split, Samples: s.samples, Batch: j.Config.Batch, Seed: s.seed, Shuffle: s.shuffle,
	}}
}

func (s *streamed) begin(ctx context.Context, epoch, skip int) {
	s.feeder.begin(s.seed, epoch)
	s.mixer.begin(epoch, skip)
	s.loader.Epoch(ctx, epoch, skip)
}

func (s *streamed) next(batches int) ([]int, error) {
	s.sizes = s.sizes[:0]
	for slot := range batches {
		b, err := s.loader.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		s.feeder.upload(slot, b)
		s.sizes = append(s.sizes, b.N)
	}
	return s.sizes, nil
}

func (s *streamed) bring(slot, size int) {
	s.feeder.prepare(slot, size, s.how)
	s.mixer.mix(s.feeder, slot, size)
}

func (s *streamed) waited() time.Duration { return s.loader.Wait }
func (s *streamed) close()                { s.loader.Close() }
