package optim

import (
	"slices"

	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/tensor"
)

// A Log takes what steps measure, in a ring in device memory, so that a step
// does not wait. All methods work on a nil Log, and do nothing.
type Log struct {
	// Distances makes each step measure how far its perturbation went, at
	// the cost of one pass over the weights.
	Distances bool

	k        int
	ring     *tensor.Tensor // [rows, width]
	row      *tensor.Tensor // [width]: the step that is under way
	count    *tensor.Tensor // int32: steps so far
	read     int            // steps that Read has returned
	all      *kernels.Segments
	capacity int
}

// A Record is what one step measured. Slices have one entry per inner step.
type Record struct {
	AscentLoss  []float64 // before the ascent; the first at the clean weights
	DescentLoss []float64 // behind it
	AscentNorm  []float64 // of the gradient, in the method's geometry
	Distance    float64   // of the perturbed weights from the clean ones, at the end
	AlphaMin    float64   // over the parameters
	AlphaMean   float64
	AlphaMax    float64
	Correct     float64 // predictions that were right at the clean weights
	Perturbed   float64 // the same at the last ascent's start, which the published code reports
}

// Slots of a row: what each inner step measures, and behind that of all of them the
// rest.
const (
	slotBefore = iota // loss
	slotNorm
	slotAfter // loss
	innerSlots
)
const (
	slotDistance = iota
	slotAlpha    // 3: min, mean, max
	slotCorrect  = iota + 2
	slotPerturbed
	slots
)

// NewLog returns a log for steps of k inner steps that keeps the last
// capacity of them.
func NewLog(p *autograd.Params, k, capacity int) *Log {
	d, width := p.Device(), innerSlots*k+slots
	return &Log{
		k: k, capacity: capacity,
		ring:  tensor.New(d, capacity, width),
		row:   tensor.New(d, width),
		count: tensor.NewOf(d, kernels.Int32, 1),
		all:   segments(p, nil, nil, nil),
	}
}

// slot is the view of n numbers of the row under way.
func (l *Log) slot(at, n int) kernels.Buffer { return l.row.Data.Slice(at, at+n) }

// rest is where what is measured once in a step begins.
func (l *Log) rest() int { return innerSlots * l.k }

// inner takes what an inner step measured, innerSlots numbers.
func (l *Log) inner(i int, measured *tensor.Tensor) {
	if l != nil {
		kernels.Copy(l.slot(innerSlots*i, innerSlots), measured.Data)
	}
}

// descent takes the loss of a step that climbs nowhere.
func (l *Log) descent(loss tensor.Scalar) {
	if l != nil {
		kernels.Copy(l.slot(slotAfter, 1), loss.Data)
	}
}

func (l *Log) distance(w, clean *tensor.Tensor) {
	if l != nil && l.Distances {
		kernels.ScaledDistance(l.slot(l.rest()+slotDistance, 1), w.Data, clean.Data, l.all, 0)
	}
}

func (l *Log) alphas(alpha *tensor.Tensor) {
	if l != nil {
		kernels.Summary(l.slot(l.rest()+slotAlpha, 3), alpha.Data)
	}
}

// Correct adds the number of right predictions of one pass: at the clean
// weights, or at those where the last ascent starts.
func (l *Log) Correct(count tensor.Scalar, perturbed bool) {
	if l == nil {
		return
	}
	at := l.rest() + slotCorrect
	if perturbed {
		at = l.rest() + slotPerturbed
	}
	kernels.Add(l.slot(at, 1), l.slot(at, 1), count.Data)
}

// push ends the row of a step.
func (l *Log) push() {
	if l != nil {
		kernels.PushRow(l.ring.Data, l.row.Data, l.count.Data)
		l.row.Zero()
	}
}

// Read returns the records since the last Read, at most as many as the log
// keeps. It waits for the device.
func (l *Log) Read() []Record {
	count := make([]int32, 1)
	kernels.Download(count, l.count.Data)
	first, end := max(l.read, int(count[0])-l.capacity), int(count[0])
	l.read = end
	numbers, width := l.ring.Floats(), l.row.Len()
	var records []Record
	for i := first; i < end; i++ {
		at := i % l.capacity * width
		records = append(records, l.record(numbers[at:at+width]))
	}
	return records
}

func (l *Log) record(row []float64) Record {
	rest := row[l.rest():]
	r := Record{
		Distance: rest[slotDistance],
		AlphaMin: rest[slotAlpha], AlphaMean: rest[slotAlpha+1], AlphaMax: rest[slotAlpha+2],
		Correct: rest[slotCorrect], Perturbed: rest[slotPerturbed],
	}
	for inner := range slices.Chunk(row[:l.rest()], innerSlots) {
		r.AscentLoss = append(r.AscentLoss, inner[slotBefore])
		r.AscentNorm = append(r.AscentNorm, inner[slotNorm])
		r.DescentLoss = append(r.DescentLoss, inner[slotAfter])
	}
	return r
}
