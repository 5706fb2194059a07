package figure

import (
	"fmt"
	"math"
	"testing"
)

// bowl is a grid of n by n places from -1 to 1 with these numbers.
func bowl(n int, f func(x, y float64) float64) (g Grid) {
	for i := range n {
		v := -1 + 2*float64(i)/float64(n-1)
		g.X, g.Y = append(g.X, v), append(g.Y, v)
	}
	for _, y := range g.Y {
		var row []float64
		for _, x := range g.X {
			row = append(row, f(x, y))
		}
		g.Z = append(g.Z, row)
	}
	return g
}

func square(x, y float64) float64 { return x*x + y*y }

// isolinesOf are those of a grid, in its own coordinates.
func isolinesOf(g Grid, level float64) (l *isolines, gaps int) {
	l = newIsolines(level)
	g.cells(Axis{}, func(x, y float64) point { return point{x, y} }, l.take, func([4]corner) { gaps++ })
	return l, gaps
}

// size is the area within a closed piece, negative where it goes the other way.
func size(p piece) (sum float64) {
	for i, a := range p.points {
		b := p.points[(i+1)%len(p.points)]
		sum += (a.x*b.y - b.x*a.y) / 2
	}
	return sum
}

// The lines of x² + y² are circles: closed, with the radius of their level, and the
// area above is the square less the disc.
func TestIsolinesOfABowlAreCircles(t *testing.T) {
	const n = 41
	for _, level := range []float64{0.09, 0.25, 0.5} {
		l, gaps := isolinesOf(bowl(n, square), level)
		lines := l.line.pieces()
		if gaps != 0 || len(lines) != 1 || !lines[0].closed || len(lines[0].points) < n/2 {
			t.Fatalf("level %v: %d gaps, lines %v", level, gaps, lines)
		}
		// Between places h apart a parabola leaves its chord by h²/4 at most.
		const off = 0.05 * 0.05 / 4
		for _, at := range lines[0].points {
			if z := square(at.x, at.y); !(math.Abs(z-level) <= off+1e-9) {
				t.Errorf("level %v: %v is at %v", level, at, z)
			}
		}
		sum := 0.0
		for _, p := range l.area.pieces() {
			if !p.closed {
				t.Errorf("level %v: an area that is not closed", level)
			}
			sum += size(p)
		}
		if want := 4 - math.Pi*level; !(math.Abs(math.Abs(sum)-want) <= 0.01) {
			t.Errorf("level %v: area %v, want %v", level, sum, want)
		}
	}
	all, _ := isolinesOf(bowl(n, square), -1)
	if p := all.area.pieces(); len(p) != 1 || len(p[0].points) != 4 || math.Abs(size(p[0])) < 4-1e-9 || len(all.line.pieces()) != 0 {
		t.Errorf("the whole map is %v", p)
	}
}

func TestIsolinesStopAtGaps(t *testing.T) {
	g := bowl(41, square)
	g.Z[20][30], g.Z[20][31] = math.NaN(), math.Inf(1) // at (0.5, 0)
	l, gaps := isolinesOf(g, 0.25)
	if lines := l.line.pieces(); gaps != 6 || len(lines) != 1 || lines[0].closed {
		t.Errorf("%d gaps, %v", gaps, lines)
	}
	for _, p := range l.area.pieces() {
		if !p.closed {
			t.Error("an area that is not closed")
		}
	}
}

func TestIsolinesOfASaddle(t *testing.T) {
	g := Grid{[]float64{0, 1}, []float64{0, 1}, [][]float64{{1, 0}, {0, 1}}}
	for level, want := range map[float64]string{0.4: "1 area, 2 lines", 0.6: "2 areas, 2 lines"} {
		l, _ := isolinesOf(g, level)
		got := fmt.Sprintf("%d area", len(l.area.pieces()))
		if len(l.area.pieces()) > 1 {
			got += "s"
		}
		if got += fmt.Sprintf(", %d lines", len(l.line.pieces())); got != want {
			t.Errorf("level %v: %s, want %s", level, got, want)
		}
	}
}
