package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// lifelongArgs is a measurement that takes a second.
func lifelongArgs(out string) []string {
	return append(strings.Fields("lifelong --model lenet --minimizer SAM --method agem --tasks 5 --learn 2 --limit-batches 2 --seeds 5,6 --device cpu --out"), out)
}

func TestLifelong(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	stdout, stderr := mustRun(t, lifelongArgs(out)...)
	var r struct {
		Kind, Run, Method, Minimizer string
		Seeds                        []uint64
		Mean, SD                     map[string]float64
		Evals                        float64
	}
	if err := json.Unmarshal([]byte(stdout), &r); err != nil {
		t.Fatalf("%v: %s", err, stdout)
	}
	// Two gradients in each of 4 steps, and that of the memory in the 2 of the second task.
	if r.Kind != "lifelong" || r.Run != out || r.Method != "agem" || r.Minimizer != "SAM" || len(r.Seeds) != 2 || r.Evals != 10 || len(r.Mean) != 5 || len(r.SD) != 5 {
		t.Errorf("the result is %s", stdout)
	}
	for _, want := range []string{"stream  split Synthetic: 2 tasks, one head, 1 epoch per task", "agem, a memory of 100 samples, 10 in a step; SAM", "seed 6 (2/2)  task 2/2  train ", "eta", "forgetting", " ± "} {
		if !strings.Contains(stderr, want) {
			t.Errorf("it says\n%s\nwithout %q", stderr, want)
		}
	}
	code, _, stderr := start(t.Context(), append(lifelongArgs(out), "--lr", "0.5")...)
	if code != exitFolder || !strings.Contains(stderr, "lr is 0.03 there and 0.5 here") {
		t.Errorf("another learning rate: exit %d, %s", code, stderr)
	}
	runs, stderr := mustRun(t, "runs", "ls", filepath.Dir(out))
	if strings.Contains(runs+stderr, "broken") {
		t.Errorf("runs ls says\n%s%s", runs, stderr)
	}
	stopAndGoOn(t, filepath.Join(filepath.Dir(out), "stopped run"), stdout)
}

// stopAndGoOn stops a measurement, which says how it goes on; that command ends with
// the numbers of whole.
func stopAndGoOn(t *testing.T, out, whole string) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		for ctx.Err() == nil { // behind the first task
			text, _ := os.ReadFile(filepath.Join(out, "points.jsonl"))
			if strings.Count(string(text), "\n") > 2 {
				cancel()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	code, stdout, stderr := start(ctx, lifelongArgs(out)...)
	if code == exitOK {
		t.Skip("it ended before it could be stopped")
	}
	if stdout != "" || !strings.Contains(stderr, "continue with: lbsam lifelong --model lenet") || !strings.Contains(stderr, "'"+out+"'") {
		t.Errorf("exit %d, %s%s", code, stdout, stderr)
	}
	got, _ := mustRun(t, lifelongArgs(out)...)
	numbers := func(text string) string {
		_, rest, _ := strings.Cut(text, `"mean"`)
		before, _, _ := strings.Cut(rest, `"seconds"`)
		return before
	}
	if numbers(got) != numbers(whole) || numbers(got) == "" {
		t.Errorf("it ends with\n%swant\n%s", got, whole)
	}
}
