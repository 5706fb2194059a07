package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// program returns the program as a process of its own, which is killed with the
// test.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = append(os.Environ(), "LBSAM_TEST_MAIN=1")
	cmd.SysProcAttr = reachable()
	return cmd
}

// exitOf is the exit code of a process that ended with err.
func exitOf(err error) int {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return exit.ExitCode()
	}
	return exitOK
}

// A script is a writer that does things when texts pass, one after the other.
type script struct {
	seen  bytes.Buffer
	lines []line
}

type line struct {
	text string
	do   func()
}

func (s *script) Write(p []byte) (int, error) {
	s.seen.Write(p)
	for len(s.lines) > 0 && strings.Contains(s.seen.String(), s.lines[0].text) {
		do := s.lines[0].do
		s.lines = s.lines[1:]
		do()
	}
	return len(p), nil
}

// The first signal finishes the step and saves.
func TestSignalsStopARun(t *testing.T) {
	t.Chdir(t.TempDir())
	for s, want := range endings {
		cmd := program(t, tiny("--epochs", "1000", "--out", s.String())...)
		w := &script{lines: []line{{"epoch    1/1000", func() { send(cmd.Process, s) }}}}
		cmd.Stderr = w
		code := exitOf(cmd.Run())
		if stderr := w.seen.String(); code != want || !strings.Contains(stderr, "resume with: "+quote(cmd.Path)+" train --resume ") {
			t.Errorf("%v: exit %d, want %d:\n%s", s, code, want, stderr)
		}
		read(t, s.String(), "state.safetensors")
	}
}

// A second one does not wait for the step.
func TestASecondSignalStopsAtOnce(t *testing.T) {
	t.Chdir(t.TempDir())
	for s, want := range endings {
		cmd := program(t, "train", "--model", "resnet18", "--batch-size", "128", "--out", s.String()) // of steps that take seconds
		again := func() { send(cmd.Process, s) }
		w := &script{lines: []line{{"run     ", again}, {"saving ... ", again}}}
		cmd.Stderr = w
		code := exitOf(cmd.Run())
		if stderr := w.seen.String(); code != want || !strings.HasSuffix(stderr, "saving ... stopped at once, without saving\n") {
			t.Errorf("%v: exit %d, want %d:\n%s", s, code, want, stderr)
		}
		if _, err := os.Stat(s.String() + "/state.safetensors"); err == nil {
			t.Errorf("%v: a state was saved", s)
		}
	}
}
