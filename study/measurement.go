package study

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lbsam/train"
)

// A measurement is a number that lbsam noise or lbsam sharpness found of runs. Its
// name is the folder in each run folder that has the result, and the place in it,
// with slashes between them: noise/0.1/accuracy.
type measurement struct {
	folder, name string
	results      map[string]result // of those runs that have one, by their path
}

// findMeasurement is the metric of such a name, if one of the trials has it.
func findMeasurement(name string, trials []Trial) (Metric, error) {
	name = strings.TrimSuffix(name, "/")
	m := &measurement{name: name, results: map[string]result{}}
	m.folder, _, _ = strings.Cut(name, "/")
	var found []result
	for _, t := range trials {
		r, err := readResult(filepath.Join(t.Path, m.folder))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Metric{}, train.FolderError{Err: err}
		}
		m.results[t.Path], found = r, append(found, r)
	}
	for _, r := range found {
		if q, ok := r.numbers[name]; ok {
			return Metric{Name: name, Title: q.title, What: q.title, Share: q.share, measurement: m}, nil
		}
	}
	if found == nil {
		return Metric{}, unknownMetric(name, trials)
	}
	return Metric{}, found[0].misses(name)
}

// value is the number of a run.
func (m *measurement) value(t Trial) (float64, error) {
	r, ok := m.results[t.Path]
	if !ok {
		return 0, wrong("%s has no %s: measure it as the others, or compare without it", t.Path, filepath.Join(m.folder, resultName))
	}
	q, ok := r.numbers[m.name]
	if !ok {
		return 0, wrong("%s has no %s, which others have: measure it as the others, or compare without it", r.path, m.name)
	}
	if math.IsNaN(float64(q.value)) {
		return 0, wrong("%s: %s is no finite number, of which there is no mean: compare another one", r.path, m.name)
	}
	return float64(q.value), nil
}

// remarks says which runs were measured in another way than the first one.
func (m *measurement) remarks(runs []Trial) (notes []string) {
	first := m.results[runs[0].Path]
	for _, t := range runs[1:] {
		r := m.results[t.Path]
		if d := first.conditions.differ(r.conditions); d != "" {
			notes = append(notes, fmt.Sprintf("%s was measured in another way than %s: %s; their difference means nothing", t.Path, runs[0].Path, d))
		}
	}
	return notes
}

// misses is the error that a result has no number of that name: how far it can be
// followed, and what there is behind.
func (r result) misses(name string) error {
	parts := strings.Split(name, "/")
	for n := len(parts); n > 0; n-- {
		prefix := strings.Join(parts[:n], "/")
		if _, ok := r.numbers[prefix]; ok {
			return wrong("unknown metric %q: %s is a number, with nothing behind it", name, prefix)
		}
		behind := r.behind(prefix)
		switch {
		case len(behind) == 0:
		case n == len(parts):
			return wrong("metric %q is not one number: want %s/ and one of %s", name, prefix, strings.Join(behind, ", "))
		default:
			return wrong("unknown metric %q: behind %s/ there is no %q%s, want one of %s", name, prefix, parts[n], didYouMean(parts[n], behind), strings.Join(behind, ", "))
		}
	}
	return wrong("unknown metric %q: %s has no numbers", name, r.path)
}

// behind are the parts of names that follow a prefix.
func (r result) behind(prefix string) (parts []string) {
	for _, name := range r.names {
		rest, ok := strings.CutPrefix(name, prefix+"/")
		if part, _, _ := strings.Cut(rest, "/"); ok && !slices.Contains(parts, part) {
			parts = append(parts, part)
		}
	}
	return parts
}

// unknownMetric is the error of a name that nothing has.
func unknownMetric(name string, trials []Trial) error {
	var known, folders []string
	for _, m := range Metrics() {
		known = append(known, m.Name)
	}
	for _, t := range trials {
		entries, _ := os.ReadDir(t.Path) // a run that has no folder has no measurements
		for _, e := range entries {
			if slices.Contains(folders, e.Name()+"/") {
				continue
			}
			if _, err := readResult(filepath.Join(t.Path, e.Name())); err == nil {
				folders = append(folders, e.Name()+"/")
			}
		}
	}
	text := "; nothing was measured of these runs (lbsam noise, lbsam sharpness)"
	if folders != nil {
		text = ", or what was measured, behind " + strings.Join(folders, " or ")
	}
	return wrong("unknown metric %q%s: want one of %s%s", name, didYouMean(name, append(known, folders...)), strings.Join(known, ", "), text)
}
