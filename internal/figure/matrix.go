package figure

import (
	"fmt"
	"math"
)

// A Matrix is a table of shares, each from 0 to 1, as shades: on the diagonal in
// one colour, elsewhere in another. A shade grows with the root of the share, so
// that small ones show.
type Matrix struct {
	Title    string
	RowLabel string // what the rows are
	ColLabel string
	Names    []string // of the rows and of the columns, [n]
	Share    [][]float64
	Text     [][]string // in the cells; nil: none. Not shown where there is no room
}

const (
	matrixW   = 520
	shades    = 10
	roomyMost = 20 // rows for which there is room for names and text
)

// SVG draws the figure.
func (m Matrix) SVG() string { return m.draw().svg() }

// corner is where the cells begin: beside and below the names, if there is room
// for these.
func (m Matrix) corner() (left, top float64) {
	names := 0.0
	if len(m.Names) <= roomyMost {
		for _, name := range m.Names {
			names = max(names, width(short(name, nameMax)))
		}
	}
	return names + 24, 42 + names
}

func (m Matrix) draw() *drawing {
	n := len(m.Names)
	left, top := m.corner()
	size := (matrixW - left) / float64(max(n, 1))
	c := newDrawing(matrixW, top+size*float64(n)+2, m.Title)
	c.turned(12, top+size*float64(n)/2, "fig-mid", m.RowLabel)
	c.text(left+size*float64(n)/2, 32, "fig-mid", m.ColLabel)
	m.cells(c, left, top, size)
	if n <= roomyMost {
		m.texts(c, left, top, size)
	}
	c.area(look{class: "fig-axis"}, rectangle(left, top, size*float64(n), size*float64(n)))
	return c
}

// cells draws the shades: one path for all cells of one colour and shade.
func (m Matrix) cells(c *drawing, left, top, size float64) {
	var cells [2][shades + 1][]piece
	for i, row := range m.Share {
		for j, share := range row {
			if level := shade(share); level > 0 {
				kind := 1
				if i == j {
					kind = 0
				}
				x, y := left+size*float64(j), top+size*float64(i)
				cells[kind][level] = append(cells[kind][level], rectangle(x, y, size, size))
			}
		}
	}
	for kind, levels := range cells {
		for level, pieces := range levels {
			c.area(look{class: fmt.Sprintf("fig-cell f%d", kind), opacity: float64(level) / shades}, pieces...)
		}
	}
}

// shade is the level of a share, 0 for none.
func shade(share float64) int {
	if !(share > 0) {
		return 0
	}
	return min(shades, max(1, int(math.Round(shades*math.Sqrt(share)))))
}

// texts names the rows and the columns and fills in the cells.
func (m Matrix) texts(c *drawing, left, top, size float64) {
	class := "fig-mid"
	if len(m.Names) > roomyMost/2 {
		class += " fig-small"
	}
	for i, name := range m.Names {
		at := size * (float64(i) + 0.5)
		c.brief(left-6, top+at+4, "fig-end fig-ink", name, nameMax)
		c.turned(left+at+4, top-6, "fig-ink", short(name, nameMax))
		for j := range m.Names {
			if m.Text == nil || m.Text[i][j] == "" {
				continue
			}
			ink := " fig-ink"
			if shade(m.Share[i][j]) > shades*6/10 {
				ink = " fig-on"
			}
			c.text(left+size*(float64(j)+0.5), top+at+4, class+ink, m.Text[i][j])
		}
	}
}
