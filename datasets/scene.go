package datasets

import (
	"math"

	"lbsam/internal/rng"
)

// How hard the synthetic images are. Lengths are in pixels, colours and noise in
// fractions of full scale.
const (
	minRadius, maxRadius = 9.5, 12.5 // of the object, before it is squeezed
	squeeze              = 0.15      // an object is narrower by up to this fraction
	maxTilt              = 0.6       // tangent of the greatest angle by which it is turned
	margin               = 12.5      // least distance of its centre from the border
	minPeriod, maxPeriod = 4.5, 7.5  // of a texture
	minContrast          = 0.45      // least difference of the brightness of two colours that must differ
	lit                  = 1.0       // part of the objects that are brighter than the background
	gradient             = 0.15      // greatest change of the background's colour from the middle to a corner
	maxClutter           = 1         // spots of a random colour anywhere, some of them on the object
	maxSpot              = 2.0       // greatest radius of a spot
	occluded             = 0.1       // part of the images where a bar crosses the object
	maxBar               = 2.0       // greatest half width of the bar
	maxNoise             = 0.04      // greatest standard deviation of the noise of a pixel
)

// A scene is what one image shows, drawn from back to front: background, the
// spots behind, the object, the spots in front, the bar.
type scene struct {
	class            int
	ground, slope    rgb // colour in the middle, and its change from there to the border
	light            vec // direction of that change
	centre, axis     vec // of the object: axis is a unit vector
	width, height    float64
	patch            int // outline of a texture: disc or square
	period           float64
	phase            vec
	colour, second   rgb // second is that of textures
	spots            [maxClutter]spot
	spotCount        int
	behind           int // spots behind the object
	bar              bool
	barPoint, across vec // a point of its middle line, and the unit normal
	barHalf          float64
	barColour        rgb
	noise            float64
}

type rgb [3]float64

type spot struct {
	centre vec
	radius float64
	colour rgb
}

// newScene draws a scene with an object of the class.
func newScene(class int, r *rng.Stream) *scene {
	s := &scene{class: class, light: direction(r), axis: tilted(r)}
	for !s.contrasts() { // both anew: few colours differ from a medium one
		s.ground, s.colour = anyColour(r), anyColour(r)
	}
	if (brightness(s.colour) > brightness(s.ground)) != (r.Float64() < lit) {
		s.colour, s.ground = s.ground, s.colour
	}
	s.second = differing(r, s.colour)
	for c := range s.slope {
		s.slope[c] = between(r, -gradient, gradient)
	}
	radius := between(r, minRadius, maxRadius)
	s.width, s.height = radius, float64(radius*between(r, 1-squeeze, 1))
	s.centre = vec{between(r, margin, syntheticSide-margin), between(r, margin, syntheticSide-margin)}
	s.patch = []int{disc, square}[r.Intn(2)]
	s.period = between(r, minPeriod, maxPeriod)
	s.phase = vec{r.Float64(), r.Float64()}
	s.spotCount = r.Intn(maxClutter + 1)
	s.behind = r.Intn(s.spotCount + 1)
	for i := range s.spotCount {
		at := vec{between(r, 0, syntheticSide), between(r, 0, syntheticSide)}
		s.spots[i] = spot{at, between(r, 1, maxSpot), anyColour(r)}
	}
	s.bar = r.Float64() < occluded
	s.barHalf, s.across, s.barColour = between(r, maxBar/2, maxBar), direction(r), anyColour(r)
	s.barPoint = add(s.centre, vec{between(r, -radius, radius), between(r, -radius, radius)})
	s.noise = between(r, 0, maxNoise)
	return s
}

// render sets image [32, 32, 3] to the scene, with noise from r.
func (s *scene) render(image []uint8, r *rng.Stream) {
	for i := range syntheticSide * syntheticSide {
		p := vec{float64(i%syntheticSide) + 0.5, float64(i/syntheticSide) + 0.5}
		colour, bits := s.at(p), r.Uint32()
		for c, v := range colour {
			v += float64(s.noise * bell(bits>>(10*c)))
			image[3*i+c] = uint8(float64(255*min(max(v, 0), 1)) + 0.5)
		}
	}
}

// at returns the colour of the scene at the point p, edges being a pixel soft.
func (s *scene) at(p vec) rgb {
	middle := vec{syntheticSide / 2, syntheticSide / 2}
	colour := s.ground
	slope := dot(sub(p, middle), s.light) / (syntheticSide / 2)
	for c := range colour {
		colour[c] += float64(slope * s.slope[c])
	}
	for i := range s.spots[:s.behind] {
		s.spots[i].cover(&colour, p)
	}
	s.coverObject(&colour, p)
	for i := s.behind; i < s.spotCount; i++ {
		s.spots[i].cover(&colour, p)
	}
	if s.bar {
		cover(&colour, s.barColour, math.Abs(dot(sub(p, s.barPoint), s.across))-s.barHalf)
	}
	return colour
}

// cover paints the spot at p over colour.
func (s *spot) cover(colour *rgb, p vec) {
	d := sub(p, s.centre)
	if dot(d, d) < (s.radius+1)*(s.radius+1) { // else it is out of reach
		cover(colour, s.colour, length(d)-s.radius)
	}
}

// coverObject paints the object at p over colour.
func (s *scene) coverObject(colour *rgb, p vec) {
	d := sub(p, s.centre)
	if reach := 1.5*s.width + 1; dot(d, d) > reach*reach { // of the corner of a square, √2
		return
	}
	q := vec{dot(d, s.axis), dot(d, vec{-s.axis.y, s.axis.x})} // along the axes of the object, in pixels
	unit := vec{q.x / s.width, q.y / s.height}
	if s.class < stripes {
		cover(colour, s.colour, float64(outline(s.class, unit)*s.height))
		return
	}
	paint := s.second
	cell := add(vec{q.x / s.period, q.y / s.period}, s.phase)
	cover(&paint, s.colour, float64(texture(s.class, cell)*s.period))
	cover(colour, paint, float64(outline(s.patch, unit)*s.height))
}

// cover paints over colour where distance, in pixels from an outline, is negative.
func cover(colour *rgb, paint rgb, distance float64) {
	if distance >= 0.5 {
		return
	}
	share := min(0.5-distance, 1) // of the pixel's area, about
	for c := range colour {
		colour[c] += float64(share * (paint[c] - colour[c]))
	}
}

func add(a, b vec) vec { return vec{a.x + b.x, a.y + b.y} }
func sub(a, b vec) vec { return vec{a.x - b.x, a.y - b.y} }

func between(r *rng.Stream, low, high float64) float64 {
	return low + float64(r.Float64()*(high-low))
}

// contrasts reports whether the object stands out from the background.
func (s *scene) contrasts() bool {
	return math.Abs(brightness(s.colour)-brightness(s.ground)) >= minContrast
}

func anyColour(r *rng.Stream) rgb { return rgb{r.Float64(), r.Float64(), r.Float64()} }

// differing returns a colour whose brightness differs from that of another one by
// minContrast or more.
func differing(r *rng.Stream, from rgb) rgb {
	for {
		if c := anyColour(r); math.Abs(brightness(c)-brightness(from)) >= minContrast {
			return c
		}
	}
}

func brightness(c rgb) float64 { return (c[0] + c[1] + c[2]) / 3 }

// tilted returns a unit vector not far from upright.
func tilted(r *rng.Stream) vec {
	v := vec{1, between(r, -maxTilt, maxTilt)}
	n := length(v)
	return vec{v.x / n, v.y / n}
}

// direction returns a uniform unit vector: a point of the disc, made longer.
func direction(r *rng.Stream) vec {
	for {
		v := vec{between(r, -1, 1), between(r, -1, 1)}
		if n := length(v); n > 0.01 && n <= 1 {
			return vec{v.x / n, v.y / n}
		}
	}
}

// bell returns a number of mean 0 and standard deviation 1, more often small
// than large: the sum of two dice of 32 sides, the low bits of bits.
func bell(bits uint32) float64 {
	sum := bits&31 + bits>>5&31
	return (float64(sum) - 31) / 13.06
}
