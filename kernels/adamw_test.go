package kernels

import (
	"testing"

	"lbsam/kernels/kerneltest"
)

// The numbers are those of PyTorch 1.13 in float64, in the manner of
// TestSGDOfPyTorch, with
//
//	o = torch.optim.AdamW([w], lr=.1, betas=(.9, .999), eps=1e-8, weight_decay=.1)
//
// and o.state[w]["exp_avg"], o.state[w]["exp_avg_sq"].
func TestAdamWOfPyTorch(t *testing.T) {
	for _, config := range ptxAnd(Config{Name: "ref", Precision: Float64}, Config{Name: "ref"}, Config{Name: "cpu"}) {
		r := openRig(t, config)
		s := NewSegments(r.dev, 3, []Segment{{Len: 3}})
		w, m, v, step := r.floats(1, -2, .5), r.floats(0, 0, 0), r.floats(0, 0, 0), r.ints(0)
		for _, g := range stepGradients {
			Increment(step, 1)
			AdamWStep(w, w, m, v, r.floats(g...), r.floats(.1), step, Buffer{}, AdamW{Beta1: .9, Beta2: .999, Eps: 1e-8, WeightDecay: .1}, s)
		}
		tolerance := 1e-9
		if config.Precision == Float32 {
			tolerance = 3e-7 // relative; a Beta2 that is rounded before it is taken from 1 gives v with 5e-5
		}
		for _, c := range []struct {
			name string
			got  Buffer
			want []float64
		}{
			{"w", w, []float64{.9069967601, -1.861953813, .2659762925}},
			{"m", m, []float64{-.0145, .164, .06025}},
			{"v", v, []float64{.00082706275, .005247751, .001311375063}},
		} {
			if err := kerneltest.Compare(Floats(c.got), c.want, tolerance*.1, tolerance); err != nil {
				t.Errorf("%s %v: %s: %v", config.Name, config.Precision, c.name, err)
			}
		}
	}
}

// Every product is rounded before it is added and the square root is correctly
// rounded, on every device, so the tolerance is 0.
func TestAdamWAgrees(t *testing.T) {
	for i, layout := range layouts {
		step := []int32{1, 3, 12_345, 4, 5}[i] // the powers of the third are 0 and 4e-6
		agreeEverywhere(t, layout.name+" AdamWStep", 0, 0, func(r rig) []Buffer {
			s := layout.segments(r)
			w, from := r.floats(constant(s.Size, 5)...), r.floats(padded(1, s)...)
			m, g := layout.arena(r, 1, normals(2, s.Size)), layout.arena(r, 0, normals(3, s.Size))
			v := normals(4, s.Size)
			for i := range v {
				v[i] = float64(float32(v[i] * v[i]))
			}
			second := layout.arena(r, 2, v)
			AdamWStep(w, from, m, second, g, r.floats(1e-3), r.ints(step), Buffer{}, AdamW{.9, .999, 1e-8, .01}, s)
			AdamWStep(w, w, m, second, g, r.floats(1e-3), r.ints(step), Buffer{}, AdamW{.9, .999, 1e-8, .01}, s)
			return []Buffer{w, m, second, from}
		})
	}
}

// A captured step takes its learning rate and its number from the device: each
// replay is a new step.
func TestCapturedAdamW(t *testing.T) {
	for _, r := range ptxRigs(t) {
		s := NewSegments(r.dev, 300, []Segment{{Len: 300}})
		c := AdamW{.9, .999, 1e-8, .01}
		g, lr := r.floats(normals(1, 300)...), r.floats(.1)
		run := func(captured bool) []float64 {
			w, m, v, step := r.floats(normals(2, 300)...), r.floats(make([]float64, 300)...), r.floats(make([]float64, 300)...), r.ints(0)
			once := func() {
				Increment(step, 1)
				AdamWStep(w, w, m, v, g, lr, step, Buffer{}, c, s)
			}
			once()
			if captured {
				graph := r.dev.Capture(once)
				defer graph.Free()
				once = graph.Launch
			}
			for range 3 {
				once()
			}
			return Floats(w)
		}
		if i := firstDifference(run(true), run(false)); i >= 0 {
			t.Errorf("%s: element %d differs between captured and plain steps", r.dev.Name(), i)
		}
	}
}
