package figure

import (
	"math"
	"strconv"
	"strings"
)

// An Axis is one of the two of a figure.
type Axis struct {
	Label string // what it measures, and its unit
	Log   bool   // logarithmic: what is not above 0 is a gap
	Zero  bool   // reaches down to 0
	Whole bool   // has ticks at whole numbers only

	tight bool // ends at the lowest and at the highest number
}

// A scale maps numbers of an axis to coordinates.
type scale struct {
	log      bool
	lo, hi   float64 // of the numbers, or of their logarithms
	from, to float64 // where these lie
}

func (s scale) at(v float64) float64 {
	if s.log {
		v = math.Log10(v)
	}
	return s.from + (v-s.lo)/(s.hi-s.lo)*(s.to-s.from)
}

// shows reports whether the axis has a place for v.
func (a Axis) shows(v float64) bool { return finite(v) && (!a.Log || v > 0) }

// A tick is a place on an axis and its number.
type tick struct {
	at    float64 // coordinate
	label string
}

// reach is the scale of the axis for numbers from lo to hi between the coordinates
// from and to, and about as many ticks. lo above hi means that there is no number.
func (a Axis) reach(lo, hi, from, to float64, about int) (scale, []tick) {
	if a.Log {
		return a.reachLog(lo, hi, from, to)
	}
	if lo > hi {
		lo, hi = 0, 1
	}
	if a.Zero {
		lo, hi = min(lo, 0), max(hi, 0)
	}
	if lo == hi { // one number: in the middle
		d := math.Abs(lo) / 2
		if d == 0 || a.Whole {
			d = 1
		}
		lo, hi = lo-d, hi+d
	}
	step := niceStep((hi - lo) / float64(about))
	if a.Whole {
		step = max(step, 1)
	}
	first, last := math.Floor(lo/step+1e-9), math.Ceil(hi/step-1e-9)
	s := scale{false, first * step, last * step, from, to}
	if a.Whole || a.tight { // no room for epochs that are not there
		s.lo, s.hi = lo, hi
	}
	var ticks []tick
	for i := first; i <= last; i++ {
		if v := i * step; v >= s.lo-1e-9*step && v <= s.hi+1e-9*step {
			ticks = append(ticks, tick{s.at(v), label(v, step, max(math.Abs(s.lo), math.Abs(s.hi)))})
		}
	}
	return s, ticks
}

// reachLog puts ticks at the powers of 10, at 2 and 5 times them too where they
// are few.
func (a Axis) reachLog(lo, hi, from, to float64) (scale, []tick) {
	if lo > hi {
		lo, hi = 0.1, 1
	}
	if lo == hi {
		lo, hi = lo/2, hi*2
	}
	lo, hi = lo/1.1, hi*1.1 // off the edges
	s := scale{true, math.Log10(lo), math.Log10(hi), from, to}
	between := []float64{1, 2, 5}
	if s.hi-s.lo > 3 {
		between = between[:1]
	}
	every := max(1, math.Ceil((s.hi-s.lo)/8))
	var ticks []tick
	for e := math.Floor(s.lo/every) * every; e <= s.hi; e += every {
		for _, m := range between {
			if v := m * math.Pow(10, e); v >= lo*(1-1e-9) && v <= hi*(1+1e-9) {
				ticks = append(ticks, tick{s.at(v), Number(v)})
			}
		}
	}
	return s, ticks
}

// label writes a tick of an axis with the given step and largest number.
func label(v, step, largest float64) string {
	switch {
	case largest < 1e-3 || largest >= 1e9:
		return Number(v)
	case largest >= 1e6:
		return asStep(v/1e6, step/1e6) + "M"
	case largest >= 1e4:
		return asStep(v/1e3, step/1e3) + "k"
	}
	return asStep(v, step)
}

// asStep writes v with as many places as step has.
func asStep(v, step float64) string {
	places := max(0, -int(math.Floor(math.Log10(step)+1e-9)))
	return strconv.FormatFloat(v, 'f', places, 64)
}

// niceStep is the smallest of 1, 2 and 5 times a power of 10 that is no less
// than step.
func niceStep(step float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= step*(1-1e-9) {
			return m * power
		}
	}
	return 10 * power
}

// Number writes v with three digits or so, as ticks have it: 0.05, 1.5k, 2M, 3e-5.
func Number(v float64) string {
	size := math.Abs(v)
	switch {
	case !finite(v):
		return strconv.FormatFloat(v, 'g', -1, 64)
	case size >= 1e9 || size > 0 && size < 1e-3:
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', 2, 64), "e")
		power, _ := strconv.Atoi(exponent)
		return trimZeros(mantissa) + "e" + strconv.Itoa(power)
	case size >= 1e6:
		return digits(v/1e6) + "M"
	case size >= 1e4:
		return digits(v/1e3) + "k"
	}
	return digits(v)
}

// digits writes v with three digits behind the point at most, and three in all
// where it is large.
func digits(v float64) string {
	places := 3
	switch size := math.Abs(v); {
	case size >= 100:
		places = 0
	case size >= 10:
		places = 1
	case size >= 1:
		places = 2
	}
	return trimZeros(strconv.FormatFloat(v, 'f', places, 64))
}

func trimZeros(text string) string {
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	if text == "-0" {
		return "0"
	}
	return text
}
