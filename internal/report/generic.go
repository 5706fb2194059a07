package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"lbsam/internal/figure"
)

// A cell of a matrix of a result.
type cell struct {
	key  string
	i, j int
}

// generic shows results of a kind that is not known here: their numbers and words
// in a table, and their matrices of numbers.
func generic(kind string, b *bundle) section {
	s := section{ID: "kind-" + kind, Title: kind}
	values, cells := newSheet[string](len(b.arms)), newSheet[cell](len(b.arms))
	words := map[string][][]string{}
	b.each(func(arm int, r Result) error {
		var all map[string]any
		if err := r.decode(&all); err != nil {
			return err
		}
		for _, key := range slices.Sorted(maps.Keys(all)) {
			switch v := all[key].(type) {
			case float64:
				values.add(key, arm, v)
			case string, bool:
				if slices.Contains([]string{"kind", "checkpoint", "sha256"}, key) {
					continue
				}
				if words[key] == nil {
					words[key] = make([][]string, len(b.arms))
				}
				place(&words[key][arm], fmt.Sprint(v))
			case []any:
				for i, row := range matrix(v) {
					for j, number := range row {
						cells.add(cell{key, i, j}, arm, number)
					}
				}
			}
		}
		return nil
	})
	s.draw(heats(b, cells)...)
	t := table{Names: 1, Head: append([]string{""}, b.arms...)}
	for _, key := range slices.Sorted(maps.Keys(words)) {
		row := []string{key}
		for arm := range b.arms {
			row = append(row, strings.Join(words[key][arm], ", "))
		}
		t.Rows = append(t.Rows, row)
	}
	for _, key := range values.keys {
		t.Rows = append(t.Rows, append([]string{key}, b.row(func(arm int) spread { return values.of(key, arm) })...))
	}
	if t.Rows != nil {
		s.Tables = append(s.Tables, t)
	}
	return s
}

// heats are the matrices of each arm, means over its results.
func heats(b *bundle, cells *sheet[cell]) (list []figure.Figure) {
	var keys []string
	for _, c := range cells.keys {
		place(&keys, c.key)
	}
	for _, key := range keys {
		for arm, name := range b.arms {
			var m [][]float64
			for _, c := range cells.keys {
				if c.key != key || cells.all[c][arm] == nil {
					continue
				}
				for len(m) <= c.i {
					m = append(m, nil)
				}
				for len(m[c.i]) <= c.j {
					m[c.i] = append(m[c.i], math.NaN())
				}
				m[c.i][c.j] = cells.of(c, arm).Mean
			}
			if m != nil && len(list) < figuresMost {
				list = append(list, heat(key+": "+name, m))
			}
		}
	}
	return list
}

// matrix is a list of lists of numbers as one with NaN where a row is shorter or
// has none; nil if it is anything else.
func matrix(list []any) (m [][]float64) {
	columns := 0
	for _, row := range list {
		cells, ok := row.([]any)
		if !ok {
			return nil
		}
		var numbers []float64
		for _, cell := range cells {
			v, ok := cell.(float64)
			if !ok && cell != nil {
				return nil
			}
			if !ok {
				v = math.NaN()
			}
			numbers = append(numbers, v)
		}
		m, columns = append(m, numbers), max(columns, len(numbers))
	}
	if len(m) < 2 || columns < 2 || len(m)*columns > 100*100 {
		return nil
	}
	for i := range m {
		for len(m[i]) < columns {
			m[i] = append(m[i], math.NaN())
		}
	}
	return m
}

// heat is a matrix whose rows and columns are numbered.
func heat(title string, m [][]float64) figure.Heat {
	h := figure.Heat{Title: title, Values: m}
	for i, row := range m {
		h.Rows = append(h.Rows, fmt.Sprint(i+1))
		var cells []string
		for j, v := range row {
			if i == 0 {
				h.Cols = append(h.Cols, fmt.Sprint(j+1))
			}
			cells = append(cells, figure.Number(v))
			if !finite(v) {
				cells[j] = ""
			}
		}
		h.Text = append(h.Text, cells)
	}
	return h
}
