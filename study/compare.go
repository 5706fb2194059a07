package study

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"lbsam/analysis"
	"lbsam/train"
)

// A Comparison sets arms side by side: their means over seeds, and differences of
// pairs of runs with one seed. Intervals are of 95%, by Student's t.
type Comparison struct {
	Kind      string          `json:"kind"` // "compare"
	Metric    string          `json:"metric"`
	Title     string          `json:"title"`
	Baseline  string          `json:"baseline,omitempty"`
	AtEvals   int64           `json:"at_evals"`   // what all arms had at least
	AtSeconds analysis.Number `json:"at_seconds"` // likewise
	Arms      []Means         `json:"arms"`
	Contrasts []Contrast      `json:"contrasts"`
	Notes     []string        `json:"notes"`

	metric Metric
}

// Means are what the runs of an arm came to.
type Means struct {
	Arm       string            `json:"arm"`
	Seeds     []uint64          `json:"seeds"`
	Values    []analysis.Number `json:"values"` // by seed
	Mean      analysis.Number   `json:"mean"`
	Deviation analysis.Number   `json:"standard_deviation"`
	Low       analysis.Number   `json:"low"` // of the interval of the mean
	High      analysis.Number   `json:"high"`
	Steps     int               `json:"steps"`
	Evals     int64             `json:"evals"`
	Seconds   analysis.Number   `json:"seconds"` // of training, mean
	ByEvals   analysis.Number   `json:"mean_at_evals"`
	BySeconds analysis.Number   `json:"mean_at_seconds"`
	Curve     Curve             `json:"curve"`
}

// A Contrast is the difference of two arms, A - B, over the seeds that both have.
type Contrast struct {
	A         string          `json:"a"`
	B         string          `json:"b"`
	Seeds     []uint64        `json:"seeds"`
	Mean      analysis.Number `json:"mean"`
	Deviation analysis.Number `json:"standard_deviation"`
	Low       analysis.Number `json:"low"`
	High      analysis.Number `json:"high"`
	T         analysis.Number `json:"t"`
	P         analysis.Number `json:"p"`         // of the paired t-test, two-sided
	SignFlip  analysis.Number `json:"sign_flip"` // exact p of the permutation test, two-sided
}

// Options of Compare.
type Options struct {
	Metric   Metric
	Baseline string   // the arm that the others are held against; "": none
	Arms     []string // of which arms; nil: all. The baseline is always one
}

// Compare compares trials that are done; of the others it says that they are not.
func Compare(trials []Trial, o Options) (Comparison, error) {
	c := Comparison{Kind: "compare", Metric: o.Metric.Name, Title: o.Metric.Title, Baseline: o.Baseline, metric: o.Metric}
	names, err := chosen(trials, o)
	if err != nil {
		return c, err
	}
	byArm := map[string][]Trial{}
	for _, t := range trials {
		if !slices.Contains(names, t.Arm) {
			continue
		}
		if t.Status != train.StatusDone || t.Last().Epoch == 0 {
			c.note("%s is %s: not counted", t.Path, t.Status)
			continue
		}
		byArm[t.Arm] = append(byArm[t.Arm], t)
	}
	for _, name := range names {
		if len(byArm[name]) == 0 {
			c.note("%s has no run that is done", name)
			continue
		}
		m, err := c.means(name, byArm[name])
		if err != nil {
			return c, err
		}
		c.Arms = append(c.Arms, m)
	}
	if len(c.Arms) == 0 {
		return c, wrong("no run is done: nothing can be compared")
	}
	c.atEqualCost()
	c.contrasts()
	c.remarks(byArm)
	return c, nil
}

func (c *Comparison) note(format string, args ...any) {
	c.Notes = append(c.Notes, fmt.Sprintf(format, args...))
}

// chosen are the names of the arms to compare, in the order of the trials. An arm
// of a sweep stands for all of its points.
func chosen(trials []Trial, o Options) (names []string, err error) {
	var all []string
	for _, t := range trials {
		if !slices.Contains(all, t.Arm) {
			all = append(all, t.Arm)
		}
	}
	is := func(name, wanted string) bool { return name == wanted || strings.HasPrefix(name, wanted+",") }
	for _, wanted := range append(slices.Clone(o.Arms), o.Baseline) {
		if wanted != "" && !slices.ContainsFunc(all, func(name string) bool { return is(name, wanted) }) {
			return nil, wrong("there is no arm %q%s: want one of %s", wanted, didYouMean(wanted, all), strings.Join(all, "; "))
		}
	}
	if o.Baseline != "" && !slices.Contains(all, o.Baseline) {
		return nil, wrong("the baseline %q has several points: want one of %s", o.Baseline, strings.Join(all, "; "))
	}
	for _, name := range all {
		if o.Arms == nil || name == o.Baseline || slices.ContainsFunc(o.Arms, func(wanted string) bool { return is(name, wanted) }) {
			names = append(names, name)
		}
	}
	return names, nil
}

// means are those of the runs of an arm, by seed.
func (c *Comparison) means(name string, trials []Trial) (Means, error) {
	slices.SortFunc(trials, func(a, b Trial) int { return int(min(1, max(-1, int64(a.Seed())-int64(b.Seed())))) })
	m := Means{Arm: name}
	var list, seconds []float64
	for _, t := range trials {
		if slices.Contains(m.Seeds, t.Seed()) {
			return m, wrong("%s has seed %d twice, in %s too: compare one of them", name, t.Seed(), t.Path)
		}
		v, err := c.metric.value(t)
		if err != nil {
			return m, err
		}
		m.Seeds = append(m.Seeds, t.Seed())
		m.Values = append(m.Values, analysis.Number(v))
		list, seconds = append(list, v), append(seconds, t.Seconds())
	}
	half := margin(list)
	m.Mean, m.Deviation, m.Low, m.High = analysis.Number(mean(list)), analysis.Number(deviation(list)), analysis.Number(mean(list)-half), analysis.Number(mean(list)+half)
	m.Steps, m.Evals, m.Seconds = trials[0].Last().Step, trials[0].Last().Evals, analysis.Number(mean(seconds))
	m.Curve = newCurve(c.metric, trials)
	return m, nil
}

// atEqualCost reads the arms where the cheapest ends.
func (c *Comparison) atEqualCost() {
	c.AtEvals, c.AtSeconds = c.Arms[0].Evals, c.Arms[0].Seconds
	for _, m := range c.Arms {
		c.AtEvals, c.AtSeconds = min(c.AtEvals, m.Evals), min(c.AtSeconds, m.Seconds)
	}
	for i := range c.Arms {
		m := &c.Arms[i]
		m.ByEvals = analysis.Number(at(m.Curve.Evals, m.Curve.Mean, float64(c.AtEvals)))
		m.BySeconds = analysis.Number(at(m.Curve.Seconds, m.Curve.Mean, float64(c.AtSeconds)))
	}
}

// contrasts holds every arm against the baseline.
func (c *Comparison) contrasts() {
	c.Contrasts = []Contrast{}
	base := slices.IndexFunc(c.Arms, func(m Means) bool { return m.Arm == c.Baseline })
	if base < 0 {
		return
	}
	for i, m := range c.Arms {
		if i != base {
			c.Contrasts = append(c.Contrasts, contrast(m, c.Arms[base]))
		}
	}
}

func contrast(a, b Means) Contrast {
	d := Contrast{A: a.Arm, B: b.Arm, Seeds: []uint64{}}
	var list []float64
	for i, seed := range a.Seeds {
		if j := slices.Index(b.Seeds, seed); j >= 0 {
			d.Seeds = append(d.Seeds, seed)
			list = append(list, float64(a.Values[i]-b.Values[j]))
		}
	}
	half := margin(list)
	t, p := pairedT(list)
	d.Mean, d.Deviation, d.Low, d.High = analysis.Number(mean(list)), analysis.Number(deviation(list)), analysis.Number(mean(list)-half), analysis.Number(mean(list)+half)
	d.T, d.P, d.SignFlip = analysis.Number(t), analysis.Number(p), analysis.Number(signFlip(list))
	return d
}

// remarks says what a reader of the table should know.
func (c *Comparison) remarks(byArm map[string][]Trial) {
	var seeds []uint64
	sets := map[string]bool{}
	for _, m := range c.Arms {
		for _, seed := range m.Seeds {
			if !slices.Contains(seeds, seed) {
				seeds = append(seeds, seed)
			}
		}
		for _, t := range byArm[m.Arm] {
			sets[t.Config.Dataset] = true
		}
	}
	slices.Sort(seeds)
	for _, m := range c.Arms {
		var missing []string
		for _, seed := range seeds {
			if !slices.Contains(m.Seeds, seed) {
				missing = append(missing, fmt.Sprint(seed))
			}
		}
		if missing != nil {
			c.note("%s lacks seeds that others have: %s", m.Arm, strings.Join(missing, ", "))
		}
		if len(m.Seeds) == 1 {
			c.note("%s has one seed: no deviation, no interval", m.Arm)
		}
	}
	if c.metric.measurement != nil {
		var runs []Trial
		for _, m := range c.Arms {
			runs = append(runs, byArm[m.Arm]...)
		}
		c.Notes = append(c.Notes, c.metric.measurement.remarks(runs)...)
	}
	if len(sets) > 1 {
		c.note("the arms differ in the data set: their differences mean nothing")
	}
	if n := len(c.Contrasts); n > 0 {
		pairs := len(c.Contrasts[0].Seeds)
		for _, d := range c.Contrasts {
			pairs = min(pairs, len(d.Seeds))
		}
		if pairs > 0 && pairs <= exactMost {
			c.note("with %d pairs, p of the sign flips is never below %.4g", pairs, 2/math.Pow(2, float64(pairs)))
		}
		if n > 1 {
			c.note("%d contrasts, and no p is corrected for their number", n)
		}
	}
}
