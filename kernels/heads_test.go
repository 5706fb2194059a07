package kernels

import (
	"fmt"
	"math"
	"testing"
)

// masked is positive logits [n, c], 0 where MaskHeads leaves minus infinity, which
// no comparison takes for a number.
func (r rig) masked(n, c, head int) Buffer {
	x := normals(n, n*c)
	for i, v := range x {
		x[i] = math.Abs(v) + .5
	}
	logits := r.floats(x...)
	MaskHeads(logits, r.ints(someLabels(n, c)...), c, head)
	ReLU(logits, logits)
	return logits
}

func TestMaskHeadsAgrees(t *testing.T) {
	for _, s := range [][3]int{{0, 6, 2}, {1, 1, 1}, {5, 6, 2}, {16, 16, 4}, {9, 33, 11}, {3, 4, 4}} {
		agreeEverywhere(t, fmt.Sprint(s), 0, 0, func(r rig) []Buffer {
			return []Buffer{r.masked(s[0], s[1], s[2])}
		})
	}
	exactInHalf(t, "in half", func(h halfCase) []Buffer {
		logits := h.activations(normals(1, 7*12)...)
		MaskHeads(logits, h.ints(someLabels(7, 12)...), 12, 3)
		return []Buffer{logits}
	})
}

// What a mask is for: classes of other heads have no part in the loss, get the
// gradient 0, exactly, and are never predicted; within the head all is as if
// there were no other. On every device.
func TestMaskedClassesAreNotThere(t *testing.T) {
	const n, c, head = 6, 12, 4
	labels, within := make([]int32, n), make([]int32, n)
	logits := normals(3, n*c)
	var own []float64 // the logits of the label's head alone
	for i := range n {
		labels[i], within[i] = int32((5*i)%c), int32((5*i)%c%head)
		logits[i*c+(int(labels[i])+head)%c] = 50 // a class of another head would win
		first := int(labels[i]) / head * head
		own = append(own, logits[i*c+first:i*c+first+head]...)
	}
	for _, config := range ptxAnd(Config{Name: "ref"}, Config{Name: "ref", Precision: Float64}, Config{Name: "cpu"}) {
		r := openRig(t, config)
		run := func(logits []float64, labels []int32, c, head int) (loss, dlogits, hits []float64) {
			x, l, d, h := r.floats(logits...), r.junk(1), r.junk(len(logits)), r.junk(1)
			MaskHeads(x, r.ints(labels...), c, head)
			CrossEntropy(l, d, x, r.ints(labels...), c, 0)
			CountCorrect(h, x, r.ints(labels...), c)
			all := results([]Buffer{l, d, h})
			return all[0], all[1], all[2]
		}
		loss, d, hits := run(logits, labels, c, head)
		wantLoss, wantD, wantHits := run(own, within, head, head)
		if !(math.Abs(loss[0]-wantLoss[0]) <= 1e-6*wantLoss[0]) || hits[0] != wantHits[0] { // sums in another order
			t.Errorf("%v: loss %v and %v right, want %v and %v", config, loss[0], hits[0], wantLoss[0], wantHits[0])
		}
		for i := range n {
			for j := range c {
				got, want := d[i*c+j], 0.0
				if j/head == int(labels[i])/head {
					want = wantD[i*head+j%head]
				} else if got != 0 {
					t.Fatalf("%v: class %d of row %d with label %d has the gradient %v, want exactly 0", config, j, i, labels[i], got)
				}
				if !(math.Abs(got-want) <= 1e-7) {
					t.Fatalf("%v: class %d of row %d has the gradient %v, want %v", config, j, i, got, want)
				}
			}
		}
	}
}

func TestMaskHeadsPanics(t *testing.T) {
	r := openRig(t, Config{Name: "cpu"})
	mustPanic(t, "heads that do not fill the classes", func() { MaskHeads(r.junk(10), r.ints(0), 10, 3) })
	mustPanic(t, "no head", func() { MaskHeads(r.junk(10), r.ints(0), 10, 0) })
	mustPanic(t, "too few labels", func() { MaskHeads(r.junk(20), r.ints(0), 10, 5) })
}
