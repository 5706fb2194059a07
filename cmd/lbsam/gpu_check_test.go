package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// gpuCheck runs gpu-check.sh in a bundle of stand-ins and returns what it printed
// and its exit status.
func gpuCheck(t *testing.T, bundle string, environment []string, args ...string) (string, int) {
	t.Helper()
	cmd := exec.Command(filepath.Join(bundle, "gpu-check.sh"), args...)
	cmd.Env = append(os.Environ(), append([]string{"LBSAM_DEVICE=ptxsim", "TMPDIR=" + t.TempDir()}, environment...)...)
	text, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// standIns is a bundle whose programs do what the script must cope with.
func standIns(t *testing.T) string {
	t.Helper()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	script, err := os.ReadFile("../../gpu-check.sh")
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"gpu-check.sh": string(script),
		"lbsam": `#!/bin/bash
case "$*" in
*--device?cuda*) [ -n "$CARD" ] || { echo "lbsam: device cuda:0: no driver" >&2; exit 4; } ;;
*--lockstep*) echo "29 of 30 traces passed"; exit 8 ;;
esac
case "$*" in
train*--out*)
	args="$*"
	out=${args#*--out }
	out=${out%% *}
	mkdir -p "$out"
	touch "$out/last.safetensors" "$out/state.safetensors"
	epoch() { echo '{"kind":"epoch","epoch":'$1',"step":9,"test":{"loss":0.2,"accuracy":'$2',"images":9},"best":0.9,"seconds":10.5}'; }
	{ echo '{"kind":"interval","epoch":1}'; epoch 1 0.941; epoch 2 0.93; epoch 3 0.952; } >"$out/metrics.jsonl" ;;
*--ceilings*) sleep "${SLOW:-0}" ;;
*--json*) echo '{"kind":"summary","card":"a card"}' ;;
esac
`,
		"compute-sanitizer":      "#!/bin/bash\n",
		"train/train.test":       "#!/bin/bash\n",
		"cuda5/cu/cu.test":       "#!/bin/bash\n[ $LBSAM_GPU = 1 ]\n",
		"kernels/cuda/cuda.test": "#!/bin/bash\n[ $LBSAM_GPU = 1 ]\n",
		"python": `#!/bin/bash
case "$1" in
-c) ;;
*) echo '{"model":"mlp","mode":"eager","ms_wall":3}' ;;
esac
`,
		"kernels/kernels.test": `#!/bin/bash
[ -z "$CARD" ] || exit 0
case "$*" in
*-test.list*) printf 'TestAdd\nTestCopy\nTestTail\nTestPTXIsCurrent\nok\n' ;;
*Copy*) echo "--- FAIL: TestCopy (0.00s)"; exit 1 ;;
*-test.run*) echo PASS ;;
*) printf -- '--- PASS: TestAdd (0.00s)\n--- FAIL: TestCopy (0.00s)\npanic: gone\n'; exit 2 ;;
esac
`,
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o777)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestGPUCheck(t *testing.T) {
	bundle, out := standIns(t), filepath.Join(t.TempDir(), "out")
	for _, c := range []struct {
		name        string
		environment []string
		stages      string
		status      int
		table       []string // at its end
	}{
		{"a GPU that is missing", []string{"LBSAM_DEVICE=cuda"}, "host kernels", 1, []string{"device FAIL lbsam: device cuda:0: no driver"}},
		{"a stage that is none", nil, "host kernel", 2, nil},
		{"a check that fails", nil, "golden ceilings", 1, []string{"device PASS a card", "golden-free PASS", "golden-lockstep FAIL", "ceilings PASS"}},
		{"a process that is gone", nil, "kernels", 1, []string{"ceilings PASS", "device PASS a card", "kernels FAIL", "kernels-TestCopy FAIL", "kernels-TestTail PASS"}},
		{"no time left", []string{"LIMIT=3", "SLOW=30"}, "ceilings golden", 1, []string{"device PASS a card", "ceilings LATE", "golden-free LATE not begun", "golden-lockstep LATE not begun"}},
		{"the same again", nil, "ceilings", 0, []string{"device PASS a card", "ceilings PASS"}},
		{"PyTorch", []string{"TORCH_BENCH=-", "PYTHON=" + filepath.Join(bundle, "python")}, "bench torch compiled", 0, []string{
			"device PASS a card", "bench-mlp-2-SGD-1-tf32 PASS", "torch-fp16 PASS", "torch-tf32 PASS", "torch-tf32-channels-last PASS", "torch-float32 PASS", "torch-compiled PASS"}},
		{"what is not there", nil, "sanitizer seconds long", 0, []string{"device PASS a card",
			"sanitizer-memcheck-fp16 SKIP compute-sanitizer is not installed", "sanitizer-memcheck-tf32 SKIP compute-sanitizer is not installed",
			"sanitizer-racecheck-fp16 SKIP compute-sanitizer is not installed", "sanitizer-racecheck-tf32 SKIP compute-sanitizer is not installed",
			"cifar-fast-SGD-fp16 SKIP no DATA", "cifar-fast-SAM-fp16 SKIP no DATA", "cifar-fast-Lookbehind-fp16 SKIP no DATA",
			"cifar-fast-SGD-tf32 SKIP no DATA", "cifar-fast-SAM-tf32 SKIP no DATA", "cifar-fast-Lookbehind-tf32 SKIP no DATA", "cifar-200-Lookbehind-fp16 SKIP no DATA"}},
	} {
		text, status := gpuCheck(t, bundle, c.environment, append([]string{out}, strings.Fields(c.stages)...)...)
		if status != c.status {
			t.Errorf("%s: status %d, want %d:\n%s", c.name, status, c.status, text)
		}
		if rows := tableRows(t, out); len(rows) < len(c.table) || !sameRows(rows[len(rows)-len(c.table):], c.table) {
			t.Errorf("%s: table %q, want it to end with %q", c.name, rows, c.table)
		}
	}
	if text, err := os.ReadFile(filepath.Join(out, "torch.jsonl")); err != nil || strings.Count(string(text), "\n") != 5 {
		t.Errorf("torch.jsonl (%v) has not a line of each step:\n%s", err, text)
	}
	if text, err := os.ReadFile(filepath.Join(out, "log")); err != nil || !strings.Contains(string(text), "29 of 30 traces passed") || !strings.Contains(string(text), "panic: gone") {
		t.Errorf("the log (%v) lacks what failed:\n%s", err, text)
	}
}

// tookSeconds is how long a check took, by the clock.
var tookSeconds = regexp.MustCompile(`^PASS [0-9]+ s `)

// With a GPU all stages run, of which nothing runs elsewhere.
func TestGPUCheckOnACard(t *testing.T) {
	bundle, out := standIns(t), filepath.Join(t.TempDir(), "out")
	environment := []string{"LBSAM_DEVICE=cuda", "CARD=1", "DATA=.", "TORCH_BENCH=-", "PYTHON=" + filepath.Join(bundle, "python"), "PATH=" + bundle + ":" + os.Getenv("PATH")}
	text, status := gpuCheck(t, bundle, environment, append([]string{out}, strings.Fields("host driver kernels golden bits train ceilings bench torch compiled grid sanitizer seconds long")...)...)
	if status != 0 {
		t.Errorf("status %d:\n%s", status, text)
	}
	rows := map[string]string{}
	for _, row := range tableRows(t, out) {
		name, rest, _ := strings.Cut(row, " ")
		if rows[name] = rest; !strings.HasPrefix(rest, "PASS") {
			t.Errorf("%s is %s", name, rest)
		}
	}
	for name, want := range map[string]string{
		"driver-binding": "PASS", "driver": "PASS", "bits-graph-fp16": "PASS", "bench-resnet34-128-LookbehindSAM-5-tf32": "PASS",
		"bench-resnet34-128-SGD-1-float32": "PASS", "bench-resnet34-128-LookbehindSAM-2-fp16--recompute": "PASS", "bench-resnet50-512-LookbehindSAM-2-fp16": "PASS", "layers-tf32": "PASS",
		"torch-compiled": "PASS", "sanitizer-racecheck-tf32": "PASS",
		"train-to-80-percent-fp16":  "PASS N s accuracy 0.952, 0.80 wanted",
		"cifar-200-Lookbehind-fp16": "PASS N s 94% after 10.5 s, 95% after 31.5 s, best 95.20%, epoch 3 after 31.5 s of training",
	} {
		if got := tookSeconds.ReplaceAllString(rows[name], "PASS N s "); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	for file, want := range map[string]int{"bench.jsonl": 53, "torch.jsonl": 7} {
		if text, err := os.ReadFile(filepath.Join(out, file)); err != nil || strings.Count(string(text), "\n") != want {
			t.Errorf("%s (%v) has %d lines, want %d", file, err, strings.Count(string(text), "\n"), want)
		}
	}
}

// tableRows are the rows of OUT/table, with single spaces and without times.
func tableRows(t *testing.T, out string) (rows []string) {
	text, err := os.ReadFile(filepath.Join(out, "table"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		words := strings.Fields(line)
		if n := len(words); n > 1 && words[n-1] == "s" {
			words = words[:n-2]
		}
		rows = append(rows, strings.Join(words, " "))
	}
	return rows
}

func sameRows(got, want []string) bool {
	for i := range want {
		if got[i] != want[i] {
			return false
		}
	}
	return true
}
