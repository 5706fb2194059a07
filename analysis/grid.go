package analysis

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// A Grid is numbers from Min to Max at equal distances, both included.
type Grid struct {
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	Points int     `json:"points"`
}

const mostPoints = 10_000 // of a grid

// ParseGrid reads min:max:points. It wants a finite min below max, and 2 to 10,000
// points.
func ParseGrid(text string) (g Grid, err error) {
	words := strings.Split(text, ":")
	if len(words) != 3 {
		return g, fmt.Errorf("found %d numbers", len(words))
	}
	var errs [3]error
	g.Min, errs[0] = strconv.ParseFloat(words[0], 64)
	g.Max, errs[1] = strconv.ParseFloat(words[1], 64)
	g.Points, errs[2] = strconv.Atoi(words[2])
	if err := errors.Join(errs[:]...); err != nil {
		return g, err
	}
	if whole := (g.Max - g.Min) * float64(g.Points); !(whole > 0) || math.IsInf(whole, 0) || g.Points < 2 || g.Points > mostPoints {
		return g, errors.New("no grid")
	}
	return g, nil
}

// String is what ParseGrid reads; "" for no grid.
func (g Grid) String() string {
	if g.Points == 0 {
		return ""
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	return fmt.Sprintf("%s:%s:%d", number(g.Min), number(g.Max), g.Points)
}

// At is number i. Of a grid from -r to r the middle is exactly 0.
func (g Grid) At(i int) float64 {
	switch last := g.Points - 1; i {
	case 0:
		return g.Min
	case last:
		return g.Max
	default:
		return (g.Min*float64(last-i) + g.Max*float64(i)) / float64(last)
	}
}

// Values are all numbers.
func (g Grid) Values() []float64 {
	list := make([]float64, g.Points)
	for i := range list {
		list[i] = g.At(i)
	}
	return list
}
