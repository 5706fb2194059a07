package datasets

import (
	"context"
	"fmt"
	"io"
	"time"

	"golang.org/x/sync/errgroup"
)

// A Batch is one mini-batch of samples.
type Batch struct {
	Images []uint8 // [N, h, w, c]
	Labels []int32 // [N]
	Index  []int32 // [N], of each sample in its split: the key of its augmentation
	N      int     // Batch of the loader, or less for the last one of an epoch
}

// A Loader assembles the mini-batches of a split ahead of their use. Fill in the
// exported fields of a Loader, then for each epoch call Epoch and Next until it
// returns io.EOF; call Close at the end. The sequence of batches depends on the
// fields, Seed and the epoch alone. A Loader is used by one goroutine.
type Loader struct {
	Split    *Split
	Samples  []int32 // indices into Split; nil for all of it
	Batch    int     // samples of a batch
	Seed     uint64
	Shuffle  bool // take the samples in a random order, see Sequence, otherwise as they lie
	DropLast bool // leave out a last batch that is not full
	Workers  int  // goroutines that assemble batches; 0 means 1, which copies some GB/s

	// Wait is the time that Next has spent waiting for a batch, in all epochs.
	Wait time.Duration

	order []int32 // samples of this epoch
	slots []slot  // the ring; batch i lies in slots[i % len(slots)]
	held  *slot   // of the batch that Next returned last, not yet free
	next  int     // batch that Next returns next
	total int     // batches of an epoch

	group  *errgroup.Group
	ctx    context.Context
	cancel context.CancelFunc
}

// A slot holds one batch, which belongs to a worker after free was received and
// to Next after full was received.
type slot struct {
	batch      Batch
	free, full chan struct{}
}

// slotsPerWorker is 2: a worker fills one while the other one is full or in use.
// Each slot has only one worker, so that batches never come out of order.
const slotsPerWorker = 2

// Batches returns the number of batches of an epoch.
func (l *Loader) Batches() int {
	if l.DropLast {
		return l.samples() / l.Batch
	}
	return (l.samples() + l.Batch - 1) / l.Batch
}

func (l *Loader) samples() int {
	if l.Samples != nil {
		return len(l.Samples)
	}
	return l.Split.N
}

// Epoch begins an epoch, whatever became of the one before, and leaves out its
// first skip batches: those that a run which is resumed has already used. The
// loader stops when ctx is done.
func (l *Loader) Epoch(ctx context.Context, epoch, skip int) {
	l.Close()
	if l.Batch <= 0 || skip < 0 {
		panic(fmt.Sprintf("datasets: Epoch with batches of %d, %d to skip: want a positive batch, no negative skip", l.Batch, skip))
	}
	l.order = Sequence(l.order, l.Samples, l.Split.N, l.Seed, epoch, l.Shuffle)
	l.total, l.next = l.Batches(), skip
	l.makeSlots()
	ctx, l.cancel = context.WithCancel(ctx)
	l.group, l.ctx = errgroup.WithContext(ctx)
	workers := max(l.Workers, 1)
	for w := range workers {
		l.group.Go(func() error { return l.work(l.ctx, skip+w, workers) })
	}
}

// makeSlots makes all slots free; buffers of the right size are kept.
func (l *Loader) makeSlots() {
	count, size := slotsPerWorker*max(l.Workers, 1), l.Split.H*l.Split.W*l.Split.C
	if len(l.slots) != count || cap(l.slots[0].batch.Images) != l.Batch*size {
		l.slots = make([]slot, count)
		for i := range l.slots {
			l.slots[i].batch = Batch{
				Images: make([]uint8, l.Batch*size),
				Labels: make([]int32, l.Batch),
				Index:  make([]int32, l.Batch),
			}
		}
	}
	for i := range l.slots { // a cancelled epoch leaves channels in any state
		l.slots[i].free, l.slots[i].full = make(chan struct{}, 1), make(chan struct{}, 1)
		l.slots[i].free <- struct{}{}
	}
}

// work assembles the batches first, first+stride, ... of the epoch.
func (l *Loader) work(ctx context.Context, first, stride int) error {
	for i := first; i < l.total; i += stride {
		s := &l.slots[i%len(l.slots)]
		select {
		case <-s.free:
		case <-ctx.Done():
			return ctx.Err()
		}
		l.fill(&s.batch, l.order[i*l.Batch:min((i+1)*l.Batch, len(l.order))])
		s.full <- struct{}{} // does not block: it was received before free was sent
	}
	return nil
}

// fill sets b to the samples of an order.
func (l *Loader) fill(b *Batch, order []int32) {
	size := l.Split.H * l.Split.W * l.Split.C
	b.N = len(order)
	b.Images, b.Labels, b.Index = b.Images[:b.N*size], b.Labels[:b.N], b.Index[:b.N]
	for i, sample := range order {
		copy(b.Images[i*size:(i+1)*size], l.Split.Image(int(sample)))
		b.Labels[i] = int32(l.Split.Labels[sample])
		b.Index[i] = sample
	}
}

// Next returns the next batch, io.EOF after the last one of the epoch, or the
// error of the context. The batch is valid until Next, Epoch or Close is called
// again: its memory is then filled with a later one. Next allocates nothing.
func (l *Loader) Next() (*Batch, error) {
	if l.group == nil {
		panic("datasets: Next without Epoch")
	}
	if err := l.ctx.Err(); err != nil {
		return nil, err
	}
	if l.next >= l.total {
		return nil, io.EOF
	}
	if l.held != nil {
		l.held.free <- struct{}{}
		l.held = nil
	}
	s := &l.slots[l.next%len(l.slots)]
	start := time.Now()
	select {
	case <-s.full:
	case <-l.ctx.Done():
		return nil, l.ctx.Err()
	}
	l.Wait += time.Since(start)
	l.held = s
	l.next++
	return &s.batch, nil
}

// Close ends the epoch and returns when its goroutines are gone. A closed loader
// can begin another epoch.
func (l *Loader) Close() {
	if l.group == nil {
		return
	}
	l.cancel()
	l.group.Wait() // its only error is the cancellation
	l.group, l.held = nil, nil
}
