package checkpoint

import (
	"fmt"
	"io"
	"math"
)

// A Summary is what a file holds, in numbers.
type Summary struct {
	Header
	Format Format
	Stats  []Stats // one per tensor
}

// Stats are the numbers in a tensor. Those that are not finite are counted and
// left out of the rest; of none the rest is 0.
type Stats struct {
	Elements, NonFinite int64
	Min, Mean, Max, RMS float64
}

// Summarise reads a whole file.
func Summarise(path string) (Summary, error) {
	f, err := open(path)
	if err != nil {
		return Summary{}, err
	}
	defer f.Close()
	s := Summary{Header: f.Header, Format: f.format}
	for i, t := range f.Tensors {
		r, err := f.elements(i)
		if err != nil {
			return s, f.errorf("tensor %.100q: %w", t.Name, err)
		}
		stats, err := measure(r, t)
		if err != nil {
			return s, f.errorf("tensor %.100q: %w", t.Name, err)
		}
		s.Stats = append(s.Stats, stats)
	}
	return s, nil
}

// measure reads the elements of t from r.
func measure(r io.Reader, t Info) (s Stats, err error) {
	s.Elements = t.elements()
	s.Min, s.Max = math.Inf(1), math.Inf(-1)
	// Shares of mean and root mean square are added up: sums of the numbers
	// themselves, or of their squares, might not be finite.
	all := float64(s.Elements)
	raw := make([]byte, piece*8)
	for left := s.Elements; left > 0; {
		part := raw[:min(left, piece)*t.Dtype.size()]
		if _, err := io.ReadFull(r, part); err != nil {
			return s, fmt.Errorf("%d elements from its end: %w", left, err)
		}
		for _, v := range numbers(part, t.Dtype) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				s.NonFinite++
				continue
			}
			s.Min, s.Max = min(s.Min, v), max(s.Max, v)
			s.Mean += v / all
			s.RMS = math.Hypot(s.RMS, v/math.Sqrt(all))
		}
		left -= int64(len(part)) / t.Dtype.size()
	}
	if n := all - float64(s.NonFinite); n > 0 {
		s.Mean, s.RMS = s.Mean*(all/n), s.RMS*math.Sqrt(all/n)
	} else {
		s.Min, s.Max = 0, 0
	}
	return s, nil
}
