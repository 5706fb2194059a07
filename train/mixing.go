package train

import (
	"math"

	"lbsam/internal/rng"
	"lbsam/kernels"
)

// mixing returns what kernels.Mix does to a batch of images h high and w wide:
// mixup or CutMix, as c says, or one of them with even odds where it says both.
// It depends on the seed, the epoch and the number of the batch in it.
func (c Config) mixing(epoch, batch, h, w int) [kernels.Mixing]float64 {
	s := rng.New(c.Seed, rng.Mixing, uint32(epoch), uint32(batch))
	if first := s.Float64(); c.Mixup > 0 && (c.Cutmix == 0 || first < 0.5) {
		// The images of a pair swap their parts for the other share: which of
		// the two changes nothing but whose labels count as right.
		share := beta(&s, c.Mixup)
		share = max(share, 1-share)
		return [...]float64{share, share, 0, 0, 0, 0}
	}
	side := math.Sqrt(1 - beta(&s, c.Cutmix)) // of the box, as a part of the image's
	top, bottom := interval(s.Intn(h), side, h)
	left, right := interval(s.Intn(w), side, w)
	weight := 1 - float64((bottom-top)*(right-left))/float64(h*w) // without what lies outside
	return [...]float64{weight, 1, float64(top), float64(bottom), float64(left), float64(right)}
}

// interval is the part within [0, n) of the interval around a middle that is
// side·n long.
func interval(middle int, side float64, n int) (lo, hi int) {
	length := int(side * float64(n))
	lo = middle - length/2
	return max(lo, 0), min(lo+length, n)
}

// beta draws from the distribution Beta(a, a).
func beta(s *rng.Stream, a float64) float64 {
	x, y := logGamma(s, a), logGamma(s, a)
	return 1 / (1 + math.Exp(y-x)) // x/(x+y), where small a makes both vanish
}

// logGamma draws the logarithm of a number of the gamma distribution with shape
// a and scale 1 (Marsaglia and Tsang, "A Simple Method for Generating Gamma
// Variables", 2000; their section 6 for a below 1).
func logGamma(s *rng.Stream, a float64) float64 {
	if a < 1 {
		return logGamma(s, a+1) + math.Log(1-s.Float64())/a
	}
	d := a - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := s.Norm()
		v := 1 + c*x
		if v = v * v * v; v > 0 && math.Log(1-s.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return math.Log(d) + math.Log(v)
		}
	}
}

// A mixer has the mixings of an epoch: on the host, and for recorded steps on
// the device too.
type mixer struct {
	config  Config
	h, w    int
	table   kernels.Buffer // [batches, kernels.Mixing]
	counter kernels.Buffer // int32 [1]: the batch that TakeRow takes next
	rows    []float64      // table, on the host
}

// newMixer returns the mixer of an epoch of so many batches; nil where none is
// mixed.
func newMixer(j *Job, batches int) *mixer {
	c, s := j.Config, j.Data.Train
	if c.Mixup == 0 && c.Cutmix == 0 {
		return nil
	}
	return &mixer{
		config: c, h: s.H, w: s.W,
		table:   j.Device.Alloc(j.Device.Precision(), batches*kernels.Mixing),
		counter: j.Device.Alloc(kernels.Int32, 1),
	}
}

// begin begins an epoch behind its first batches.
func (m *mixer) begin(epoch, skip int) {
	if m == nil {
		return
	}
	m.rows = m.rows[:0]
	for batch := range m.table.Len() / kernels.Mixing {
		row := m.config.mixing(epoch, batch, m.h, m.w)
		m.rows = append(m.rows, row[:]...)
	}
	kernels.UploadFloats(m.table, m.rows)
	kernels.Upload(m.counter, []int32{int32(skip)})
}

// mix mixes the n images in a slot as the next row of the table says. It can be
// recorded.
func (m *mixer) mix(f *feeder, slot, n int) {
	if m == nil {
		return
	}
	s := &f.slots[slot]
	images, _, labels := s.raw(n)
	kernels.TakeRow(s.mixing.Data, m.table, m.counter)
	kernels.Mix(s.x.Data.Slice(0, images.Len()), s.partners.Slice(0, n), labels, s.mixing.Data, m.h, m.w, s.x.Shape[3])
	s.mixed = true
}
