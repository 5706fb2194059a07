package analysis

import (
	"cmp"
	"context"

	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/train"
)

// A Site is a place where points are measured: a job with the model, and the probe
// that looks at it. Several sites, each on a device of its own, measure several
// points at a time, and find what one finds, bit for bit.
type Site struct {
	*train.Job
	Probe *train.Probe
}

// A Score is the loss and the accuracy at a point.
type Score struct {
	Loss     Number  `json:"loss"`
	Accuracy float64 `json:"accuracy"`
}

// An origin is what the weights and the running statistics at a site are when a
// measurement begins.
type origin struct {
	Site
	weights kernels.Buffer   // a copy of the arena
	buffers []kernels.Buffer // copies of the model's, in their order
}

func newOrigin(s Site) *origin {
	o := &origin{Site: s, weights: clone(s.Params.Weights.Data)}
	for _, b := range s.Model.Buffers() {
		o.buffers = append(o.buffers, clone(b.Value.Data))
	}
	return o
}

// clone is a copy of b on its device.
func clone(b kernels.Buffer) kernels.Buffer {
	c := b.Device().Alloc(b.Dtype(), b.Len())
	kernels.Copy(c, b)
	return c
}

// fromOrigins calls body with the origins of the sites. Behind it, however it
// ends, all weights and statistics are as they were.
func fromOrigins(sites []Site, body func([]*origin) error) (err error) {
	var origins []*origin
	defer func() {
		for _, o := range origins {
			err = cmp.Or(err, o.Guard(o.leave))
		}
	}()
	for _, s := range sites {
		err := s.Guard(func() error {
			origins = append(origins, newOrigin(s))
			return nil
		})
		if err != nil {
			return err
		}
	}
	return body(origins)
}

// leave puts all back and gives the copies up.
func (o *origin) leave() error {
	o.restoreWeights()
	o.restoreStatistics()
	for _, b := range append(o.buffers, o.weights) {
		kernels.Release(b)
	}
	return nil
}

func (o *origin) restoreWeights() { kernels.Copy(o.Params.Weights.Data, o.weights) }

func (o *origin) restoreStatistics() {
	for i, b := range o.Model.Buffers() {
		kernels.Copy(b.Value.Data, o.buffers[i])
	}
}

// score measures at the present weights: with the present statistics or, unless
// batches is 0, with those over so many batches.
func (o *origin) score(ctx context.Context, batches int) (Score, error) {
	if batches > 0 {
		// A statistic that is not finite would stay so: the first batch counts
		// it with weight 0.
		err := o.Guard(func() error { o.restoreStatistics(); return nil })
		if err == nil {
			err = o.Probe.Recalibrate(ctx, batches)
		}
		if err != nil {
			return Score{}, err
		}
	}
	s, err := o.Probe.Score(ctx)
	return Score{Number(s.Loss), s.Accuracy}, err
}

// moved are the places in p.List of what a measurement moves: of weights, the
// parameters of two dimensions or more.
func moved(p *autograd.Params, tensors string) (places []int) {
	for i, param := range p.List {
		if tensors == AllTensors || len(param.Shape()) > 1 {
			places = append(places, i)
		}
	}
	return places
}
