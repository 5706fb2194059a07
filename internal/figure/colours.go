package figure

import (
	"fmt"
	"math"
)

// A colourScale maps numbers to colours: from dark blue to light yellow.
type colourScale struct{ scale }

// newColours is the colour scale for numbers from lo to hi.
func newColours(log bool, lo, hi float64) colourScale {
	if log {
		lo, hi = math.Log10(lo), math.Log10(hi)
	}
	if !(lo < hi) { // no number, or one
		lo, hi = lo-0.5, lo+0.5
	}
	return colourScale{scale{log, lo, hi, 0, 1}}
}

// of is the colour of v, which is in the scale's middle if v is the only number.
func (c colourScale) of(v float64) string { return shadeAt(c.at(v)) }

// shadeAt is the colour at t from 0 to 1. In Oklab (Ottosson 2020) its lightness
// rises evenly, so that it is read without telling hues apart and in print; its hue
// turns from blue to yellow, the two that most colour-blind people tell apart.
func shadeAt(t float64) string {
	t = min(max(t, 0), 1)
	light := 0.27 + 0.67*t
	chroma := 0.085 + 0.06*t
	sin, cos := math.Sincos((280 - 175*t) * math.Pi / 180)
	r, g, b := fromOklab(light, chroma*cos, chroma*sin)
	return fmt.Sprintf("#%02x%02x%02x", channel(r), channel(g), channel(b))
}

// fromOklab is a colour of Oklab in linear sRGB.
func fromOklab(light, a, b float64) (red, green, blue float64) {
	cube := func(v float64) float64 { return v * v * v }
	l := cube(light + 0.3963377774*a + 0.2158037573*b)
	m := cube(light - 0.1055613458*a - 0.0638541728*b)
	s := cube(light - 0.0894841775*a - 1.2914855480*b)
	return 4.0767416621*l - 3.3077115913*m + 0.2309699292*s,
		-1.2684380046*l + 2.6097574011*m - 0.3413193965*s,
		-0.0041960863*l - 0.7034186147*m + 1.7076147010*s
}

// channel is a linear channel as sRGB has it, in a byte.
func channel(v float64) uint8 {
	v = min(max(v, 0), 1)
	if v <= 0.0031308 {
		v *= 12.92
	} else {
		v = 1.055*math.Pow(v, 1/2.4) - 0.055
	}
	return uint8(math.Round(255 * v))
}

// bright reports whether dark text is read on the colour of v.
func (c colourScale) bright(v float64) bool { return c.at(v) > 0.5 }

// key draws the scale upright at (x, y), with ticks of its numbers and what they
// are. steps are the edges of the colours; nil: they flow.
func (c colourScale) key(d *drawing, x, y, h float64, axis Axis, ticks []float64, steps []float64) {
	const w = 12
	tall := scale{c.log, c.lo, c.hi, y + h, y}
	n := 48
	if steps != nil {
		n = len(steps) - 1
	}
	for i := range n {
		from, to := y+h-h*float64(i)/float64(n), y+h-h*float64(i+1)/float64(n)
		fill := shadeAt((float64(i) + 0.5) / float64(n))
		if steps != nil {
			from, to = tall.at(steps[i]), tall.at(steps[i+1])
			fill = c.between(steps[i], steps[i+1])
		}
		d.area(look{class: "fig-cell", fill: fill}, rectangle(x, to, w, from-to+0.3)) // no seam
	}
	d.area(look{class: "fig-axis"}, rectangle(x, y, w, h))
	last := math.Inf(1)
	for _, v := range ticks {
		if at := tall.at(v); at <= last-13 && at >= y-0.1 && at <= y+h+0.1 {
			d.line(x+w, at, x+w+3, at, "fig-axis")
			d.text(x+w+6, at+4, "", Number(v))
			last = at
		}
	}
	d.text(x, y-8, "fig-small", axis.Label)
}

// between is the colour for numbers from a to b.
func (c colourScale) between(a, b float64) string { return shadeAt((c.at(a) + c.at(b)) / 2) }
