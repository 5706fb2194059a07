package analysis

import (
	"fmt"
	"slices"
	"strings"

	"lbsam/internal/suggest"
	"lbsam/train"
)

// Validate reports the first setting that makes no sense for so many images, 0
// meaning that their number is not known yet. Such an error is a train.UsageError.
func (s Sharpness) Validate(images int) error {
	for _, check := range []func() error{
		func() error { return s.checkNames() }, func() error { return s.checkRadii() },
		func() error { return s.checkM(images) }, func() error { return s.checkNumbers() },
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (s Sharpness) checkNames() error {
	for i, g := range s.Geometries {
		if !slices.Contains(Geometries(), g) {
			return unknown("geometry", g, Geometries())
		}
		if slices.Contains(s.Geometries[:i], g) {
			return usage("--geometry has %s twice: want each once", g)
		}
	}
	if !slices.Contains(Tensors(), s.Tensors) {
		return unknown("tensors", s.Tensors, Tensors())
	}
	return nil
}

func (s Sharpness) checkRadii() error {
	for i, rho := range s.Radii {
		if !(rho > 0 && rho <= 1e6) { // NaN fails
			return usage("--radii has %v: want numbers above 0, at most 1e6", rho)
		}
		if slices.Contains(s.Radii[:i], rho) {
			return usage("--radii has %v twice: want each radius once", rho)
		}
	}
	return nil
}

func (s Sharpness) checkM(images int) error {
	seen := map[int]int{}
	for _, m := range s.M {
		if m < 0 || images > 0 && m > images {
			return usage("--m has %d, and there are %s images: want 1 or more of them in a group, or 0 for all", m, count(images))
		}
		size := m
		if images > 0 {
			size = groupSize(m, images)
		}
		if other, ok := seen[size]; ok {
			return usage("--m has %d and %d, which are the same groups of %d images: want one of them", other, m, size)
		}
		seen[size] = m
	}
	return nil
}

func (s Sharpness) checkNumbers() error {
	h := s.Hessian
	for _, n := range []struct {
		flag          string
		value, lo, hi float64
	}{
		{"steps", float64(s.Steps), 0, 1e6}, {"draws", float64(s.Draws), 0, 1e6}, {"eta", s.Eta, 0, 1e6},
		{"eigenvalues", float64(h.Eigenvalues), 0, 1e4}, {"vectors", float64(h.Vectors), 1, 1e4}, {"tolerance", h.Tolerance, 0, 1},
		{"traces", float64(h.Traces), 0, 1e6}, {"hessian-step", h.Step, 0, 1},
	} {
		if !(n.value >= n.lo && n.value <= n.hi) { // NaN fails
			return usage("--%s is %v: want a number from %v to %v", n.flag, n.value, n.lo, n.hi)
		}
	}
	if h.Eigenvalues > h.Vectors {
		return usage("--eigenvalues is %d and --vectors %d: want as many vectors at least, better a few times as many", h.Eigenvalues, h.Vectors)
	}
	return nil
}

func count(images int) string {
	if images == 0 {
		return "some"
	}
	return fmt.Sprint(images)
}

func usage(format string, args ...any) error {
	return train.UsageError{Message: fmt.Sprintf(format, args...)}
}

// unknown is the error for a word that is none of the known ones.
func unknown(flag, word string, known []string) error {
	hint := ""
	if near := suggest.Nearest(word, known); near != "" {
		hint = fmt.Sprintf(" (did you mean %s?)", near)
	}
	return usage("unknown %s %q%s: want one of %s", flag, word, hint, strings.Join(known, ", "))
}
