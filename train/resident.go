package train

import (
	"context"
	"time"

	"lbsam/datasets"
	"lbsam/kernels"
)

// resident batches are taken from a split that lies on the device, in an order
// that is uploaded once per epoch. The position in it is on the device too: a
// step needs nothing from the host, and can be recorded.
type resident struct {
	selection
	feeder   *feeder
	on       deviceSplit
	batch    int
	left     int     // samples of the epoch that were not taken
	sequence []int32 // on.order, on the host
	sizes    []int
}

// A deviceSplit is a split on the device, and how far an epoch of it is.
type deviceSplit struct {
	images, labels kernels.Buffer // uint8
	order          kernels.Buffer // int32: the samples of the epoch
	position       kernels.Buffer // int32 [1]: how many of them were brought
}

// onDevice returns the device's copy of a split, made when it is first asked
// for. Two sources of a split take turns: the epoch of one ends that of the
// other.
func (j *Job) onDevice(s *datasets.Split) deviceSplit {
	if d, ok := j.splits[s]; ok {
		return d
	}
	d := deviceSplit{
		images: j.Device.Alloc(kernels.Uint8, len(s.Images)), labels: j.Device.Alloc(kernels.Uint8, len(s.Labels)),
		order: j.Device.Alloc(kernels.Int32, s.N), position: j.Device.Alloc(kernels.Int32, 1),
	}
	kernels.Upload(d.images, s.Images)
	kernels.Upload(d.labels, s.Labels)
	j.splits[s] = d
	return d
}

func newResident(j *Job, s selection) *resident {
	return &resident{selection: s, feeder: j.feeder, on: j.onDevice(s.split), batch: j.Config.Batch}
}

func (r *resident) begin(_ context.Context, epoch, skip int) {
	r.feeder.begin(r.seed, epoch)
	r.mixer.begin(epoch, skip)
	r.sequence = datasets.Sequence(r.sequence, r.samples, r.split.N, r.seed, epoch, r.shuffle)
	kernels.Upload(r.on.order.Slice(0, len(r.sequence)), r.sequence)
	skipped := min(skip*r.batch, len(r.sequence))
	kernels.Upload(r.on.position, []int32{int32(skipped)})
	r.left = len(r.sequence) - skipped
}

func (r *resident) next(batches int) ([]int, error) {
	r.sizes = r.sizes[:0]
	for range batches {
		if r.left == 0 {
			break
		}
		n := min(r.batch, r.left)
		r.left -= n
		r.sizes = append(r.sizes, n)
	}
	return r.sizes, nil
}

func (r *resident) bring(slot, size int) {
	images, index, labels := r.feeder.slots[slot].raw(size)
	kernels.TakeBatch(images, labels, index, r.on.images, r.on.labels, r.on.order, r.on.position, size)
	r.feeder.prepare(slot, size, r.how)
	r.mixer.mix(r.feeder, slot, size)
}

func (r *resident) waited() time.Duration { return 0 }
func (r *resident) close()                {}
