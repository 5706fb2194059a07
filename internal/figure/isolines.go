package figure

import "math"

// isolines are the area of a grid above a number and the line around it, by
// marching squares: within a cell the line is straight.
type isolines struct {
	level float64
	area  edges // around the area, which lies on the same side of all
	line  edges // those of them that run through cells
}

// An edge goes from a point to another one.
type edge struct{ from, to point }

// edges are a set of edges, without two that go the same way in opposite directions:
// these lie between cells, within the area.
type edges struct {
	list []edge
	at   map[edge]int // in list
}

func newIsolines(level float64) *isolines {
	return &isolines{level, edges{at: map[edge]int{}}, edges{at: map[edge]int{}}}
}

// take adds the part of a cell that is above the level.
func (l *isolines) take(c [4]corner) {
	var inside [4]bool
	n, middle := 0, 0.0
	for k := range c {
		if inside[k] = c[k].z >= l.level; inside[k] {
			n++
		}
		middle += c[k].z / 4
	}
	if n == 2 && inside[0] == inside[2] && middle < l.level { // a saddle, its two corners apart
		for k := range c {
			if inside[k] {
				one := [4]bool{}
				one[k] = true
				l.outline(c, one)
			}
		}
	} else if n > 0 {
		l.outline(c, inside)
	}
}

// outline goes around the part of a cell that belongs to the corners inside, in
// one piece.
func (l *isolines) outline(c [4]corner, inside [4]bool) {
	var points []point
	var leaves []bool // a side of the cell, to run through it
	for k := range c {
		next := (k + 1) % 4
		if inside[k] {
			points, leaves = append(points, c[k].point), append(leaves, false)
		}
		if inside[k] != inside[next] {
			points, leaves = append(points, l.crossing(c[k], c[next])), append(leaves, inside[k])
		}
	}
	for k, from := range points {
		e := edge{from, points[(k+1)%len(points)]}
		l.area.add(e)
		if leaves[k] {
			l.line.add(e)
		}
	}
}

// crossing is where the level lies between two corners: the same for both cells at
// that side.
func (l *isolines) crossing(a, b corner) point {
	if b.x < a.x || b.x == a.x && b.y < a.y {
		a, b = b, a
	}
	share := (l.level - a.z) / (b.z - a.z)
	return point{a.x + share*(b.x-a.x), a.y + share*(b.y-a.y)}
}

func (s *edges) add(e edge) {
	back := edge{e.to, e.from}
	if i, ok := s.at[back]; ok {
		s.list[i] = edge{} // from and to the same: none
		delete(s.at, back)
	} else if e.from != e.to {
		s.at[e] = len(s.list)
		s.list = append(s.list, e)
	}
}

// pieces are the lines that the edges make, closed where they return.
func (s *edges) pieces() (lines []piece) {
	next, enters := map[point][]point{}, map[point]int{}
	for _, e := range s.list {
		if e.from != e.to {
			next[e.from] = append(next[e.from], e.to)
			enters[e.to]++
		}
	}
	follow := func(from point) {
		if len(next[from]) == 0 {
			return
		}
		line := piece{points: []point{from}}
		for at := from; ; {
			ways := next[at]
			if len(ways) == 0 {
				break
			}
			at, next[at] = ways[0], ways[1:]
			if line.closed = at == from; line.closed {
				break
			}
			line.points = append(line.points, at)
		}
		line.points = straighten(line)
		lines = append(lines, line)
	}
	for _, e := range s.list { // those with a beginning first
		if e.from != e.to && enters[e.from] == 0 {
			follow(e.from)
		}
	}
	for _, e := range s.list {
		follow(e.from)
	}
	return lines
}

// straighten leaves out points between others on a line.
func straighten(p piece) (kept []point) {
	n := len(p.points)
	for i, at := range p.points {
		if n > 3 && (p.closed || i > 0 && i < n-1) {
			a, b := p.points[(i+n-1)%n], p.points[(i+1)%n]
			if math.Abs((at.x-a.x)*(b.y-at.y)-(at.y-a.y)*(b.x-at.x)) < 1e-9 && (at.x-a.x)*(b.x-at.x)+(at.y-a.y)*(b.y-at.y) >= 0 {
				continue
			}
		}
		kept = append(kept, at)
	}
	return kept
}
