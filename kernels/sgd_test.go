package kernels

import (
	"slices"
	"testing"

	"lbsam/kernels/kerneltest"
)

// The gradients of three steps of the tests of SGD and AdamW, from the
// weights 1, -2, .5.
var stepGradients = [][]float64{{.5, -1, .25}, {-.75, .5, 1}, {.125, 2, -.5}}

// The numbers are those of PyTorch 1.13 in float64, with the options of each
// case:
//
//	w = torch.tensor([1., -2, .5], requires_grad=True)
//	o = torch.optim.SGD([w], lr=.1, ...)
//	for g in [[.5, -1, .25], [-.75, .5, 1], [.125, 2, -.5]]: w.grad = torch.tensor(g); o.step()
func TestSGDOfPyTorch(t *testing.T) {
	for _, config := range ptxAnd(Config{Name: "ref", Precision: Float64}, Config{Name: "ref"}, Config{Name: "cpu"}) {
		for _, c := range []struct {
			name      string
			sgd       SGD
			dampening float64
			want      []float64
		}{
			{"plain", SGD{}, 0, []float64{1.0125, -2.15, .425}},
			{"weight_decay=.1", SGD{WeightDecay: .1}, 0, []float64{.983044, -2.092088, .411647}},
			{"momentum=.9, dampening=.3, weight_decay=.1", SGD{Momentum: .9, WeightDecay: .1}, .3, []float64{.90937456, -1.84373912, .31186103}},
			{"momentum=.9, nesterov=True, weight_decay=.1", SGD{Momentum: .9, WeightDecay: .1, Nesterov: true}, 0, []float64{.930851146, -2.021812292, .204639323}},
		} {
			r := openRig(t, config)
			s := NewSegments(r.dev, 3, []Segment{{Len: 3}})
			w, momentum := r.floats(1, -2, .5), r.floats(0, 0, 0)
			if c.sgd.Momentum == 0 {
				momentum = Buffer{}
			}
			lr, dampening := r.floats(.1), r.floats(0) // no dampening in the first step
			for _, g := range stepGradients {
				SGDStep(w, w, momentum, r.floats(g...), lr, dampening, Buffer{}, c.sgd, s)
				UploadFloats(dampening, []float64{c.dampening})
			}
			tolerance := 1e-9
			if config.Precision == Float32 {
				tolerance = 1e-6
			}
			if err := kerneltest.Compare(Floats(w), c.want, tolerance, 0); err != nil {
				t.Errorf("%s %v: %s: %v", config.Name, config.Precision, c.name, err)
			}
		}
	}
}

// Every product is rounded before it is added, on every device, so the
// tolerance is 0.
func TestSGDAgrees(t *testing.T) {
	for _, c := range []SGD{{}, {WeightDecay: .1}, {Momentum: .9, WeightDecay: 5e-4}, {Momentum: .9, WeightDecay: 5e-4, Nesterov: true}} {
		for _, layout := range layouts {
			agreeEverywhere(t, layout.name+" SGDStep", 0, 0, func(r rig) []Buffer {
				s := layout.segments(r)
				w, g := layout.arena(r, 0, padded(1, s)), layout.arena(r, 1, normals(2, s.Size))
				momentum := layout.arena(r, 2, normals(3, s.Size))
				if c.Momentum == 0 {
					SGDStep(w, w, Buffer{}, g, r.floats(.1), r.floats(.25), Buffer{}, c, s)
					return []Buffer{w}
				}
				to := r.floats(constant(s.Size, 5)...)
				SGDStep(w, w, momentum, g, r.floats(.1), r.floats(.25), Buffer{}, c, s)
				SGDStep(to, w, momentum, g, r.floats(.1), r.floats(.25), Buffer{}, c, s)
				return []Buffer{to, w, momentum}
			})
		}
	}
}

// A number that is not 0 keeps a step from moving anything, to other weights too; 0
// is as good as none.
func TestSkippedSteps(t *testing.T) {
	for _, config := range ptxAnd(Config{Name: "ref", Precision: Float64}, Config{Name: "ref"}, Config{Name: "cpu"}) {
		r := openRig(t, config)
		s := NewSegments(r.dev, 2, []Segment{{Len: 2}})
		for name, step := range map[string]func(w, from, m, v, skip Buffer){
			"SGD": func(w, from, m, v, skip Buffer) {
				SGDStep(w, from, m, r.floats(1, 2), r.floats(.5), r.floats(0), skip, SGD{Momentum: .5}, s)
			},
			"AdamW": func(w, from, m, v, skip Buffer) {
				AdamWStep(w, from, m, v, r.floats(1, 2), r.floats(.5), r.ints(1), skip, AdamW{.9, .999, 1e-8, .5}, s)
			},
		} {
			stepped := func(skip Buffer) []float64 {
				w, from, m, v := r.floats(7, 7), r.floats(4, 4), r.floats(1, 1), r.floats(1, 1)
				step(w, from, m, v, skip)
				if !slices.Equal(Floats(from), []float64{4, 4}) {
					t.Errorf("%s on %s: the weights before it are %v now", name, config.Name, Floats(from))
				}
				moved := slices.Concat(Floats(w), Floats(m), Floats(v))
				m, v = r.floats(1, 1), r.floats(1, 1)
				step(from, from, m, v, skip)
				if again := slices.Concat(Floats(from), Floats(m), Floats(v)); !slices.Equal(again, moved) {
					t.Errorf("%s on %s: %v in place, and %v elsewhere", name, config.Name, again, moved)
				}
				return moved
			}
			before, after := []float64{4, 4, 1, 1, 1, 1}, stepped(Buffer{})
			if slices.Equal(after, before) || !slices.Equal(stepped(r.ints(0)), after) {
				t.Errorf("%s on %s: %v without a skip, %v with 0", name, config.Name, after, stepped(r.ints(0)))
			}
			for _, skip := range []int32{1, -1} {
				if got := stepped(r.ints(skip)); !slices.Equal(got, before) {
					t.Errorf("%s on %s: skip %d changes %v to %v", name, config.Name, skip, before, got)
				}
			}
		}
	}
}

func TestNoDecay(t *testing.T) {
	for _, config := range ptxAnd(Config{Name: "ref", Precision: Float64}, Config{Name: "cpu"}) {
		r := openRig(t, config)
		s := NewSegments(r.dev, 2, []Segment{{Len: 1}, {Offset: 1, Len: 1, NoDecay: true}})
		for name, step := range map[string]func(w Buffer){
			"SGD": func(w Buffer) {
				SGDStep(w, w, Buffer{}, r.floats(0, 0), r.floats(.5), r.floats(0), Buffer{}, SGD{WeightDecay: .5}, s)
			},
			"AdamW": func(w Buffer) {
				AdamWStep(w, w, r.floats(0, 0), r.floats(0, 0), r.floats(0, 0), r.floats(.5), r.ints(1), Buffer{}, AdamW{.9, .999, 1e-8, .5}, s)
			},
		} {
			w := r.floats(4, 4)
			step(w)
			if got := Floats(w); got[0] != 3 || got[1] != 4 {
				t.Errorf("%s on %s: weights %v, want 3 with decay and 4 without", name, config.Name, got)
			}
		}
	}
}
