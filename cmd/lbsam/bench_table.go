package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"lbsam/train"
)

// A foreign is a line of JSON that a benchmark of the same steps with PyTorch
// prints for one way to run them.
type foreign struct {
	Model     string  `json:"model"`
	Batch     int     `json:"batch"`
	Minimizer string  `json:"minimizer"` // sgd, sam or lookbehind
	K         *int    `json:"k"`
	Mode      string  `json:"mode"`      // such as eager, amp, graphs
	Precision string  `json:"precision"` // fp32, tf32, tf32-default, fp16, bf16
	Last      bool    `json:"channels_last"`
	Wall      float64 `json:"ms_wall"`
	Memory    float64 `json:"peak_mem_mb"`
	Error     string  `json:"error"`
}

// A stepKind is what two measurements must share to be compared. Activations that
// are computed again are another way to do the same.
type stepKind struct {
	model, minimizer string
	batch, k         int
	precision        string
}

func (t timing) of() stepKind {
	return stepKind{t.Model, t.Minimizer, t.Batch, valueOr(t.K, 0), t.Precision}
}

// of names a step as we do: 16 bits are compared with 16 bits.
func (f foreign) of() stepKind {
	s := stepKind{f.Model, f.Minimizer, f.Batch, valueOr(f.K, 0), f.Precision}
	switch f.Minimizer {
	case "sgd":
		s.minimizer = "SGD"
	case "sam":
		s.minimizer = "SAM"
	case "lookbehind":
		s.minimizer = "LookbehindSAM"
	}
	switch f.Precision {
	case "fp32":
		s.precision = "float32"
	case "tf32-default":
		s.precision = "tf32"
	}
	return s
}

// way is how PyTorch ran the step.
func (f foreign) way() string {
	if f.Mode == "eager" && f.Last {
		return "eager, channels last"
	}
	return f.Mode
}

func valueOr(p *int, absent int) int {
	if p == nil {
		return absent
	}
	return *p
}

// products says in which format a step multiplied, and whether it did so again.
func (t timing) products() string {
	if t.Recompute {
		return t.Precision + ", recompute"
	}
	return t.Precision
}

// ms is the time of a step of a run: in a row, where that was measured.
func (t timing) ms() float64 { return cmp.Or(t.Wall, t.Median) }

// benchTable is bench --table: steps that were measured, the last time of each
// kind, and beside each the best of every way in which PyTorch did the same.
func (a *app) benchTable(ours, theirs string) error {
	timings, err := jsonLines[timing](ours, func(t timing) bool { return t.Kind == "summary" })
	if err != nil {
		return train.DataError{Err: err}
	}
	if len(timings) == 0 {
		return train.DataError{Err: fmt.Errorf("%s: found no step: want the lines of bench --json", ours)}
	}
	var others []foreign
	if theirs != "" {
		others, err = jsonLines[foreign](theirs, func(f foreign) bool { return f.Error == "" && f.Wall > 0 })
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return train.DataError{Err: err}
		}
	}
	fmt.Fprint(a.stdout, stepTable(timings, others))
	return nil
}

// jsonLines reads those lines of a file that are wanted; a last one that was
// cut off is none.
func jsonLines[T any](file string, wanted func(T) bool) (all []T, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var v T
		if json.Unmarshal(lines.Bytes(), &v) == nil && wanted(v) {
			all = append(all, v)
		}
	}
	return all, lines.Err()
}

// stepTable has a row for every kind of step and every way of PyTorch.
func stepTable(timings []timing, others []foreign) string {
	b := &strings.Builder{}
	fmt.Fprintf(b, "%-9s %5s %-13s %2s %-15s %9s %8s %8s %8s   %-20s %9s %8s %9s %9s\n", "model", "batch", "minimizer", "k", "products",
		"ms", "host ms", "img/s", "MiB", "PyTorch", "ms", "MiB", "ms ratio", "MiB ratio")
	for i, t := range timings {
		if slices.ContainsFunc(timings[i+1:], func(later timing) bool { return later.of() == t.of() && later.Recompute == t.Recompute }) {
			continue
		}
		fmt.Fprintf(b, "%-9s %5d %-13s %2s %-15s %9.3f %8.3f %8.0f %8.0f", t.Model, t.Batch, t.Minimizer, unless(t.K == nil, "%.0f", float64(valueOr(t.K, 0))),
			t.products(), t.ms(), t.Host, float64(t.Batch)/t.ms()*1e3, t.Memory)
		ways := best(others, t.of())
		for j, f := range ways {
			if j > 0 {
				fmt.Fprintf(b, "\n%85s", "")
			}
			fmt.Fprintf(b, "   %-20s %9.3f %8.0f %8.2fx %9s", f.way(), f.Wall, f.Memory, f.Wall/t.ms(), unless(t.Memory == 0, "%.2fx", f.Memory/t.Memory))
		}
		fmt.Fprintln(b)
	}
	return b.String()
}

// best is the fastest of each way to do such steps, the fastest first.
func best(others []foreign, kind stepKind) (ways []foreign) {
	for _, f := range others {
		if f.of() == kind {
			ways = append(ways, f)
		}
	}
	slices.SortStableFunc(ways, func(x, y foreign) int { return cmp.Compare(x.Wall, y.Wall) })
	seen := map[string]bool{}
	return slices.DeleteFunc(ways, func(f foreign) bool {
		again := seen[f.way()]
		seen[f.way()] = true
		return again
	})
}
