package figure

import (
	"fmt"
	"math"
)

// A Grid is a number for each place of a grid.
type Grid struct {
	X, Y []float64   // rising
	Z    [][]float64 // Z[i][j] is the number at (X[j], Y[i])
}

// span is the range of the numbers that an axis shows.
func (g Grid) span(a Axis) span {
	s := none()
	for _, row := range g.Z {
		for _, v := range row {
			if a.shows(v) {
				s.take(v)
			}
		}
	}
	return s
}

// ends is the range of the places of a grid.
func ends(places []float64) span {
	s := none()
	for _, v := range places {
		s.take(v)
	}
	return s
}

// check panics where the numbers do not fit the places.
func (g Grid) check() {
	if len(g.Z) != len(g.Y) {
		panic(fmt.Sprintf("figure: a grid of %d rows for %d places on the y axis", len(g.Z), len(g.Y)))
	}
	for i, row := range g.Z {
		if len(row) != len(g.X) {
			panic(fmt.Sprintf("figure: row %d of a grid has %d numbers for %d places on the x axis", i, len(row), len(g.X)))
		}
	}
}

// A corner is a place of a grid with its number.
type corner struct {
	point
	z float64
}

// cells calls f with the corners of each cell, which go around it, if all have a
// number that the axis shows, and gap with those of the others.
func (g Grid) cells(a Axis, at func(x, y float64) point, f func([4]corner), gap func([4]corner)) {
	for i := range max(len(g.Y)-1, 0) {
		for j := range max(len(g.X)-1, 0) {
			var c [4]corner
			whole := true
			for k, d := range [4][2]int{{0, 0}, {0, 1}, {1, 1}, {1, 0}} {
				y, x := i+d[0], j+d[1]
				v := g.Z[y][x]
				whole = whole && a.shows(v)
				c[k] = corner{at(g.X[x], g.Y[y]), a.linear(v)}
			}
			if whole {
				f(c)
			} else {
				gap(c)
			}
		}
	}
}

// linear is v as it is drawn: in an axis with logarithms, that of v.
func (a Axis) linear(v float64) float64 {
	if a.Log {
		return math.Log10(v)
	}
	return v
}

// levels are about a dozen numbers from lo to hi where colours change, the ends
// among them: round ones, except for the ends.
func levels(log bool, lo, hi float64) []float64 {
	const about = 12
	if !(lo < hi) {
		return []float64{lo, hi}
	}
	list := []float64{lo}
	decades := math.Log10(hi / lo)
	if !log || decades < 0.8 {
		step := levelStep((hi - lo) / about)
		for i := math.Floor(lo/step) + 1; i*step < hi; i++ {
			if i*step > lo {
				list = append(list, i*step)
			}
		}
		return append(list, hi)
	}
	between, every := []float64{1, 1.5, 2, 3, 5, 7}, 1.0
	switch {
	case decades > about:
		between, every = between[:1], math.Ceil(decades/about)
	case decades > about/3:
		between = between[:1]
	case decades > about/6:
		between = []float64{1, 2, 5}
	}
	for e := math.Floor(math.Log10(lo)/every) * every; e <= math.Log10(hi); e += every {
		for _, m := range between {
			if v := m * math.Pow(10, e); v > lo && v < hi {
				list = append(list, v)
			}
		}
	}
	return append(list, hi)
}

// levelStep is the smallest of 1, 2, 2.5 and 5 times a power of 10 that is no less
// than step.
func levelStep(step float64) float64 {
	nice := niceStep(step)
	if half := nice / 2; half >= step*(1-1e-9) { // 5 is the only one whose half is as large
		return half
	}
	return nice
}
