package golden

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strings"
)

// A Report is the verdict on one trace.
type Report struct {
	Trace    string     `json:"trace"`
	Pass     bool       `json:"pass"`
	Seconds  float64    `json:"seconds"`
	Checks   []Check    `json:"checks"`
	Lockstep *Agreement `json:"lockstep,omitempty"`
}

// finite is a number that JSON writes as null unless it is finite.
type finite float64

// MarshalJSON writes the number or null.
func (f finite) MarshalJSON() ([]byte, error) {
	if v := float64(f); math.IsNaN(v) || math.IsInf(v, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}

// columns are the groups of quantities that a line of text shows.
var columns = []struct{ name, quantities string }{
	{"loss", "first_loss ascent_loss descent_loss"}, {"norm", "first_norm ascent_norm"},
	{"weights", "weight_l2 weight_sum"}, {"alpha", "alpha"},
	{"statistics", "running_l2 running_sum"}, {"logits", "eval_logits"},
}

// failures says what is wrong.
func (r Report) failures() (list []string) {
	for _, c := range r.Checks {
		if !c.Pass() {
			list = append(list, c.String())
		}
	}
	if r.Lockstep != nil && !(r.Lockstep.Ratio <= 1) {
		list = append(list, fmt.Sprintf("%s is off by %.2g times what is allowed", r.Lockstep.Worst, float64(r.Lockstep.Ratio)))
	}
	return list
}

// String is the report in one line: the largest error of each group of
// quantities, what was not judged and what failed. In lockstep those are the
// reference's, and how the device agrees with it comes first.
func (r Report) String() string {
	b := &strings.Builder{}
	if a := r.Lockstep; a != nil {
		fmt.Fprintf(b, "  lockstep %-7.2g results %-6d reference:", float64(a.Ratio), a.Compared)
	}
	for _, column := range columns {
		fmt.Fprintf(b, "  %s %-7s", column.name, r.largest(column.quantities))
	}
	fmt.Fprintf(b, "  %6.1f s", r.Seconds)
	if a := r.Lockstep; a != nil {
		fmt.Fprintf(b, "  worst: %s", a.Worst)
	}
	if list := r.unjudged(); len(list) > 0 {
		fmt.Fprintf(b, "  not judged: %s", strings.Join(list, ", "))
	}
	if list := r.failures(); len(list) > 0 {
		fmt.Fprintf(b, "  failed: %s", strings.Join(list, ", "))
	}
	return b.String()
}

// unjudged lists the quantities that are too sensitive to be judged.
func (r Report) unjudged() (list []string) {
	for _, c := range r.Checks {
		if !c.Judged {
			list = append(list, fmt.Sprintf("%s (bound %.2g)", c.Quantity, c.Bound))
		}
	}
	return list
}

// largest is the largest error of some quantities, "-" if there is none of
// them.
func (r Report) largest(quantities string) string {
	worst, found := 0.0, false
	for _, c := range r.Checks {
		if strings.Contains(" "+quantities+" ", " "+c.Quantity+" ") {
			found = true
			worst = max(worst, float64(c.Error)) // max keeps NaN
		}
	}
	if !found {
		return "-"
	}
	return fmt.Sprintf("%.1e", worst)
}

// A printer writes reports as text or as JSON.
type printer struct {
	w     io.Writer
	json  bool
	width int // of the names
}

func newPrinter(w io.Writer, json bool, traces []*Trace) printer {
	p := printer{w: w, json: json}
	for _, t := range traces {
		p.width = max(p.width, len(t.Name()))
	}
	return p
}

func (p printer) report(r Report) error {
	if p.json {
		return json.NewEncoder(p.w).Encode(r)
	}
	verdict := "PASS"
	if !r.Pass {
		verdict = "FAIL"
	}
	_, err := fmt.Fprintf(p.w, "%s  %-*s%s\n", verdict, p.width, r.Trace, r)
	return err
}

func (p printer) summary(traces, failed int) error {
	if p.json {
		return nil
	}
	_, err := fmt.Fprintf(p.w, "%d of %d traces passed\n", traces-failed, traces)
	return err
}
