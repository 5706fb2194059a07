package main

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"lbsam/internal/roofline"
	"lbsam/kernels"
	"lbsam/train"
)

// A prediction is what bench --predict prints as JSON.
type prediction struct {
	Kind      string      `json:"kind"` // "prediction"
	Card      string      `json:"card"`
	Model     string      `json:"model"`
	Minimizer string      `json:"minimizer"`
	Batch     int         `json:"batch"`
	Launches  int         `json:"launches"`
	Flops     float64     `json:"flops"`
	Bytes     int64       `json:"bytes"`
	Seconds   float64     `json:"ms_per_step"`
	Saved     float64     `json:"ms_saved_side_by_side"` // what its parts take longer, one after the other
	Measured  float64     `json:"ms_measured,omitempty"` // of the parts that were
	Memory    int64       `json:"memory_bytes"`
	Parts     []predicted `json:"parts"`
}

// predicted is all launches of one kernel on one shape.
type predicted struct {
	Name     string         `json:"name"`
	Launches int            `json:"launches"`
	Blocks   int            `json:"blocks"`
	Flops    float64        `json:"flops"`
	Bytes    int64          `json:"bytes"`
	Seconds  float64        `json:"ms"`
	Measured float64        `json:"ms_measured,omitempty"` // 0: it was not
	Bound    roofline.Bound `json:"bound"`
}

// predict estimates a step of c on a GPU that is not there. Where one was, beside
// is a file with what bench --layers --json found.
func (a *app) predict(c train.Config, name, beside string, asJSON bool) error {
	card, err := roofline.Find(name)
	if err != nil {
		return usageError("--predict is %q: want one of %v", name, roofline.Names())
	}
	measured, err := measuredParts(c, beside)
	if err != nil {
		return err
	}
	step, parts := &roofline.Step{Card: card}, map[string]*predicted{}
	memory, err := train.Rehearse(c, randomData(c), func(l kernels.Launch) {
		e, at := step.Add(l), roofline.Name(l)
		p := parts[at]
		if p == nil {
			p = &predicted{Name: at, Blocks: l.Blocks, Bound: e.Bound, Measured: measured[at]}
			parts[at] = p
		}
		p.Launches++
		p.Flops += e.Flops
		p.Bytes += e.Bytes
		p.Seconds += e.Seconds * 1e3
	})
	if err != nil {
		return err
	}
	p := prediction{Kind: "prediction", Card: card.Name, Model: c.Model, Minimizer: c.Minimizer, Batch: c.Batch, Memory: memory, Seconds: step.Seconds() * 1e3, Saved: step.Saved() * 1e3}
	for _, part := range slices.SortedFunc(maps.Values(parts), func(x, y *predicted) int {
		return cmp.Or(cmp.Compare(y.lost(), x.lost()), cmp.Compare(y.Seconds, x.Seconds), cmp.Compare(x.Name, y.Name))
	}) {
		p.Parts = append(p.Parts, *part)
		p.Launches += part.Launches
		p.Flops += part.Flops
		p.Bytes += part.Bytes
		p.Measured += part.Measured
	}
	if asJSON {
		return a.result(p)
	}
	a.showPrediction(p)
	return nil
}

// lost is how much longer a part took than the model has it, in ms; 0 where that
// is not known.
func (p *predicted) lost() float64 {
	if p.Measured == 0 {
		return 0
	}
	return p.Measured - p.Seconds
}

// measuredParts is the times in the last line of a file that is of such a step, by
// the names of a prediction's parts.
func measuredParts(c train.Config, file string) (map[string]float64, error) {
	if file == "" {
		return nil, nil
	}
	precision := cmp.Or(strings.Replace(c.Precision, "auto", "", 1), "tf32")
	lines, err := jsonLines[layerTimes](file, func(t layerTimes) bool {
		return t.Kind == "layers" && t.Model == c.Model && t.Minimizer == c.Minimizer && valueOr(t.K, c.K) == c.K && t.Batch == c.Batch && t.Precision == precision && t.Recompute == c.Recompute
	})
	if err != nil {
		return nil, train.DataError{Err: err}
	}
	if len(lines) == 0 {
		return nil, train.DataError{Err: fmt.Errorf("%s: found no such step in %s: want a line of bench --layers --json", file, precision)}
	}
	t, parts := lines[len(lines)-1], map[string]float64{}
	for _, op := range t.Operations {
		parts[op.Name] = op.Time
	}
	for _, op := range t.Layers {
		parts[op.Name+" "+op.Shape] += op.Time
	}
	return parts, nil
}

// showPrediction prints the longest parts and the sum.
func (a *app) showPrediction(p prediction) {
	fmt.Fprintf(a.stdout, "%s  %s  batch %d on %s: a model, nothing is measured\n", p.Model, p.Minimizer, p.Batch, p.Card)
	row := func(name string, launches int, ms, measured, flops float64, bytes int64, bound string) {
		fmt.Fprintf(a.stdout, "%-56s %5d  %8.3f ms%s  %9.2f GFLOP  %9.1f MB  %s\n", name, launches, ms,
			unless(p.Measured == 0, ", measured %8.3f", measured), flops/1e9, float64(bytes)/1e6, bound)
	}
	const shown = 24
	for _, part := range p.Parts[:min(shown, len(p.Parts))] {
		row(part.Name, part.Launches, part.Seconds, part.Measured, part.Flops, part.Bytes, string(part.Bound))
	}
	if rest := p.Parts[min(shown, len(p.Parts)):]; len(rest) > 0 {
		var sum predicted
		for _, part := range rest {
			sum.Launches, sum.Seconds = sum.Launches+part.Launches, sum.Seconds+part.Seconds
			sum.Measured += part.Measured
			sum.Flops, sum.Bytes = sum.Flops+part.Flops, sum.Bytes+part.Bytes
		}
		row(fmt.Sprintf("%d more", len(rest)), sum.Launches, sum.Seconds, sum.Measured, sum.Flops, sum.Bytes, "")
	}
	all := "step"
	if p.Saved > 0 {
		all = "one by one"
	}
	row(all, p.Launches, p.Seconds+p.Saved, p.Measured, p.Flops, p.Bytes, "")
	if p.Saved > 0 {
		fmt.Fprintf(a.stdout, "%-62s  %8.3f ms at best\n", "step, with launches side by side", p.Seconds)
	}
	fmt.Fprintf(a.stdout, "%.0f img/s, %.2f GB of memory\n", float64(p.Batch)/p.Seconds*1e3, float64(p.Memory)/1e9)
}
