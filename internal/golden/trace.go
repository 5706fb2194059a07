// Package golden replays reference traces: short training runs of the
// published methods, done by PyTorch in float64, with all that they measured.
//
// Nothing random is stored. Weights, images and labels come from a hash (see
// hash.go), so that the trace of a model of 23 million weights is 35 kB.
//
// Replay repeats a run on any device, and Judge compares. In float32 that is a
// weak test of a deep network: one ReLU that falls on the other side changes
// everything behind it. Lockstep is the strong one: it replays in float64 and
// has the device repeat each operation by itself.
package golden

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Trace is one training run: how it was configured and what it measured.
type Trace struct {
	Config       Config             `json:"config"`
	Params       []Param            `json:"params"` // in the order of named_parameters
	NumParams    int                `json:"num_params"`
	Steps        []Step             `json:"steps"`
	RunningStats map[string]Stat    `json:"running_stats"` // of BatchNorm, after all steps
	EvalLogits   []numbers          `json:"eval_logits"`   // of two images, after all steps
	Float32Error map[string]float64 `json:"float32_error"` // per quantity: how far float32 runs of PyTorch land
}

// A Config is how a run is done.
type Config struct {
	Model       string  `json:"model"`
	Minimizer   string  `json:"minimizer"`
	Seed        uint64  `json:"seed"`
	Classes     int     `json:"classes"`
	Batch       int     `json:"batch"`
	Steps       int     `json:"steps"`
	LR          float64 `json:"lr"`
	Momentum    float64 `json:"momentum"`
	WeightDecay float64 `json:"weight_decay"`
	Rho         float64 `json:"rho"`
	Eta         float64 `json:"eta"`
	K           int     `json:"k"`
	Alpha       float64 `json:"alpha"` // -1: adaptive
}

// A Param is a parameter's name and its shape, [oc ic kh kw] for a convolution.
type Param struct {
	Name  string
	Shape []int
}

// A Step is what one step measured: numbers per inner step, then per
// parameter.
type Step struct {
	AscentLoss  numbers `json:"ascent_loss"`
	AscentNorm  numbers `json:"ascent_norm"`
	DescentLoss numbers `json:"descent_loss"`
	Alpha       numbers `json:"alpha,omitempty"`
	WeightL2    numbers `json:"weight_l2"`
	WeightSum   numbers `json:"weight_sum"`
}

// A Stat is the norm and the sum of a running mean or variance.
type Stat struct {
	L2  float64 `json:"l2"`
	Sum float64 `json:"sum"`
}

// minimizers are the methods of the traces.
var minimizers = []string{"SGD", "SAM", "ASAM", "LookbehindSAM", "LookbehindASAM"}

func (c Config) lookbehind() bool { return strings.HasPrefix(c.Minimizer, "Lookbehind") }
func (c Config) adaptive() bool   { return c.lookbehind() && c.Alpha == -1 }
func (c Config) scaled() bool     { return strings.HasSuffix(c.Minimizer, "ASAM") }

// inner is the number of descents of one step.
func (c Config) inner() int {
	if c.lookbehind() {
		return c.K
	}
	return 1
}

// Name is model/minimizer/seed, for Lookbehind with k and alpha in between:
// resnet18/LookbehindSAM/k2/adaptive/seed3.
func (t *Trace) Name() string {
	c, how := t.Config, ""
	switch {
	case c.adaptive():
		how = fmt.Sprintf("/k%d/adaptive", c.K)
	case c.lookbehind():
		how = fmt.Sprintf("/k%d/alpha%g", c.K, c.Alpha)
	}
	return fmt.Sprintf("%s/%s%s/seed%d", c.Model, c.Minimizer, how, c.Seed)
}

// quantities are what a run measures, in the order of reports.
var quantities = []string{
	"first_loss", "ascent_loss", "descent_loss", "first_norm", "ascent_norm",
	"weight_l2", "weight_sum", "alpha", "running_l2", "running_sum", "eval_logits",
}

// Numbers is what a run measured: for each quantity one list, over all steps
// and, inside a step, over inner steps or parameters.
type Numbers map[string][]float64

// add appends the numbers of a step.
func (n Numbers) add(s Step) {
	losses, norms := s.AscentLoss, s.AscentNorm
	if len(losses) == 0 {
		losses = s.DescentLoss
	}
	for quantity, list := range map[string]numbers{"first_loss": losses, "first_norm": norms} {
		if len(n[quantity]) == 0 && len(list) > 0 {
			n[quantity] = list[:1]
		}
	}
	for quantity, list := range map[string]numbers{
		"ascent_loss": s.AscentLoss, "ascent_norm": s.AscentNorm, "descent_loss": s.DescentLoss,
		"alpha": s.Alpha, "weight_l2": s.WeightL2, "weight_sum": s.WeightSum,
	} {
		n[quantity] = append(n[quantity], list...)
	}
}

// addStats appends the running statistics, in the order of their names.
func (n Numbers) addStats(stats map[string]Stat) {
	for _, name := range slices.Sorted(maps.Keys(stats)) {
		n["running_l2"] = append(n["running_l2"], stats[name].L2)
		n["running_sum"] = append(n["running_sum"], stats[name].Sum)
	}
}

// Numbers is what the trace wants.
func (t *Trace) Numbers() Numbers {
	n := Numbers{}
	for _, s := range t.Steps {
		n.add(s)
	}
	n.addStats(t.RunningStats)
	n["eval_logits"] = slices.Concat(t.EvalLogits...)
	return n
}

// validate reports the first thing about t that cannot be replayed or judged.
func (t *Trace) validate() error {
	c := t.Config
	if _, err := find(c.Model); err != nil {
		return err
	}
	if !slices.Contains(minimizers, c.Minimizer) {
		return fmt.Errorf("unknown minimizer %q: want one of %s", c.Minimizer, strings.Join(minimizers, ", "))
	}
	if c.Classes < 2 || c.Batch < 1 || c.K < 1 {
		return fmt.Errorf("%s: %d classes, batch %d, k %d: want 2, 1 and 1 or more", t.Name(), c.Classes, c.Batch, c.K)
	}
	if c.lookbehind() && !c.adaptive() && !(c.Alpha >= 0 && c.Alpha <= 1) {
		return fmt.Errorf("%s: alpha %v, want 0 to 1, or -1 (adaptive)", t.Name(), c.Alpha)
	}
	if len(t.Steps) < 1 || len(t.Steps) != c.Steps {
		return fmt.Errorf("%s: %d steps, want %d and at least 1", t.Name(), len(t.Steps), c.Steps)
	}
	for i, s := range t.Steps {
		if err := t.validateStep(s); err != nil {
			return fmt.Errorf("%s: step %d: %w", t.Name(), i, err)
		}
	}
	if have, want := len(slices.Concat(t.EvalLogits...)), evalImages*c.Classes; have != want {
		return fmt.Errorf("%s: %d eval_logits, want %d", t.Name(), have, want)
	}
	for quantity, list := range t.Numbers() {
		if _, ok := t.Float32Error[quantity]; !ok && len(list) > 0 {
			return fmt.Errorf("%s: float32_error has no %s", t.Name(), quantity)
		}
	}
	return nil
}

func (t *Trace) validateStep(s Step) error {
	inner, ascents, alphas := t.Config.inner(), t.Config.inner(), 0
	if t.Config.Minimizer == "SGD" {
		ascents = 0
	}
	if t.Config.adaptive() {
		alphas = len(t.Params)
	}
	for _, l := range []struct {
		name string
		list numbers
		want int
	}{
		{"ascent_loss", s.AscentLoss, ascents}, {"ascent_norm", s.AscentNorm, ascents},
		{"descent_loss", s.DescentLoss, inner}, {"alpha", s.Alpha, alphas},
		{"weight_l2", s.WeightL2, len(t.Params)}, {"weight_sum", s.WeightSum, len(t.Params)},
	} {
		if len(l.list) != l.want {
			return fmt.Errorf("%d numbers of %s, want %d", len(l.list), l.name, l.want)
		}
	}
	return nil
}
