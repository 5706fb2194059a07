package main

import (
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"lbsam/kernels"
	"lbsam/train"
)

// isLookbehind reports whether c trains with one of the Lookbehind methods.
func isLookbehind(c train.Config) bool { return strings.HasPrefix(c.Minimizer, "Lookbehind") }

// takesK reports whether the method of c takes K ascents per step.
func takesK(c train.Config) bool {
	return isLookbehind(c) || strings.HasPrefix(c.Minimizer, "Multistep") || strings.HasPrefix(c.Minimizer, "PathMean")
}

// say writes a line for the user.
func (s *session) say(format string, args ...any) { fmt.Fprintf(s.stderr, format+"\n", args...) }

// banner says what is about to run.
func (s *session) banner() {
	j, c := s.job, s.job.Config
	s.say("lbsam %s  %s/%s  %s  seed %d  %s", version, runtime.GOOS, runtime.GOARCH, deviceText(j.Device), c.Seed, s.origin())
	s.say("data    %s", s.data())
	s.say("best    %s", s.selection())
	s.say("model   %s: %s parameters", c.Model, thousands(j.Params.Count()))
	s.say("method  %s", s.method())
	if s.folder == nil {
		s.say("run     nothing is kept (--no-out)")
	} else {
		s.say("run     %s", s.folder.Path)
	}
	for _, note := range s.notes() {
		s.say("note    %s", note)
	}
}

// deviceText is the device with what decides its speed.
func deviceText(d *kernels.Device) string {
	text := d.Name() + " " + precisionText(d)
	if about := d.About(); about != "" {
		return fmt.Sprintf("%s (%s)", text, about)
	}
	if d.Name() == "cpu" {
		text += ", " + count(d.Threads(), "thread")
	}
	return text
}

// precisionText is the precision of a device, or of its products if that is
// another one.
func precisionText(d *kernels.Device) string {
	if c := d.Compute(); c != kernels.ComputeFloat32 {
		if d.Emulates() {
			return "emulated " + c.String()
		}
		return c.String()
	}
	return d.Precision().String()
}

// origin says where the settings come from.
func (s *session) origin() string {
	switch {
	case s.resume != "":
		return "resumed"
	case s.config != "":
		return "preset " + s.preset + " and " + s.config
	case s.preset == "demo" && !s.flags.Changed("preset"):
		return "preset demo, as there is no --dataset"
	}
	return "preset " + s.preset
}

func (s *session) data() string {
	j, c := s.job, s.job.Config
	text := fmt.Sprintf("%s: %s train, %s test images, %d classes",
		c.Dataset, thousands(j.Data.Train.N), thousands(j.Data.Test.N), len(j.Data.Classes))
	switch source := j.Data.Source; {
	case source.Path != "":
		text += fmt.Sprintf(" from %s (%s, %s)", source.Path, source.Format, condition(status(source)))
	case c.Dataset != "Synthetic":
		text += " from " + filepath.Clean(c.Data)
	}
	if c.LimitBatches > 0 {
		text += fmt.Sprintf(", at most %s at a time", count(c.LimitBatches, "batch"))
	}
	return text
}

// selection says which weights count as the best ones.
func (s *session) selection() string {
	if share := s.job.Config.ValSplit; share > 0 {
		return fmt.Sprintf("%s, %s of train", selectedOn("validation"), percent(share))
	}
	return selectedOn("test")
}

// selectedOn says on what the best weights are selected.
func selectedOn(split string) string {
	if split == "test" {
		return "selected on test (as the published code does)"
	}
	return "selected on " + split
}

// method is the minimizer with its settings and its cost.
func (s *session) method() string {
	c := s.job.Config
	text := c.Minimizer
	if strings.HasSuffix(c.Minimizer, "SAM") {
		text += fmt.Sprintf("  rho %g", c.Rho)
	}
	if strings.HasSuffix(c.Minimizer, "ASAM") {
		text += fmt.Sprintf("  eta %g", c.Eta)
	}
	if takesK(c) {
		text += fmt.Sprintf("  k %d", c.K)
	}
	switch {
	case isLookbehind(c) && c.Adaptive:
		text += fmt.Sprintf("  alpha adaptive per %s", c.AlphaScope)
	case isLookbehind(c):
		text += fmt.Sprintf("  alpha %g", c.Alpha)
	case strings.HasPrefix(c.Minimizer, "Lookahead"):
		text += fmt.Sprintf("  k %d  alpha %g", c.LookaheadK, c.LookaheadAlpha)
	}
	evals := s.job.Evals()
	text += ": " + count(evals, "gradient evaluation") + " per step"
	if isLookbehind(c) && evals < 2*c.K {
		text += fmt.Sprintf(" (published: %d)", 2*c.K)
	}
	return text
}

// notes are remarks on the settings, each one once.
func (s *session) notes() (notes []string) {
	c := s.job.Config
	if s.preset == "official" && isLookbehind(c) {
		var ours []string
		if s.origins["k"] == byDefault {
			ours = append(ours, fmt.Sprintf("--k %d", c.K))
		}
		if s.origins["adaptive"] == byDefault {
			ours = append(ours, "--alpha adaptive")
		}
		if len(ours) > 0 {
			notes = append(notes, strings.Join(ours, " and ")+" by default: the published code has no default here")
		}
	}
	if note := s.job.Device.Note(); note != "" {
		notes = append(notes, note)
	}
	notes = append(notes, s.job.Data.Notes...)
	return append(notes, s.job.Notes()...)
}

// closing says how the run ended.
func (s *session) closing(r result, done train.Result) {
	if done.Stalled {
		s.say("stopped no better accuracy in %s (--early-stop)", count(s.job.Config.EarlyStop, "epoch"))
	}
	test := "not scored (--test never)"
	if r.Tested() {
		test = percent(r.Test.Accuracy) + " at the end"
	}
	s.say("done    test %s, best %s @%d %s  %.1f s",
		test, percent(r.Best), r.BestEpoch, selectedOn(r.SelectedOn), r.Seconds)
}

// count is "1 thread" or "2 threads".
func count(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "ch"):
		return thousands(n) + " " + what + "es"
	}
	return thousands(n) + " " + what + "s"
}

// thousands writes n with commas.
func thousands(n int) string {
	digits := strconv.Itoa(n)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
