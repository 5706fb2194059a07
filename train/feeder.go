package train

import (
	"lbsam/autograd"
	"lbsam/datasets"
	"lbsam/kernels"
	"lbsam/tensor"
)

// A feeder brings batches to the device: one slot for each batch of a step.
type feeder struct {
	augment, plain kernels.Augmentation
	key            *tensor.Tensor // int32 {seed, epoch}
	slots          []feed
}

// A feed is the memory of one batch on the device.
type feed struct {
	images, index, labels kernels.Buffer // uint8 [batch h w c], int32 [batch], int32 [batch]
	x                     *tensor.Tensor // [batch h w c]: what the model sees
	n                     int            // images that are in use

	mixed    bool           // the images are mixed, and what follows holds
	partners kernels.Buffer // int32 [batch]: the second labels
	mixing   *tensor.Tensor // see kernels.Mix: first comes the weight of the first labels
}

func newFeeder(d *kernels.Device, data *datasets.Dataset, c Config, slots int) *feeder {
	s := data.Train
	plain := kernels.Augmentation{H: s.H, W: s.W, C: s.C, Mean: data.Mean, Std: data.Std}
	f := &feeder{augment: plain, plain: plain, key: tensor.NewOf(d, kernels.Int32, 2)}
	if c.Augment {
		f.augment.Crop, f.augment.Flip = data.Crop, data.Flip
	}
	f.augment.Cutout = c.Cutout
	for range slots {
		f.addSlot(d, c.Batch)
	}
	return f
}

// addSlot adds a slot for batches of n images.
func (f *feeder) addSlot(d *kernels.Device, n int) {
	g := f.plain
	f.slots = append(f.slots, feed{
		images: d.Alloc(kernels.Uint8, n*g.H*g.W*g.C),
		index:  d.Alloc(kernels.Int32, n),
		labels: d.Alloc(kernels.Int32, n),
		x:      tensor.NewOf(d, d.Activations(), n, g.H, g.W, g.C),

		partners: d.Alloc(kernels.Int32, n),
		mixing:   tensor.New(d, kernels.Mixing),
	})
}

// begin sets what the augmentation of an epoch draws from.
func (f *feeder) begin(seed uint64, epoch int) {
	kernels.Upload(f.key.Data, []int32{int32(seed), int32(epoch)})
}

// upload copies b to a slot.
func (f *feeder) upload(slot int, b *datasets.Batch) {
	s := &f.slots[slot]
	images, index, labels := s.raw(b.N)
	kernels.Upload(images, b.Images)
	kernels.Upload(index, b.Index)
	kernels.Upload(labels, b.Labels)
}

// raw is the memory of n images and what belongs to them.
func (s *feed) raw(n int) (images, index, labels kernels.Buffer) {
	pixels := s.images.Len() / s.labels.Len()
	return s.images.Slice(0, n*pixels), s.index.Slice(0, n), s.labels.Slice(0, n)
}

// prepare makes the model's input of the n images in a slot.
func (f *feeder) prepare(slot, n int, how kernels.Augmentation) {
	s := &f.slots[slot]
	s.n, s.mixed = n, false
	images, index, _ := s.raw(n)
	kernels.Augment(s.x.Data.Slice(0, images.Len()), images, index, f.key.Data, how)
}

// part returns images lo to hi of the batch in a slot, and their labels.
func (f *feeder) part(slot, lo, hi int) (x *autograd.Var, labels *tensor.Tensor) {
	s := &f.slots[slot]
	shape := s.x.Shape
	pixels := shape[1] * shape[2] * shape[3]
	x = autograd.Input(s.x.Part(lo*pixels, hi-lo, shape[1], shape[2], shape[3]))
	return x, &tensor.Tensor{Shape: []int{hi - lo}, Data: s.labels.Slice(lo, hi)}
}

// mix returns the second labels of images lo to hi of the batch in a slot, and
// the weight of the first ones; nil where images are not mixed.
func (f *feeder) mix(slot, lo, hi int) (partners, weight *tensor.Tensor) {
	s := &f.slots[slot]
	if !s.mixed {
		return nil, nil
	}
	return &tensor.Tensor{Shape: []int{hi - lo}, Data: s.partners.Slice(lo, hi)}, s.mixing.Part(0, 1)
}

// repeat makes a slot hold the batch of another one, which came before it.
func (f *feeder) repeat(slot, from int) {
	dst, src := &f.slots[slot], &f.slots[from]
	dst.n, dst.mixed = src.n, src.mixed
	kernels.Copy(dst.x.Data, src.x.Data)
	kernels.Copy(dst.labels, src.labels)
	kernels.Copy(dst.partners, src.partners)
	tensor.Copy(dst.mixing, src.mixing)
}
