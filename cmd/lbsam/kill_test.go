package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"lbsam/train/checkpoint"
)

var kills = flag.Int("kills", 3, "how often TestKilledRunsResumeExactly kills a run")

// A run that is killed at any moment, as often as it may be, ends where one
// ends that was left alone: weights, state and metrics.
func TestKilledRunsResumeExactly(t *testing.T) {
	t.Chdir(t.TempDir())
	flags := []string{"--limit-batches", "7", "--save-every", "2", "--log-every", "3", "--val-split", "0.1", "--quiet"}
	began := time.Now()
	if out, err := program(t, tiny(append(flags, "--out", "whole")...)...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	whole := time.Since(began)
	random := rand.New(rand.NewPCG(1, 2))
	ended, resumed := 0, 0
	for killed, run := 0, ""; killed < *kills || run != ""; {
		args := []string{"train", "--resume", run, "--quiet"}
		if _, err := os.Stat(filepath.Join(run, "config.toml")); run == "" || err != nil { // or killed too early to be taken up
			run = fmt.Sprint("run", ended)
			args = tiny(append(flags, "--out", run)...)
		} else {
			resumed++
		}
		if killed == *kills {
			if out, err := program(t, args...).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
		} else if !killedAfter(t, time.Duration(random.Float64()*float64(whole)), args) {
			killed++
			mustBeWhole(t, run)
			if _, err := os.Stat(filepath.Join(run, "DONE")); err != nil {
				continue
			}
		} else if left, _ := filepath.Glob(filepath.Join(run, ".*")); len(left) != 1 { // the lock
			t.Errorf("left behind: %v", left)
		}
		mustBeEqual(t, run, "whole") // what comes behind DONE, the report, may be missing
		ended, run = ended+1, ""
	}
	t.Logf("%d kills, %d of them taken up, %d runs ended", *kills, resumed, ended)
}

// killedAfter starts the program and kills it after d. It reports whether the
// run had ended before.
func killedAfter(t *testing.T, d time.Duration, args []string) (ended bool) {
	t.Helper()
	cmd := program(t, args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	killer := time.AfterFunc(d, func() { cmd.Process.Kill() })
	code := exitOf(cmd.Wait())
	if fired := !killer.Stop(); code > 0 && !(fired && runtime.GOOS == "windows") { // where a process that was killed has 1
		t.Fatalf("exit %d: %s", code, out.String())
	}
	return code == exitOK // a process that was killed has -1 elsewhere
}

// mustBeWhole fails where a file of tensors is there and not whole.
func mustBeWhole(t *testing.T, run string) {
	t.Helper()
	paths, _ := filepath.Glob(filepath.Join(run, "*.safetensors"))
	for _, path := range paths {
		if _, err := checkpoint.Inspect(path); err != nil {
			t.Error(err)
		}
	}
}

// mustBeEqual fails where two runs that have ended differ in more than times.
func mustBeEqual(t *testing.T, run, whole string) {
	t.Helper()
	for _, name := range []string{"last.safetensors", "best.safetensors", "state.safetensors"} {
		if !bytes.Equal(read(t, run, name), read(t, whole, name)) {
			t.Errorf("%s: %s differs", run, name)
		}
	}
	for _, name := range []string{"metrics.jsonl", "DONE"} {
		if got, want := timeless(t, run, name), timeless(t, whole, name); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %s is\n%v\nwant\n%v", run, name, got, want)
		}
	}
	for _, name := range []string{"metrics.csv", "epochs.csv"} {
		if got, want := bytes.Count(read(t, run, name), []byte("\n")), bytes.Count(read(t, whole, name), []byte("\n")); got != want {
			t.Errorf("%s: %s has %d lines, want %d", run, name, got, want)
		}
	}
}

// timeless is the rows of a file without what tells how long things took.
func timeless(t *testing.T, path ...string) (rows []map[string]any) {
	t.Helper()
	for text := range strings.Lines(string(read(t, path...))) {
		var row map[string]any
		if err := json.Unmarshal([]byte(text), &row); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"images_per_second", "wait_share", "seconds"} {
			delete(row, name)
		}
		rows = append(rows, row)
	}
	return rows
}
