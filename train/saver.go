package train

import (
	"slices"

	"lbsam/kernels"
	"lbsam/tensor"
	"lbsam/train/checkpoint"
)

// A saver writes files in the background, from copies of the tensors in the
// memory of the host: training stands still while they are copied, and not
// while they are written. One save comes after the other.
type saver struct {
	state, weights snapshot
	busy           chan error // of the save under way; nil: there is none
}

// start begins a save. The one before must have been waited for.
func (s *saver) start(write func() error) {
	s.busy = make(chan error, 1)
	go func(ended chan<- error) { ended <- write() }(s.busy)
}

// wait waits for the end of the save under way and returns its error.
func (s *saver) wait() error {
	if s.busy == nil {
		return nil
	}
	err := <-s.busy
	s.busy = nil
	return err
}

// failed returns the error of the save under way if it has ended with one. It
// does not wait.
func (s *saver) failed() error {
	select {
	case err := <-s.busy: // never, where busy is nil
		s.busy = nil
		return err
	default:
		return nil
	}
}

// A snapshot is a copy of tensors in the memory of the host, which later ones
// use again.
type snapshot struct {
	host    *kernels.Device
	entries []checkpoint.Entry
}

// take copies the entries, which are always the same ones, and returns the
// copies.
func (s *snapshot) take(entries []checkpoint.Entry) []checkpoint.Entry {
	if s.entries == nil {
		s.host = entries[0].Tensor.Device().Mirror()
		for _, e := range entries {
			like := tensor.NewOf(s.host, e.Tensor.Data.Dtype(), e.Tensor.Shape...)
			s.entries = append(s.entries, checkpoint.Entry{Name: e.Name, Tensor: like})
		}
	}
	for i, e := range entries {
		if to := s.entries[i]; to.Name != e.Name || !slices.Equal(to.Tensor.Shape, e.Tensor.Shape) {
			panic("train: a snapshot of " + e.Name + " in the place of " + to.Name)
		}
		kernels.Fetch(s.entries[i].Tensor.Data, e.Tensor.Data)
	}
	return s.entries
}
