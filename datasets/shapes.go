package datasets

import "math"

// The classes of the synthetic set. Those from stripes on are textures, drawn in
// two colours on a patch whose outline says nothing about the class.
const (
	disc = iota
	ring
	triangle
	square
	cross
	star
	crescent
	stripes
	checks
	dots
	classCount
)

func syntheticClasses() []string {
	return []string{"disc", "ring", "triangle", "square", "cross", "star", "crescent", "stripes", "checks", "dots"}
}

// A vec is a point or a direction in the plane.
//
// Arithmetic here converts products to float64 before adding to them: a compiler
// may otherwise fuse the two, and images would differ between processors. For the
// same reason there is no sine or cosine: a direction is a unit vector.
type vec struct{ x, y float64 }

func dot(a, b vec) float64 { return float64(a.x*b.x) + float64(a.y*b.y) }

func length(a vec) float64 { return math.Sqrt(dot(a, a)) }

// The shapes have a radius of about 1 around the origin; a distance is negative
// inside and about the distance from the outline near it.

// outline returns the distance of p from the outline of a shape.
func outline(shape int, p vec) float64 {
	ax, ay := math.Abs(p.x), math.Abs(p.y)
	switch shape {
	case disc:
		return length(p) - 0.9
	case ring:
		return math.Abs(length(p)-0.72) - 0.22
	case triangle:
		return max(dot(p, vec{0, 1}), dot(p, vec{sin60, -0.5}), dot(p, vec{-sin60, -0.5})) - 0.55
	case square:
		return max(ax, ay) - 0.78
	case cross:
		return min(max(ax-0.95, ay-0.28), max(ax-0.28, ay-0.95))
	case star:
		return pentagram(p) - 0.42
	case crescent:
		return max(length(p)-0.95, 0.75-length(vec{p.x - 0.48, p.y}))
	}
	panic("datasets: no such shape")
}

const (
	sin60 = 0.8660254037844386
	sin72 = 0.9510565162951535
	cos72 = 0.30901699437494745
	sin36 = 0.5877852522924731
	cos36 = 0.8090169943749475
)

// pentagram returns the second largest distance of p along the five normals of a
// pentagon: a point of the five-pointed star lies outside of at most one of the
// lines through its edges.
func pentagram(p vec) float64 {
	most, second := math.Inf(-1), math.Inf(-1)
	for _, normal := range [5]vec{{0, 1}, {sin72, cos72}, {-sin72, cos72}, {sin36, -cos36}, {-sin36, -cos36}} {
		d := dot(p, normal)
		second = max(second, min(most, d))
		most = max(most, d)
	}
	return second
}

// texture returns the distance of p from the border between the two colours of a
// texture that repeats with period 1: negative in the first colour.
func texture(class int, p vec) float64 {
	switch class {
	case stripes:
		return 0.25 - wave(p.x)
	case checks:
		a, b := wave(p.x)-0.25, wave(p.y)-0.25
		return math.Copysign(min(math.Abs(a), math.Abs(b)), float64(a*b))
	case dots:
		return length(vec{wave(p.x), wave(p.y)}) - 0.3
	}
	panic("datasets: no such texture")
}

// wave returns the distance of x from the nearest integer, 0 to 1/2.
func wave(x float64) float64 { return math.Abs(x - math.Round(x)) }
