package analysis

import "math"

// What a SharpnessLine is about.
const (
	OneStep   = "one-step" // the loss behind one ascent of SAM or ASAM
	WorstLoss = "worst"    // the highest loss that an ascent of many steps found
	Random    = "random"   // the loss in random directions
)

// A SharpnessLine is by how much loss and accuracy change at one radius: the mean
// over the images and, of a worst case, the groups, or over random directions.
type SharpnessLine struct {
	Measure      string  `json:"measure"`
	Geometry     string  `json:"geometry"`
	Radius       float64 `json:"radius"`
	M            int     `json:"m"`     // images of a group, 0 meaning all; of random directions always 0
	Parts        int     `json:"parts"` // groups or directions
	LossRise     Spread  `json:"loss_rise"`
	AccuracyLoss Spread  `json:"accuracy_loss"`
}

// A Curvature is what was measured of the Hessian.
type Curvature struct {
	Spectrum *Spectrum    `json:"spectrum,omitempty"`
	Trace    *TraceResult `json:"trace,omitempty"`
}

// A TraceResult is the mean over random vectors.
type TraceResult struct {
	Value     Number `json:"value"`
	Error     Number `json:"standard_error"` // of one vector it is null
	Vectors   int    `json:"vectors"`
	Weights   int    `json:"weights"`    // that may move: the trace by them is the mean eigenvalue
	StepError Number `json:"step_error"` // by how much the first vector's estimate changes with twice the step
}

// A SharpnessResult is the measurement, put together from its parts.
type SharpnessResult struct {
	Clean     Level           `json:"clean"`
	Lines     []SharpnessLine `json:"sharpness"`
	Curvature Curvature       `json:"curvature"`
}

// Result puts the parts together.
func (s Sharpness) Result(points []SharpnessPoint) (r SharpnessResult) {
	var traces []TraceDraw
	lines := gathered{}
	for _, p := range points {
		switch {
		case p.Clean != nil:
			r.Clean = *p.Clean
		case p.Worst != nil:
			w := p.Worst
			if s.Steps > 1 {
				lines.add(WorstLoss, p, w.M, w.Images, w.Clean, w.Worst)
			}
			lines.add(OneStep, p, w.M, w.Images, w.Clean, w.OneStep)
		case p.Average != nil:
			lines.add(Random, p, 0, 1, r.Clean, p.Average.Level)
		case p.Spectrum != nil:
			r.Curvature.Spectrum = p.Spectrum
		case p.Trace != nil:
			traces = append(traces, *p.Trace)
		}
	}
	r.Lines = lines.means()
	r.Curvature.Trace = traceOf(traces)
	return r
}

// gathered are the numbers of lines, in the order of their first ones.
type gathered struct{ list []*bundle }

type bundle struct {
	SharpnessLine
	losses, accuracies, weights []float64
}

func (g *gathered) add(measure string, p SharpnessPoint, m, images int, clean, at Level) {
	var b *bundle
	for _, other := range g.list {
		if other.Measure == measure && other.Geometry == p.Geometry && other.Radius == p.Radius && other.M == m {
			b = other
		}
	}
	if b == nil {
		b = &bundle{SharpnessLine: SharpnessLine{Measure: measure, Geometry: p.Geometry, Radius: p.Radius, M: m}}
		g.list = append(g.list, b)
	}
	b.losses = append(b.losses, float64(at.Loss-clean.Loss))
	b.accuracies = append(b.accuracies, clean.Accuracy-at.Accuracy)
	b.weights = append(b.weights, float64(images))
}

func (g *gathered) means() (lines []SharpnessLine) {
	for _, b := range g.list {
		b.Parts = len(b.losses)
		b.LossRise, b.AccuracyLoss = weighted(b.losses, b.weights), weighted(b.accuracies, b.weights)
		lines = append(lines, b.SharpnessLine)
	}
	return lines
}

// weighted is the mean of numbers that stand for so many images each, and the
// standard deviation of the numbers.
func weighted(numbers, weights []float64) Spread {
	s, mean, sum := NewSpread(numbers), 0.0, 0.0
	for i, v := range numbers {
		mean += weights[i] * v
		sum += weights[i]
	}
	s.Mean = Number(mean / sum)
	return s
}

func traceOf(draws []TraceDraw) *TraceResult {
	if len(draws) == 0 {
		return nil
	}
	var values []float64
	for _, d := range draws {
		values = append(values, float64(d.Trace))
	}
	s := NewSpread(values)
	return &TraceResult{
		Value: s.Mean, Error: s.Std / Number(math.Sqrt(float64(len(draws)))), Vectors: len(draws), Weights: draws[0].Weights,
		StepError: Number(math.Abs(float64(*draws[0].Twice - draws[0].Trace))),
	}
}
