package main

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"lbsam/kernels"
	"lbsam/train"
)

// layerTimes is what bench --layers prints as JSON. Times are medians over the
// steps.
type layerTimes struct {
	Kind       string    `json:"kind"` // "layers"
	Model      string    `json:"model"`
	Minimizer  string    `json:"minimizer"`
	K          *int      `json:"k"` // of Lookbehind, Multistep and PathMean
	Batch      int       `json:"batch"`
	Threads    int       `json:"threads"`
	Device     string    `json:"device"`
	Precision  string    `json:"precision"`
	Recompute  bool      `json:"recompute,omitempty"`
	Steps      int       `json:"steps"`
	Peak       float64   `json:"peak_gflops"`        // of a loop of FMAs; 0: not known
	Copy       float64   `json:"copy_gb_per_s"`      // read and written; 0: not known
	Median     float64   `json:"ms_per_step_median"` // by the clock on the wall
	Between    float64   `json:"ms_between"`         // of it outside of all operations
	Operations []timedOp `json:"operations"`         // by name, the longest first
	Layers     []timedOp `json:"layers"`             // by name and shape
}

// timedOp is all calls of one operation, or of one on one shape, in a step.
type timedOp struct {
	Name  string  `json:"name"`
	Shape string  `json:"shape,omitempty"`
	Calls int     `json:"calls"`
	Time  float64 `json:"ms"`
	Min   float64 `json:"ms_min"`
	Flops float64 `json:"flops"`
	Bytes int64   `json:"bytes"`   // the least that has to be read and written
	Share float64 `json:"peak"`    // the least time that peak or copy allow, as a part of Time; 0: not known
	Bound string  `json:"bound"`   // which of them: compute or memory
	Step  float64 `json:"of_step"` // part of the step
	times []float64
}

// benchLayers is bench --layers.
func (a *app) benchLayers(ctx context.Context, b *train.Bench, o benchFlags) error {
	c, peak := b.Config, b.Device.Peak()
	for range o.warmup {
		if _, err := b.Step(); err != nil {
			return err
		}
	}
	end := time.Now().Add(time.Duration(o.seconds * float64(time.Second)))
	var walls, outside []float64
	names, shapes := opTable{}, opTable{}
	for len(walls) < o.steps && (len(walls) == 0 || time.Now().Before(end)) && ctx.Err() == nil {
		var spans []kernels.Span
		wall, err := b.Traced(func(s kernels.Span) { spans = append(outer(spans, s), s) })
		if err != nil {
			return err
		}
		walls = append(walls, wall.Seconds()*1e3)
		outside = append(outside, max(0, (wall-total(spans)).Seconds()*1e3))
		names.add(spans, func(s kernels.Span) string { return s.Name }, false)
		shapes.add(spans, func(s kernels.Span) string { return fmt.Sprint(s.Name, s.Shape, s.Bytes) }, true)
	}
	t := layerTimes{
		Kind: "layers", Model: c.Model, Minimizer: c.Minimizer, Batch: c.Batch, Threads: b.Device.Threads(), Device: b.Device.Name(),
		Precision: precisionText(b.Device), Recompute: c.Recompute, Steps: len(walls), Peak: peak.Flops / 1e9, Copy: peak.Bandwidth / 1e9,
		Median: median(walls), Between: median(outside),
	}
	if takesK(c) {
		t.K = &c.K
	}
	t.Operations, t.Layers = names.list(peak, t.Median), shapes.list(peak, t.Median)
	if o.json {
		return a.result(t)
	}
	fmt.Fprint(a.stdout, t.text(deviceText(b.Device)))
	return nil
}

// outer is spans without those within s, which ends behind them.
func outer(spans []kernels.Span, s kernels.Span) []kernels.Span {
	for len(spans) > 0 && !spans[len(spans)-1].Start.Before(s.Start) {
		spans = spans[:len(spans)-1]
	}
	return spans
}

func total(spans []kernels.Span) (sum time.Duration) {
	for _, s := range spans {
		sum += s.Took
	}
	return sum
}

// An opTable is operations by what they are grouped by.
type opTable map[string]*timedOp

// add adds the operations of one step.
func (t opTable) add(spans []kernels.Span, key func(kernels.Span) string, shapes bool) {
	step := map[string]*timedOp{}
	for _, s := range spans {
		at := step[key(s)]
		if at == nil {
			at = &timedOp{Name: s.Name}
			if shapes {
				at.Shape = s.Shape
			}
			step[key(s)] = at
		}
		at.Calls++
		at.Flops += s.Flops
		at.Bytes += s.Bytes
		at.Time += s.Took.Seconds() * 1e3
	}
	for k, at := range step {
		if t[k] != nil {
			at.times = t[k].times
		}
		at.times = append(at.times, at.Time)
		t[k] = at
	}
}

// list is the operations, the longest first.
func (t opTable) list(peak kernels.Peak, step float64) (ops []timedOp) {
	for _, at := range slices.SortedFunc(maps.Values(t), func(x, y *timedOp) int {
		return cmp.Or(cmp.Compare(median(y.times), median(x.times)), cmp.Compare(x.Name+x.Shape, y.Name+y.Shape))
	}) {
		at.Time, at.Min = median(at.times), slices.Min(at.times)
		at.Step = at.Time / step
		compute, memory := 0.0, 0.0
		if peak.Flops > 0 {
			compute = at.Flops / peak.Flops * 1e3
		}
		if peak.Bandwidth > 0 {
			memory = float64(at.Bytes) / peak.Bandwidth * 1e3
		}
		at.Bound = "memory"
		if compute > memory || at.Flops > 0 && peak.Flops == 0 {
			at.Bound = "compute"
		}
		at.Share = max(compute, memory) / max(at.Time, 1e-9)
		ops = append(ops, *at)
	}
	return ops
}

// median sorts x.
func median(x []float64) float64 {
	slices.Sort(x)
	return quantile(x, 0.5)
}

// text is the tables that bench --layers prints.
func (t layerTimes) text(device string) string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "%s  %s  batch %d  %s  medians of %d steps\n", t.Model, t.Minimizer, t.Batch, device, t.Steps)
	if t.Copy > 0 {
		fmt.Fprintf(b, "peak        %.0f GFLOP/s in a loop of FMAs, %.1f GB/s in a copy of %d MiB\n", t.Peak, t.Copy, kernels.Copied>>20)
	}
	fmt.Fprintf(b, "step        %.2f ms, %.2f of them between operations\n", t.Median, t.Between)
	width := 26
	for _, op := range t.Operations {
		width = max(width, len(op.Name)) // a kernel's can be long
	}
	for _, table := range [][]timedOp{t.Operations, t.Layers} {
		fmt.Fprintf(b, "\n%-*s %-24s %5s %9s %6s %9s %7s %7s\n", width, "operation", "shape", "calls", "ms", "step", "GFLOP/s", "GB/s", "peak")
		for _, op := range table {
			fmt.Fprintf(b, "%-*s %-24s %5d %9.3f %5.1f%% %9s %7.1f %7s\n", width, op.Name, op.Shape, op.Calls, op.Time, 100*op.Step,
				unless(op.Flops == 0, "%.1f", op.Flops/op.Time/1e6), float64(op.Bytes)/op.Time/1e6, unless(op.Share == 0, "%.0f%%", 100*op.Share))
		}
	}
	return b.String()
}

// unless is a number as text, or nothing.
func unless(absent bool, format string, v float64) string {
	if absent {
		return ""
	}
	return fmt.Sprintf(format, v)
}
