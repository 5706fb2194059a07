package study

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A Setting is what a file says about a setting of train.Config.
type Setting struct {
	Name   string
	Value  any    // as TOML has it: a text, an int64, a float64, a bool, or a list of such
	Origin string // where it stands
}

// A point is one choice of a value for each setting of a grid.
type point []Setting

// points are the products of the lists of a grid: the last name in the alphabet
// varies fastest. Of an empty grid there is one, without settings.
func points(grid map[string]any, origin string) ([]point, error) {
	all := []point{nil}
	for _, name := range slices.Sorted(maps.Keys(grid)) {
		list, ok := grid[name].([]any)
		if !ok || len(list) == 0 {
			return nil, wrong("%s: grid: %s is %v: want a list of values to try, such as [0.05, 0.1]", origin, name, grid[name])
		}
		var longer []point
		for _, p := range all {
			for _, value := range list {
				longer = append(longer, append(slices.Clip(p), Setting{name, value, origin + ", grid"}))
			}
		}
		all = longer
	}
	return all, nil
}

// name is how the point is called in names of runs: "lr=0.1,rho=0.05".
func (p point) name() string {
	var words []string
	for _, s := range p {
		words = append(words, s.Name+"="+inName(s.Value))
	}
	return strings.Join(words, ",")
}

// inName is a value as a part of the name of a folder: no separator of a path
// and no blank is in it.
func inName(value any) string {
	switch v := value.(type) {
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []any:
		var words []string
		for _, item := range v {
			words = append(words, inName(item))
		}
		return strings.Join(words, "+")
	}
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("/\\ \t\n,=:", r) {
			return '_'
		}
		return r
	}, fmt.Sprint(value))
}

// settings are the entries of a table, by name.
func settings(table map[string]any, origin string) (list []Setting) {
	for _, name := range slices.Sorted(maps.Keys(table)) {
		list = append(list, Setting{name, table[name], origin})
	}
	return list
}

// merged is a grid of two: the second one's lists stand for those of the first.
func merged(a, b map[string]any) map[string]any {
	all := maps.Clone(a)
	if all == nil {
		all = map[string]any{}
	}
	maps.Copy(all, b)
	return all
}
