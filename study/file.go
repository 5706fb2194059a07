// Package study runs grids of trainings in processes of their own, and compares
// arms of them across seeds.
//
// A File describes a sweep; Plan expands it to a Run per point of a grid and
// seed; a Sweep trains what is missing. Load reads what became of runs, and
// Compare sets arms side by side.
package study

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"lbsam/internal/suggest"
	"lbsam/train"
)

// A File is the description of a sweep.
type File struct {
	Path string `toml:"-"`

	Preset string         `toml:"preset"` // of the settings that are not named; "": as for a training
	Seeds  []uint64       `toml:"seeds"`  // of each point of each arm
	Budget int            `toml:"budget"` // gradient evaluations of each run; 0: its epochs decide
	Count  Count          `toml:"count"`  // how those of Lookbehind count
	Tuned  string         `toml:"tuned"`  // folder of a sweep from which each arm takes its best point; "": none
	Common map[string]any `toml:"common"` // settings of all arms
	Grid   map[string]any `toml:"grid"`   // lists of values that all arms try
	Arms   []Arm          `toml:"-"`

	Tables []map[string]any `toml:"arms"` // the arms as they are in the file
}

// An Arm is a method under study: settings, and lists of values to try.
type Arm struct {
	Name     string
	Matched  string // the Lookbehind arm whose matched SAM this one is, see Match; "": none
	Budget   int    // in the place of the file's; 0: that
	Settings map[string]any
	Grid     map[string]any
}

// A Count says how many gradient evaluations a step of Lookbehind counts for.
type Count string

const (
	CountReused    Count = "k+1" // as many as are computed, where gradients are reused
	CountPublished Count = "2k"  // as many as the published code computes
)

// ReadFile reads the description of a sweep.
func ReadFile(path string) (File, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return File{}, wrong("%v: want a file that describes a sweep", err)
	}
	return parse(path, text)
}

func parse(path string, text []byte) (File, error) {
	f := File{Path: path, Count: CountReused}
	err := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields().Decode(&f)
	if e, ok := errors.AsType[*toml.StrictMissingError](err); ok {
		first := e.Errors[0]
		line, _ := first.Position()
		return f, wrong("%s:%d: unknown entry %q%s: want one of %s; settings stand in [common] or in [[arms]]",
			path, line, first.Key()[0], didYouMean(first.Key()[0], entries), strings.Join(entries, ", "))
	}
	if e, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, _ := e.Position()
		return f, wrong("%s:%d: %s", path, line, strings.TrimPrefix(e.Error(), "toml: "))
	}
	if err != nil {
		return f, wrong("%s: %v", path, err)
	}
	for i, table := range f.Tables {
		arm, err := f.arm(i, table)
		if err != nil {
			return f, err
		}
		f.Arms = append(f.Arms, arm)
	}
	return f, f.check()
}

// entries are the names that a file may have at its top.
var entries = []string{"preset", "seeds", "budget", "count", "tuned", "common", "grid", "arms"}

// named is what the name of an arm may be: it is part of that of a folder.
var named = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]*$`)

// arm is arm i as its table describes it: what is not about the arm is a setting.
func (f *File) arm(i int, table map[string]any) (Arm, error) {
	where := fmt.Sprintf("%s: arm %d", f.Path, i+1)
	a := Arm{Settings: map[string]any{}}
	for key, value := range table {
		ok := true
		switch key {
		case "name":
			a.Name, ok = value.(string)
		case "matched":
			a.Matched, ok = value.(string)
		case "budget":
			var n int64
			n, ok = value.(int64)
			a.Budget = int(n)
		case "grid":
			a.Grid, ok = value.(map[string]any)
		default:
			a.Settings[key] = value
		}
		if !ok {
			return a, wrong("%s: %s is %v: want a text for name and matched, a whole number for budget, a table of lists for grid", where, key, value)
		}
	}
	if !named.MatchString(a.Name) {
		return a, wrong("%s: its name is %q: want letters, digits, dots and dashes, which make the name of a folder", where, a.Name)
	}
	return a, nil
}

// check reports the first thing that is wrong in a file that could be read.
func (f *File) check() error {
	switch {
	case len(f.Arms) == 0:
		return wrong("%s: there is no arm: want [[arms]] with a name and settings", f.Path)
	case len(f.Seeds) == 0:
		return wrong("%s: there are no seeds: want such as seeds = [0, 1, 2]", f.Path)
	case f.Count != CountReused && f.Count != CountPublished:
		return wrong("%s: count is %q: want %q or %q", f.Path, f.Count, CountReused, CountPublished)
	case f.Budget < 0:
		return wrong("%s: budget is %d: want a number of gradient evaluations, or 0 for none", f.Path, f.Budget)
	}
	var names []string
	for i, seed := range f.Seeds {
		if slices.Contains(f.Seeds[:i], seed) {
			return wrong("%s: seed %d stands twice in seeds", f.Path, seed)
		}
	}
	for _, a := range f.Arms {
		if slices.Contains(names, a.Name) {
			return wrong("%s: two arms are called %q: give each a name of its own", f.Path, a.Name)
		}
		if a.Budget < 0 {
			return wrong("%s: arm %q: budget is %d: want a number of gradient evaluations, or 0 for that of the file", f.Path, a.Name, a.Budget)
		}
		names = append(names, a.Name)
	}
	for _, a := range f.Arms {
		if err := f.checkMatched(a, names); err != nil {
			return err
		}
	}
	return nil
}

// checkMatched checks an arm that is matched to another one, which decides all
// of it.
func (f *File) checkMatched(a Arm, names []string) error {
	if a.Matched == "" {
		return nil
	}
	at := slices.Index(names, a.Matched)
	switch {
	case at < 0:
		return wrong("%s: arm %q is matched to %q%s, which is no arm: want one of %s", f.Path, a.Name, a.Matched, didYouMean(a.Matched, names), strings.Join(names, ", "))
	case f.Arms[at].Matched != "":
		return wrong("%s: arm %q is matched to %q, which is matched itself: want a Lookbehind arm", f.Path, a.Name, a.Matched)
	case len(a.Settings)+len(a.Grid) > 0:
		return wrong("%s: arm %q is matched to %q and has settings of its own: want none, as those of %[3]q decide all of it", f.Path, a.Name, a.Matched)
	}
	return nil
}

func wrong(format string, args ...any) error {
	return train.UsageError{Message: fmt.Sprintf(format, args...)}
}

// didYouMean suggests one of the known words for a mistyped one.
func didYouMean(word string, known []string) string {
	if near := suggest.Nearest(word, known); near != "" {
		return fmt.Sprintf(" (did you mean %s?)", near)
	}
	return ""
}
