package main

import (
	"strings"
	"testing"
)

func TestEnvironmentOfOtherCommands(t *testing.T) {
	for _, c := range []struct {
		environment, args string
		code              int
		text              string
	}{
		{"LBSAM_DEVICE=tpu", "bench", exitDevice, `unknown device "tpu"`},
		{"LBSAM_DEVICE=tpu", "verify", exitDevice, `unknown device "tpu"`},
		{"LBSAM_DEVICE=tpu", "bench --device gpu", exitDevice, `unknown device "gpu"`}, // the flag wins
		{"LBSAM_THREADS=x", "bench", exitUsage, `LBSAM_THREADS: threads is "x": want a whole number`},
		{"LBSAM_STEPS=x LBSAM_BOGUS=1", "bench --device tpu", exitDevice, `unknown device "tpu"`}, // not about the machine
		{"LBSAM_DEVICE=tpu", "version", exitOK, ""},
	} {
		code, _, stderr := startIn(t, strings.Fields(c.environment), strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(stderr, c.text) || strings.Count(stderr, "\n") > 1 {
			t.Errorf("%s lbsam %s: exit %d, %q: want %d, %q", c.environment, c.args, code, stderr, c.code, c.text)
		}
	}
}

// A run that goes on has the settings it began with, whatever the environment
// says by then.
func TestResumedRunTakesNothingFromTheEnvironment(t *testing.T) {
	t.Chdir(t.TempDir())
	interrupted(t, "epoch 1/2  step 2/3", tiny("--out", "run")...)
	code, stdout, stderr := startIn(t, []string{"LBSAM_DEVICE=tpu", "LBSAM_EPOCHS=9", "LBSAM_BOGUS=1"}, "train", "--resume", "run", "--report=false")
	if code != exitOK || resultOf(t, stdout).Epoch.Epoch != 2 {
		t.Errorf("exit %d, %s%s", code, stdout, stderr)
	}
}
