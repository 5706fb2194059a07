package analysis

import (
	"math"

	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/tensor"
	"lbsam/train"
)

// Geometries are the names of the neighbourhoods in which a sharpness is
// measured: the ball of SAM and the ellipsoid of ASAM.
func Geometries() []string { return []string{sam, asam} }

const sam, asam = "sam", "asam"

// A ball is the neighbourhood ‖(w - center)/T‖₂ ≤ rho of the weights that a
// model has. T is 1 in SAM's geometry; in ASAM's it is |center| + eta where the
// parameter is one that ASAM scales; it is 0 where a parameter stays as it is.
type ball struct {
	geometry       string
	params         *autograd.Params
	scaled, frozen []bool
	eta            float64

	center       *tensor.Tensor
	table        *kernels.Segments
	norm, radius tensor.Scalar
}

// newBall returns the ball of a geometry, with ASAM's eta, around the present
// weights; tensors says what may move.
func newBall(p *autograd.Params, geometry, tensors string, eta float64) *ball {
	b := &ball{
		geometry: geometry, params: p, eta: eta, scaled: make([]bool, len(p.List)), frozen: make([]bool, len(p.List)),
		center: arena(p), norm: tensor.NewScalar(p.Device(), 0), radius: tensor.NewScalar(p.Device(), 0),
	}
	if geometry == asam {
		b.scaled = train.ScaledByASAM(p)
	}
	list := make([]kernels.Segment, len(p.List))
	for i, param := range p.List {
		b.frozen[i] = tensors == Weights && len(param.Shape()) == 1
		list[i] = kernels.Segment{Offset: p.Offsets[i], Len: p.Lens[i], Scaled: b.scaled[i], Frozen: b.frozen[i]}
	}
	b.table = kernels.NewSegments(p.Device(), p.Size(), list)
	tensor.Copy(b.center, p.Weights)
	return b
}

// arena returns an arena of zeros like the weights.
func arena(p *autograd.Params) *tensor.Tensor { return tensor.New(p.Device(), p.Size()) }

// release gives the memory of arenas back.
func release(arenas ...*tensor.Tensor) {
	for _, a := range arenas {
		kernels.Release(a.Data)
	}
}

// leave puts the weights back and gives the memory of the ball back.
func (b *ball) leave() {
	b.restore()
	release(b.center, b.norm.Tensor, b.radius.Tensor)
	b.table.Release()
}

// restore puts the weights back to the center.
func (b *ball) restore() { tensor.Copy(b.params.Weights, b.center) }

// step sets next = w + size·T²g/‖Tg‖₂, with T of the center: a step of the given
// size in the direction in which the loss rises most.
func (b *ball) step(next, w, g *tensor.Tensor, size float64) {
	tensor.Copy(next, b.center)
	b.radius.Set(size)
	kernels.ScaledNorm(b.norm.Data, b.center.Data, g.Data, b.table, b.eta)
	kernels.Ascend(next.Data, g.Data, b.norm.Data, b.radius.Data, b.table, b.eta)
	if w != b.center {
		kernels.AddScaled(next.Data, w.Data, 1)
		kernels.AddScaled(next.Data, b.center.Data, -1)
	}
}

// project pulls w back into the ball of radius rho.
func (b *ball) project(w *tensor.Tensor, rho float64) {
	b.radius.Set(rho)
	kernels.ScaledDistance(b.norm.Data, w.Data, b.center.Data, b.table, b.eta)
	kernels.Project(w.Data, b.center.Data, b.norm.Data, b.radius.Data, b.table)
}

// distance is ‖(w - center)/T‖₂.
func (b *ball) distance(w *tensor.Tensor) float64 {
	kernels.ScaledDistance(b.norm.Data, w.Data, b.center.Data, b.table, b.eta)
	return b.norm.Read()
}

// draw returns a vector like an arena of numbers drawn one by one, 0 in frozen
// parameters and between parameters, and its length.
func (b *ball) draw(number func() float64) (z []float64, length float64) {
	z = make([]float64, b.params.Size())
	for i, offset := range b.params.Offsets {
		if b.frozen[i] {
			continue
		}
		for j := range b.params.Lens[i] {
			v := number()
			z[offset+j] = v
			length += v * v
		}
	}
	return z, math.Sqrt(length)
}

// scale multiplies a vector like an arena by T.
func (b *ball) scale(z, center []float64) {
	for i, offset := range b.params.Offsets {
		if !b.scaled[i] {
			continue
		}
		for j := offset; j < offset+b.params.Lens[i]; j++ {
			z[j] *= math.Abs(center[j]) + b.eta
		}
	}
}

// free is the number of weights that are not frozen.
func (b *ball) free() (n int) {
	for i, l := range b.params.Lens {
		if !b.frozen[i] {
			n += l
		}
	}
	return n
}
