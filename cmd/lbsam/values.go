package main

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"lbsam/analysis"
)

// alpha is the value of --alpha: a number, or adaptive.
type alpha struct {
	number   *float64
	adaptive *bool
}

// String is what Set takes.
func (a alpha) String() string {
	if a.adaptive == nil || *a.adaptive { // nil: pflag's zero value
		return "adaptive"
	}
	return strconv.FormatFloat(*a.number, 'g', -1, 64)
}

// Set takes the -1 of the published code too.
func (a alpha) Set(text string) error {
	v, err := strconv.ParseFloat(text, 64)
	if strings.EqualFold(text, "adaptive") || err == nil && v == -1 {
		*a.adaptive = true
		return nil
	}
	if err != nil || !(v >= 0 && v <= 1) {
		return errors.New("no alpha")
	}
	*a.number, *a.adaptive = v, false
	return nil
}

// Type is what the flag wants.
func (alpha) Type() string {
	return "adaptive (-1 is the same), or a number from 0 (stay at the slow weights) to 1 (go to the fast ones)"
}

// numbers is the value of a flag that takes a list.
type numbers struct{ list *[]float64 }

// String is what Set takes.
func (n numbers) String() string {
	if n.list == nil {
		return ""
	}
	var words []string
	for _, v := range *n.list {
		words = append(words, strconv.FormatFloat(v, 'g', -1, 64))
	}
	return strings.Join(words, ",")
}

// Set replaces the list; an empty text empties it.
func (n numbers) Set(text string) error {
	list := []float64{}
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.TrimSpace(word); word == "" {
			continue
		}
		v, err := strconv.ParseFloat(word, 64)
		if err != nil {
			return err
		}
		list = append(list, v)
	}
	*n.list = list
	return nil
}

// Type is what the flag wants.
func (numbers) Type() string { return "numbers with commas between them" }

// word is the value of a flag that takes one of a few words.
type word struct {
	text *string
	of   []string
}

// String is what Set takes.
func (w word) String() string {
	if w.text == nil {
		return ""
	}
	return *w.text
}

// Set takes a word in any case.
func (w word) Set(text string) error {
	if text = strings.ToLower(text); !slices.Contains(w.of, text) {
		return errors.New("no such word")
	}
	*w.text = text
	return nil
}

// Type is what the flag wants.
func (w word) Type() string { return "one of " + strings.Join(w.of, ", ") }

// grid is the value of a flag that takes an axis of points.
type grid struct{ *analysis.Grid }

// String is what Set takes.
func (g grid) String() string {
	if g.Grid == nil {
		return ""
	}
	return g.Grid.String()
}

// Set replaces the grid.
func (g grid) Set(text string) (err error) {
	*g.Grid, err = analysis.ParseGrid(text)
	return err
}

// Type is what the flag wants.
func (grid) Type() string {
	return "min:max:points with min below max and 2 to 10000 points, such as -1:1:25"
}

// seeds is the value of a flag that takes several seeds.
type seeds struct{ list *[]uint64 }

// String is what Set takes.
func (s seeds) String() string {
	if s.list == nil {
		return ""
	}
	var words []string
	for _, v := range *s.list {
		words = append(words, strconv.FormatUint(v, 10))
	}
	return strings.Join(words, ",")
}

// Set replaces the list.
func (s seeds) Set(text string) error {
	var list []uint64
	for word := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseUint(strings.TrimSpace(word), 10, 64)
		if err != nil {
			return err
		}
		list = append(list, v)
	}
	*s.list = list
	return nil
}

// Type is what the flag wants.
func (seeds) Type() string { return "whole numbers of 0 or more with commas between them" }
