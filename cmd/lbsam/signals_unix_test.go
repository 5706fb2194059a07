//go:build unix

package main

import (
	"bytes"
	"io"
	"os"
	"syscall"
	"testing"
)

// endings are the signals that end the program, and with which exit code.
var endings = map[os.Signal]int{os.Interrupt: exitInterrupt, syscall.SIGTERM: exitTerminate}

// send sends a signal to a process that was started with reachable.
func send(p *os.Process, s os.Signal) { p.Signal(s) }

func reachable() *syscall.SysProcAttr { return nil }

// SIGUSR1 saves and lets the run go on.
func TestSIGUSR1Saves(t *testing.T) {
	t.Chdir(t.TempDir())
	cmd := program(t, tiny("--epochs", "1", "--limit-batches", "20", "--out", "run")...)
	var stdout bytes.Buffer
	var saved []byte
	w := &script{lines: []line{
		{"run     ", func() { cmd.Process.Signal(syscall.SIGUSR1) }},
		{"saved, as SIGUSR1 asked\n", func() { saved, _ = os.ReadFile("run/state.safetensors") }},
	}}
	cmd.Stderr, cmd.Stdout = w, io.Writer(&stdout)
	code := exitOf(cmd.Run())
	if stderr := w.seen.String(); code != exitOK || len(w.lines) > 0 || resultOf(t, stdout.String()).Status != "done" {
		t.Errorf("exit %d, %s:\n%s", code, stdout.String(), stderr)
	}
	if !bytes.Contains(saved, []byte(`\"epoch\":0,`)) || bytes.Equal(saved, read(t, "run/state.safetensors")) {
		t.Errorf("the state that was saved is not one of the first epoch: %.300s", saved)
	}
}
