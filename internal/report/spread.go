package report

import (
	"fmt"
	"math"
	"strconv"
)

// A spread is the mean of numbers and their standard deviation, that of a sample.
type spread struct {
	Mean, SD float64 // NaN: of no number, of one
	N        int
}

// spreadOf takes the numbers that are finite.
func spreadOf(numbers []float64) spread {
	s := spread{Mean: math.NaN(), SD: math.NaN()}
	sum := 0.0
	for _, v := range numbers {
		if finite(v) {
			sum += v
			s.N++
		}
	}
	if s.N == 0 {
		return s
	}
	s.Mean = sum / float64(s.N)
	if s.N == 1 {
		return s
	}
	squares := 0.0
	for _, v := range numbers {
		if finite(v) {
			squares += (v - s.Mean) * (v - s.Mean)
		}
	}
	s.SD = math.Sqrt(squares / float64(s.N-1))
	return s
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// text writes the mean and the deviation with places digits behind the point, "" of
// no number.
func (s spread) text(places int) string {
	if s.N == 0 {
		return ""
	}
	if s.N == 1 {
		return fmt.Sprintf("%.*f", places, s.Mean)
	}
	return fmt.Sprintf("%.*f ± %.*f", places, s.Mean, places, s.SD)
}

// brief writes them with four digits of the mean; alone, if all numbers are the
// same but for rounding.
func (s spread) brief() string {
	if s.N == 0 {
		return ""
	}
	text := short(s.Mean)
	if s.N > 1 && s.SD > 1e-12*math.Abs(s.Mean) {
		text += " ± " + strconv.FormatFloat(s.SD, 'g', 2, 64)
	}
	return text
}

// short writes v with four digits, "" if it is none.
func short(v float64) string {
	if !finite(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', 4, 64)
}
