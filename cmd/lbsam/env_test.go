package main

import (
	"encoding/json"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestEnv(t *testing.T) {
	t.Setenv("HOME", t.TempDir()) // no caches
	t.Setenv("XDG_CACHE_HOME", "")
	t.Setenv("KERAS_HOME", "")
	dir := t.TempDir()
	code, stdout, stderr := startIn(t, []string{"LBSAM_THREADS=3", "PATH=/secret"}, "env", "--data", dir, "--json")
	var e environment
	if err := json.Unmarshal([]byte(stdout), &e); err != nil || code != exitOK || stderr != "" {
		t.Fatalf("exit %d, %v: %s%s", code, err, stdout, stderr)
	}
	if e.Kind != "env" || e.Version != strings.TrimSpace(versionText()) || e.System == "" || e.Threads < 1 || (e.GPU == "") == (e.NoGPU == "") {
		t.Errorf("%+v", e)
	}
	if slices.Contains([]string{"linux", "windows"}, runtime.GOOS) && !(0 < e.Available && e.Available < e.Memory) || !(e.FreeDisk > 0) {
		t.Errorf("memory %d of %d, disk %d", e.Available, e.Memory, e.FreeDisk)
	}
	if e.Instructions == "AVX2" && !slices.Contains(e.Features, "AVX2") {
		t.Errorf("kernels for AVX2, features %v", e.Features)
	}
	if len(e.Data) != 0 || !slices.Equal(e.Variables, []string{"LBSAM_THREADS=3"}) {
		t.Errorf("data %v, variables %q", e.Data, e.Variables)
	}
	fake := blackFashion(t)
	startWith(fake, "data", "get", fake.Name, "--data", dir, "--quiet")
	code, stdout, _ = startIn(t, nil, "env", "--data", dir)
	for _, want := range []string{"program    lbsam " + version, "\nGPU        ", "\nmemory     ", "\ndata       FashionMNIST: ", dir} {
		if code != exitOK || !strings.Contains(stdout, want) {
			t.Errorf("exit %d, no %q in\n%s", code, want, stdout)
		}
	}
}
