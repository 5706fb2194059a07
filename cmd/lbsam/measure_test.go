package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// freshRun is a run folder with the first weights of a small model in it.
func freshRun(t *testing.T) string {
	t.Helper()
	file := fresh(t)
	run := filepath.Dir(file)
	if err := os.Rename(file, bestOf(run)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(run, "config.toml"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	return run
}

// A measurement goes on in a run folder that was moved, and not with another
// checkpoint in it.
func TestMeasurementKnowsItsCheckpoint(t *testing.T) {
	run := freshRun(t)
	measure := func() (code int, stderr string) {
		code, _, stderr = start(t.Context(), "noise", run, "--images", "8", "--batch-size", "8", "--draws", "1", "--levels", "0.1", "--threads", "1")
		return code, stderr
	}
	if code, stderr := measure(); code != exitOK {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	journal := string(read(t, run, "noise", "points.jsonl"))
	moved := filepath.Join(t.TempDir(), "moved")
	if err := os.Rename(run, moved); err != nil {
		t.Fatal(err)
	}
	run = moved
	if code, stderr := measure(); code != exitOK {
		t.Errorf("in a folder that was moved: exit %d: %s", code, stderr)
	}
	if again := string(read(t, run, "noise", "points.jsonl")); again != journal {
		t.Errorf("the journal was\n%sand is\n%s", journal, again)
	}
	if result := string(read(t, run, "noise", "result.json")); !strings.Contains(result, bestOf(run)) {
		t.Errorf("the result does not name %s:\n%s", bestOf(run), result)
	}
	weights := read(t, bestOf(run))
	weights[len(weights)/2] ^= 1
	if err := os.WriteFile(bestOf(run), weights, 0o644); err != nil {
		t.Fatal(err)
	}
	if code, stderr := measure(); code != exitFolder || !strings.Contains(stderr, "other settings") {
		t.Errorf("with another checkpoint: exit %d: %s", code, stderr)
	}
}
