package analysis

import (
	"math"
	"slices"
	"strconv"

	"lbsam/internal/rng"
	"lbsam/tensor"
	"lbsam/train"
	"lbsam/train/checkpoint"
)

// How long a random direction is.
const (
	FilterNorm = "filter" // each filter of it as long as that of the weights
	LayerNorm  = "layer"  // each tensor of it as long as that of the weights
	NoNorm     = "none"   // its numbers are standard normal
)

// Norms are the words for the length of a direction.
func Norms() []string { return []string{FilterNorm, LayerNorm, NoNorm} }

// The second ids of the streams of random numbers; the first is the number of the
// draw or of the direction.
const (
	noiseStream uint32 = iota
	directionStream
)

// direction draws a random direction at the weights of j, [j.Params.Size()],
// scaled as in Li et al. 2018 ("Visualizing the Loss Landscape of Neural Nets",
// section 4): d ← d·‖w‖/‖d‖, for each filter, the weights to one output channel of
// a convolution or one output of a linear layer, or for each tensor. A tensor of
// one dimension counts as one filter. What is not moved is 0.
func (l Landscape) direction(j *train.Job, axis uint32) *tensor.Tensor {
	p := j.Params
	w, d := p.Weights.Floats(), make([]float64, p.Size())
	z := rng.New(l.Seed, rng.Analysis, axis, directionStream)
	which := moved(p, l.Tensors)
	for i, param := range p.List {
		from, to := p.Offsets[i], p.Offsets[i]+p.Lens[i]
		for k := from; k < to; k++ {
			d[k] = z.Norm() // what is not moved too: the others do not depend on the choice
		}
		step := p.Lens[i]
		if shape := param.Shape(); l.Normalise == FilterNorm && len(shape) > 1 {
			step /= shape[0]
		}
		switch {
		case !slices.Contains(which, i):
			clear(d[from:to])
		case l.Normalise != NoNorm:
			for k := from; k < to; k += step {
				rescale(d[k:k+step], w[k:k+step])
			}
		}
	}
	return tensor.From(j.Device, d, len(d))
}

// rescale makes d as long as w.
func rescale(d, w []float64) {
	length := norm(d)
	if length == 0 {
		return
	}
	factor := norm(w) / length
	for i := range d {
		d[i] *= factor
	}
}

func norm(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum)
}

// directions are those of the axes.
func (l Landscape) directions(j *train.Job) []*tensor.Tensor {
	list := []*tensor.Tensor{l.direction(j, 0)}
	if l.Y != nil {
		list = append(list, l.direction(j, 1))
	}
	return list
}

// SaveDirections writes the directions at the weights of j to a safetensors file,
// in PyTorch's layout: tensor conv1.weight of the x axis is x.conv1.weight there.
func (l Landscape) SaveDirections(path string, j *train.Job) error {
	var entries []checkpoint.Entry
	err := j.Guard(func() error {
		for axis, d := range l.directions(j) {
			for i, p := range j.Params.List {
				name := []string{"x.", "y."}[axis] + p.Name
				entries = append(entries, checkpoint.Entry{Name: name, Tensor: d.Part(j.Params.Offsets[i], p.Shape()...)})
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	about := map[string]string{
		"kind": "directions", "model": j.Config.Model, "normalise": l.Normalise, "tensors": l.Tensors,
		"seed": strconv.FormatUint(l.Seed, 10),
	}
	if err := checkpoint.Export(path, about, entries); err != nil {
		return train.FolderError{Err: err}
	}
	return nil
}
