package autograd

import (
	"fmt"

	"lbsam/kernels"
	"lbsam/tensor"
)

// A Param is a parameter and its name in PyTorch's state_dict.
type Param struct {
	Name string
	*Var
}

// Params holds all weights and all gradients of a model in one arena each, in
// the order of PyTorch's named_parameters. The Value and Grad of parameter i
// are views of Lens[i] elements from Offsets[i] on.
type Params struct {
	List           []Param
	Offsets, Lens  []int
	Weights, Grads *tensor.Tensor // [Size()]; elements between parameters are zero

	rounded *tensor.Tensor // Weights in the format of activations; nil where that is float32 or more
	current bool           // rounded is that of the weights of the next evaluation
}

// paramAlign is what offsets are multiples of: 64 elements keep every
// parameter on its own cache lines, in any precision.
const paramAlign = 64

// NewParams moves the parameters of list, from NewParam, with their values, into
// new arenas on their device. Their old memory is gone.
func NewParams(list []Param) *Params {
	if len(list) == 0 {
		panic("autograd: NewParams of no parameters")
	}
	p := &Params{List: list}
	size := 0
	seen := map[string]bool{}
	for _, param := range list {
		if seen[param.Name] {
			panic(fmt.Sprintf("autograd: two parameters are named %q", param.Name))
		}
		seen[param.Name] = true
		p.Offsets = append(p.Offsets, size)
		p.Lens = append(p.Lens, param.Value.Len())
		size += (param.Value.Len() + paramAlign - 1) / paramAlign * paramAlign
	}
	p.Weights, p.Grads = tensor.New(p.Device(), size), tensor.New(p.Device(), size)
	if d := p.Device(); d.Activations() != d.Precision() || d.EmulatesStorage() {
		p.rounded = tensor.NewOf(d, d.Activations(), size)
	}
	for i, param := range list {
		value := p.Weights.Part(p.Offsets[i], param.Value.Shape...)
		tensor.Copy(value, param.Value)
		kernels.Release(param.Value.Data)
		kernels.Release(param.Grad.Data)
		if p.rounded != nil {
			param.rounded = p.rounded.Part(p.Offsets[i], value.Shape...)
		}
		param.Value, param.Grad = value, p.Grads.Part(p.Offsets[i], value.Shape...)
	}
	return p
}

// Begin begins an evaluation of the gradient: it sets the gradients to 0 and
// calls Round, unless Rounded did its work.
func (p *Params) Begin() {
	p.Grads.Zero()
	if !p.current {
		p.Round()
	}
	p.current = false
}

// Rounded is what Round makes, for a pass over the weights that makes it on its
// way, as the last before the next Begin; nil where there is none to make.
func (p *Params) Rounded() *tensor.Tensor {
	p.current = p.rounded != nil
	return p.rounded
}

// Round makes the copy of the weights with which a device multiplies that keeps
// activations in 16 bits, or emulates one that does; elsewhere it does nothing. A forward pass must come
// behind it whenever the weights have changed.
func (p *Params) Round() {
	if p.rounded != nil {
		kernels.Cast(p.rounded.Data, p.Weights.Data)
	}
}

// Segments describes the parameters to the functions of package kernels that walk
// arenas.
func (p *Params) Segments() *kernels.Segments {
	list := make([]kernels.Segment, len(p.List))
	for i := range list {
		list[i] = kernels.Segment{Offset: p.Offsets[i], Len: p.Lens[i]}
	}
	return kernels.NewSegments(p.Device(), p.Size(), list)
}

// Device is the device of the arenas.
func (p *Params) Device() *kernels.Device { return p.List[0].Device() }

// Size is the length of each arena.
func (p *Params) Size() int { return p.Weights.Len() }

// Count is the number of weights, without the padding between parameters.
func (p *Params) Count() int {
	n := 0
	for _, l := range p.Lens {
		n += l
	}
	return n
}
