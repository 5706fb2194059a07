package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Of each kind of step the last time counts, and of each way of PyTorch the best;
// a line that was cut off counts for nothing.
func TestBenchTable(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, lines ...string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	ours := write("ours",
		`{"kind":"summary","model":"resnet34","minimizer":"SGD","k":null,"batch":128,"precision":"fp16","ms_per_step_median":9,"ms_per_step_wall":9,"device_mb":900}`,
		`{"kind":"summary","model":"resnet34","minimizer":"SGD","k":null,"batch":128,"precision":"fp16","ms_per_step_median":4.1,"ms_per_step_wall":4,"ms_host_median":0.25,"device_mb":1000}`,
		`{"kind":"summary","model":"resnet34","minimizer":"LookbehindSAM","k":2,"batch":128,"precision":"tf32","ms_per_step_median":15,"device_mb":1600}`,
		`{"kind":"summary","model":"resnet34","minimizer":"LookbehindSAM","k":2,"batch":128,"precision":"tf32","recompute":true,"ms_per_step_median":16,"device_mb":800}`,
		`{"kind":"summary","model":"mlp","minimizer":"SGD","k":null,"batch":2,"precision":"tf32","ms_per_step_median":0.5}`,
		`{"kind":"summary","model":"mlp","mini`)
	theirs := write("theirs",
		`{"model": "resnet34", "batch": 128, "minimizer": "sgd", "k": null, "mode": "amp", "precision": "fp16", "channels_last": true, "ms_wall": 8.0, "peak_mem_mb": 3000.0}`,
		`{"model": "resnet34", "batch": 128, "minimizer": "sgd", "k": null, "mode": "graphs", "precision": "fp16", "channels_last": true, "ms_wall": 7.0, "peak_mem_mb": 2500.0}`,
		`{"model": "resnet34", "batch": 128, "minimizer": "sgd", "k": null, "mode": "graphs", "precision": "fp16", "channels_last": true, "ms_wall": 6.0, "peak_mem_mb": 2500.0}`,
		`{"model": "resnet34", "batch": 128, "minimizer": "sgd", "k": null, "mode": "graphs", "precision": "bf16", "channels_last": true, "ms_wall": 1.0, "peak_mem_mb": 2500.0}`,
		`{"model": "resnet34", "batch": 128, "minimizer": "lookbehind", "k": 2, "mode": "eager", "precision": "tf32-default", "channels_last": false, "ms_wall": 30.0, "peak_mem_mb": 4000.0}`,
		`{"model": "resnet34", "batch": 128, "minimizer": "lookbehind", "k": 5, "mode": "eager", "precision": "tf32", "channels_last": false, "ms_wall": 60.0, "peak_mem_mb": 4000.0}`,
		`{"model": "resnet34", "batch": 128, "minimizer": "lookbehind", "k": 2, "mode": "eager", "precision": "tf32", "channels_last": true, "ms_wall": 20.0, "peak_mem_mb": 4000.0}`,
		`{"model": "resnet34", "batch": 128, "minimizer": "lookbehind", "k": 2, "mode": "compile", "error": "RuntimeError: no"}`)
	stdout, _ := mustRun(t, "bench", "--table", ours, "--beside", theirs)
	want := []string{
		"resnet34 128 SGD fp16 4.000 0.250 32000 1000 graphs 6.000 2500 1.50x 2.50x",
		"amp 8.000 3000 2.00x 3.00x",
		"resnet34 128 LookbehindSAM 2 tf32 15.000 0.000 8533 1600 eager, channels last 20.000 4000 1.33x 2.50x",
		"eager 30.000 4000 2.00x 2.50x",
		"resnet34 128 LookbehindSAM 2 tf32, recompute 16.000 0.000 8000 800 eager, channels last 20.000 4000 1.25x 5.00x",
		"eager 30.000 4000 1.88x 5.00x",
		"mlp 2 SGD tf32 0.500 0.000 4000 0",
	}
	lines := strings.Split(strings.TrimSpace(stdout), "\n")[1:]
	if len(lines) != len(want) {
		t.Fatalf("%d rows, want %d:\n%s", len(lines), len(want), stdout)
	}
	for i, line := range lines {
		if got := strings.Join(strings.Fields(line), " "); got != want[i] {
			t.Errorf("row %d is %q, want %q", i, got, want[i])
		}
	}
	if stdout, _ = mustRun(t, "bench", "--table", ours, "--beside", filepath.Join(dir, "none")); strings.Contains(stdout, "graphs") || !strings.Contains(stdout, "32000") {
		t.Errorf("with no file of PyTorch: %s", stdout)
	}
}
