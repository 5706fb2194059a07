package analysis

import (
	"encoding/json"
	"math"
	"strconv"
)

// A Number is one that a measurement may fail to give: what is not finite is null
// in JSON, and NaN when it is read again.
type Number float64

// Finite reports whether n is neither NaN nor infinite.
func (n Number) Finite() bool { return !math.IsNaN(float64(n)) && !math.IsInf(float64(n), 0) }

// MarshalJSON writes the number, or null.
func (n Number) MarshalJSON() ([]byte, error) {
	if !n.Finite() {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// UnmarshalJSON reads what MarshalJSON writes.
func (n *Number) UnmarshalJSON(text []byte) error {
	v := math.NaN()
	if string(text) != "null" {
		if err := json.Unmarshal(text, &v); err != nil {
			return err
		}
	}
	*n = Number(v)
	return nil
}

// String is the number as a table has it, "" where it is not finite.
func (n Number) String() string {
	if !n.Finite() {
		return ""
	}
	return strconv.FormatFloat(float64(n), 'g', -1, 64)
}

// A Spread is the mean of numbers and their standard deviation, that of a sample:
// of one number it is NaN.
type Spread struct {
	Mean Number `json:"mean"`
	Std  Number `json:"std"`
}

// NewSpread returns the spread of numbers. Where one is not finite, it is not.
func NewSpread(numbers []float64) Spread {
	n, mean, squares := float64(len(numbers)), 0.0, 0.0
	for _, v := range numbers {
		mean += v / n
	}
	for _, v := range numbers {
		squares += (v - mean) * (v - mean)
	}
	return Spread{Number(mean), Number(math.Sqrt(squares / (n - 1)))}
}
