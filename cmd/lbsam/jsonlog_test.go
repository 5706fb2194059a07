package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
)

// objectsIn are the lines of text, which must be JSON, and their kinds.
func objectsIn(t *testing.T, text string) (objects []map[string]any, kinds string) {
	t.Helper()
	for line := range strings.Lines(text) {
		var v map[string]any
		if err := json.Unmarshal([]byte(line), &v); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		objects = append(objects, v)
		kinds += v["kind"].(string) + " "
	}
	return objects, kinds
}

func TestLogInJSON(t *testing.T) {
	t.Chdir(t.TempDir())
	_, stderr := mustRun(t, tiny("--out", "run", "--log-format", "json", "--epochs", "1", "--compare", "--max-evals", "9")...)
	objects, kinds := objectsIn(t, stderr)
	if !strings.HasPrefix(kinds, "start interval interval epoch message ") || !strings.HasPrefix(objects[4]["text"].(string), "report  run/report.html") || strings.Count(kinds, "start") != 2 {
		t.Errorf("%s", kinds)
	}
	if o := objects[0]; o["model"] != "resnet8-w8" || o["run"] != "run" || o["params"] != 19218.0 || o["evals_per_step"] != 3.0 || o["dataset"] != "Synthetic" {
		t.Errorf("%v", o)
	}
	var logged []byte // but what --compare adds
	for i, line := range strings.SplitAfter(stderr, "\n") {
		if 1 <= i && i <= 3 {
			logged = append(logged, line...)
		}
	}
	if want := read(t, "run/metrics.jsonl"); !bytes.Equal(logged, want) {
		t.Errorf("got  %s\nwant %s", logged, want)
	}
}

func TestMessagesAreLines(t *testing.T) {
	var out bytes.Buffer
	m := &messages{log: jsonLog{&out}}
	for _, text := range []string{"a ", "b\n\nc\nd", " \"e\"\r\n", "rest"} {
		if n, err := m.Write([]byte(text)); n != len(text) || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	}
	want := `{"kind":"message","text":"a b"}
{"kind":"message","text":"c"}
{"kind":"message","text":"d \"e\""}
`
	if out.String() != want {
		t.Errorf("got  %s\nwant %s", out.String(), want)
	}
}

func TestInterruptionInJSON(t *testing.T) {
	t.Chdir(t.TempDir())
	code, _, stderr := interrupted(t, `"kind":"epoch"`, tiny("--out", "run", "--log-format=json")...)
	objects, kinds := objectsIn(t, stderr)
	last := objects[len(objects)-2] // behind it, the report
	if code != exitInterrupt || !strings.HasSuffix(kinds, "epoch stopped message ") || last["resume"] != "lbsam train --resume run" || last["step"] != 3.0 {
		t.Errorf("exit %d, %s, %v", code, kinds, last)
	}
	_, stderr = mustRun(t, "train", "--resume", "run", "--log-format", "json", "--tensorboard=false")
	if _, kinds = objectsIn(t, stderr); kinds != "start interval interval epoch message " {
		t.Errorf("resumed: %s", kinds)
	}
	code, _, stderr = interrupted(t, `"kind":"epoch"`, tiny("--no-out", "--log-format=json")...)
	if _, kinds = objectsIn(t, stderr); code != exitInterrupt || !strings.HasSuffix(kinds, "epoch stopped ") || strings.Contains(stderr, "resume") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

func TestErrorsInJSON(t *testing.T) {
	for args, want := range map[string]int{
		"train --log-format json --rho -1":                                    exitUsage,
		"train --log-format json --resume nowhere":                            exitFolder,
		"train --log-format json --no-out --warmup 0 --lr 1e30 --log-every 1": exitDiverged,
	} {
		code, _, stderr := start(t.Context(), strings.Fields(args)...)
		objects, _ := objectsIn(t, stderr)
		if last := objects[len(objects)-1]; code != want || last["kind"] != "error" || last["code"] != float64(want) || last["message"] == "" {
			t.Errorf("lbsam %s: exit %d, %v", args, code, last)
		}
	}
	if code, _, stderr := start(t.Context(), "train", "--log-format", "jsno"); code != exitUsage || !strings.Contains(stderr, `unknown log format "jsno" (did you mean json?): want text or json`) {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

// A bar would break lines of JSON, and --quiet means nothing at all.
func TestNoBarIfNotWanted(t *testing.T) {
	for _, flags := range [][]string{{"--quiet"}, {"--log-format", "json"}} {
		var out, err bytes.Buffer
		a := &app{name: "lbsam", stdout: &out, stderr: &err, terminal: true}
		if code := a.run(t.Context(), tiny(append(flags, "--no-out", "--epochs", "1", "--limit-batches", "1")...)); code != exitOK {
			t.Fatal(err.String())
		}
		if text := err.String(); strings.ContainsAny(text, "\x1b\r") || (text == "") != (flags[0] == "--quiet") {
			t.Errorf("%q: %q", flags, text)
		}
	}
}

// A process whose stderr is no terminal writes no control characters, whatever
// TERM says.
func TestMainKnowsATerminal(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program, tiny("--no-out", "--epochs", "1")...)
	cmd.Env = append(os.Environ(), "LBSAM_TEST_MAIN=1", "TERM=xterm-256color", "LBSAM_SEED=7")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil || strings.ContainsAny(stderr.String(), "\x1b\r") || !strings.Contains(stderr.String(), "  seed 7  ") {
		t.Errorf("%v, %q", err, stderr.String())
	}
}
