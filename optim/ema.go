package optim

import (
	"fmt"

	"lbsam/kernels"
	"lbsam/tensor"
)

// EMA keeps the exponential moving average of tensors over the steps of a run:
//
//	average += (1 - d)·(tensor - average)
//
// with d = min(Decay, (1+t)/(10+t)) in step t, counted from 0, so that a short
// run does not average over the random weights that it began with. The average
// of a model is that of its weights and of its running statistics.
type EMA struct {
	Of    []*tensor.Tensor // what is averaged, each on one device and in its precision
	Decay float64

	averages, aside []*tensor.Tensor
	tables          []*kernels.Segments
	rate            *tensor.Tensor // [1]: 1 - d of the step under way
}

func (e *EMA) init() {
	if e.rate != nil {
		return
	}
	d := e.Of[0].Device()
	e.rate = tensor.New(d, 1)
	for _, x := range e.Of {
		average := tensor.New(d, x.Len())
		kernels.Copy(average.Data, x.Data)
		e.averages, e.aside = append(e.averages, average), append(e.aside, tensor.New(d, x.Len()))
		e.tables = append(e.tables, kernels.NewSegments(d, x.Len(), []kernels.Segment{{Len: x.Len()}}))
	}
}

// SetStep sets which step is under way. It does not belong into a recorded one.
func (e *EMA) SetStep(t int) {
	if e != nil {
		e.init()
		e.rate.Fill(1 - min(e.Decay, float64(1+t)/float64(10+t)))
	}
}

// Update takes in the tensors as they are at the end of a step.
func (e *EMA) Update() {
	if e == nil {
		return
	}
	for i, average := range e.averages {
		kernels.Interpolate(average.Data, average.Data, e.Of[i].Data, e.rate.Data, e.tables[i])
	}
}

// During calls body while the averages are in the place of the tensors. A nil
// EMA only calls it.
func (e *EMA) During(body func() error) error {
	if e == nil {
		return body()
	}
	e.init()
	for i, x := range e.Of {
		kernels.Copy(e.aside[i].Data, x.Data)
		kernels.Copy(x.Data, e.averages[i].Data)
	}
	defer func() {
		for i, x := range e.Of {
			kernels.Copy(x.Data, e.aside[i].Data)
		}
	}()
	return body()
}

// State is the averages.
func (e *EMA) State() (state []State) {
	if e == nil {
		return nil
	}
	e.init()
	for i, average := range e.averages {
		state = append(state, State{fmt.Sprint("average", i), average})
	}
	return state
}
