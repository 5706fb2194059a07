package main

import (
	"fmt"
	"path/filepath"

	"lbsam/study"
)

// bySettings is the value of --matched without one: the settings of the command
// line say what is matched.
const bySettings = "settings"

// matchedHelp is what --matched does.
const matchedHelp = "train the SAM (or ASAM) that moves as far as Lookbehind with these settings would: lr·alpha·k·(1-m^k)/(1-m) with momentum m^k and rho·(k+1)/2, " +
	"together. =`RUN` takes the settings of that run, and for an adaptive alpha the mean that it measured"

// matchedRun is the run whose settings and alpha are matched, "" for none.
func (o *trainFlags) matchedRun() (string, error) {
	if o.matched == "" || o.matched == bySettings {
		return "", nil
	}
	return findRun(o.matched)
}

// match makes the matched control of the settings of Lookbehind, see study.Match.
func (l *layered) match(run string) error {
	c := l.config
	alpha := c.Alpha
	if _, err := study.Match(c, 1); err != nil { // whatever alpha is
		return fmt.Errorf("--matched: %w", err)
	}
	switch {
	case c.Adaptive && run == "":
		return usageError("--matched needs a number for an adaptive alpha: want --matched=RUN, a Lookbehind run that is done, or --alpha with a number")
	case c.Adaptive:
		var err error
		if alpha, err = study.MeanAlpha(run); err != nil {
			return err
		}
	}
	m, err := study.Match(c, alpha)
	if err != nil {
		return fmt.Errorf("--matched: %w", err)
	}
	l.config = m
	for _, name := range []string{"minimizer", "lr", "momentum", "rho"} {
		l.origins[name] = fmt.Sprintf("--matched: %s with k %d, alpha %v", c.Minimizer, c.K, alpha)
	}
	return l.validate()
}

// configOf is the settings file of a run.
func configOf(run string) string { return filepath.Join(run, "config.toml") }
