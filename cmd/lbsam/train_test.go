package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"lbsam/datasets"
	"lbsam/train"
)

// tiny is a training of a moment, with these flags and others.
func tiny(flags ...string) []string {
	return append([]string{"train", "--model", "resnet8-w8", "--batch-size", "8", "--epochs", "2", "--limit-batches", "3", "--log-every", "2"}, flags...)
}

// resultOf is the line of JSON that train prints.
func resultOf(t *testing.T, stdout string) (r result) {
	t.Helper()
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || strings.Count(stdout, "\n") != 1 {
		t.Fatalf("want one line of JSON: %v: %s", err, stdout)
	}
	return r
}

func read(t *testing.T, path ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestTrainKeepsNothingIfAsked(t *testing.T) {
	t.Chdir(t.TempDir())
	stdout, stderr := mustRun(t, tiny("--no-out", "--epochs", "1")...)
	if r := resultOf(t, stdout); r.Kind != "train" || r.Status != "done" || r.Run != "" || r.Epoch.Epoch != 1 || r.Step != 3 || r.Evals != 9 || r.Test.Images != 24 {
		t.Errorf("%+v", r)
	}
	if left, _ := os.ReadDir("."); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	for _, want := range []string{
		"lbsam " + version, "preset demo", "data    Synthetic", "model   resnet8-w8: 19,218 parameters", "alpha adaptive per tensor: 3 gradient evaluations per step (published: 4)",
		"selected on test (as the published code does)", "(--no-out)", "epoch 1/1  step 2/3  loss ", "  alpha ", " img/s  eta ", "epoch 1/1  train ", "(on test)", "done    test ",
	} {
		if strings.Count(stderr, want) == 0 {
			t.Errorf("no %q in\n%s", want, stderr)
		}
	}
	if strings.ContainsAny(stderr, "\x1b\r") {
		t.Errorf("control characters where there is no terminal: %q", stderr)
	}
}

func TestTrainFillsARunFolderAndCompares(t *testing.T) {
	t.Chdir(t.TempDir())
	stdout, stderr := mustRun(t, tiny("--compare", "--val_split", "0.1", "--schedule", "multistep", "--milestones", "1")...)
	r := resultOf(t, stdout)
	if r.SelectedOn != "validation" || r.Baseline == nil || r.Baseline.Minimizer != "SGD" || r.Baseline.Evals != r.Evals || r.Baseline.Epoch.Epoch != 6 {
		t.Errorf("%+v, %+v", r, r.Baseline)
	}
	for _, name := range []string{"config.toml", "command", "env.json", "metrics.jsonl", "metrics.csv", "epochs.csv", "last.safetensors", "best.safetensors", "state.safetensors", "DONE", "report.html", "baseline/DONE", "baseline/report.html"} {
		if _, err := os.Stat(filepath.Join(r.Run, name)); err != nil {
			t.Error(err)
		}
	}
	if !strings.Contains(string(read(t, r.Run, "baseline/config.toml")), "milestones = [3.0]") {
		t.Errorf("the schedule was not stretched:\n%s", read(t, r.Run, "baseline/config.toml"))
	}
	if command := string(read(t, r.Run, "command")); !strings.HasPrefix(command, "lbsam train --model resnet8-w8 ") {
		t.Errorf("command: %s", command)
	}
	if name := filepath.Base(r.Run); filepath.Dir(r.Run) != "runs" || !strings.HasSuffix(name, "-LookbehindSAM-Synthetic-resnet8-w8") {
		t.Errorf("run folder %s", r.Run)
	}
	for _, want := range []string{"validation ", "on validation", "LookbehindSAM  ", "SGD  ", "small differences mean nothing"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("no %q in\n%s", want, stderr)
		}
	}
	t.Run("eval", func(t *testing.T) { testEval(t, r) })
	t.Run("report", func(t *testing.T) { testReport(t, r) })
	t.Run("ended", func(t *testing.T) {
		if code, _, stderr := start(t.Context(), "train", "--resume", r.Run); code != exitFolder || !strings.Contains(stderr, "has ended: nothing is left to resume") {
			t.Errorf("exit %d, %s", code, stderr)
		}
	})
	t.Run("taken", func(t *testing.T) {
		if code, _, stderr := start(t.Context(), tiny("--out", r.Run)...); code != exitFolder || !strings.Contains(stderr, "is not empty: choose another --out") {
			t.Errorf("exit %d, %s", code, stderr)
		}
	})
}

// testEval scores the last weights of the run with result r.
func testEval(t *testing.T, r result) {
	stdout, stderr := mustRun(t, "eval", filepath.Join(r.Run, "last.safetensors"), "--limit-batches", "3", "--batch-size", "8")
	var got struct {
		Model, Dataset, Split string
		train.Score
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	if got.Score != r.Test || got.Model != "resnet8-w8" || got.Dataset != "Synthetic" || got.Split != "test" || !strings.HasPrefix(stderr, "resnet8-w8 on Synthetic test: loss ") {
		t.Errorf("%+v, %s: want the score of the run, %+v", got, stderr, r.Test)
	}
	if stdout, _ = mustRun(t, "eval", r.Run, "--limit-batches", "1", "--split", "train"); !strings.Contains(stdout, `best.safetensors","model":"resnet8-w8","dataset":"Synthetic","split":"train"`) {
		t.Errorf("of the folder: %s", stdout)
	}
	code, _, stderr := start(t.Context(), "eval", filepath.Join(r.Run, "last.safetensors"), "--model", "resnet8")
	if code != exitCheckpoint || !strings.Contains(stderr, "a checkpoint of another model?") {
		t.Errorf("as another model: exit %d, %s", code, stderr)
	}
	code, _, stderr = start(t.Context(), "eval", filepath.Join(r.Run, "state.safetensors"))
	if code != exitCheckpoint || !strings.Contains(stderr, "is the state of a run, in the layout of its device") {
		t.Errorf("of a state: exit %d, %s", code, stderr)
	}
}

// testReport writes the report of the run with result r again.
func testReport(t *testing.T, r result) {
	first := read(t, r.Run, "report.html")
	for _, want := range []string{">done<", "on 24 test images: " + percent(r.Test.Accuracy) + " right. The set has 1,000.", "data:image/png;base64,", "<dd>cpu float32, ", "; lbsam " + version} {
		if !bytes.Contains(first, []byte(want)) {
			t.Errorf("no %q in the report", want)
		}
	}
	stdout, stderr := mustRun(t, "report", r.Run, "-o", "again.html", "--threads", "1")
	if again := read(t, "again.html"); !bytes.Equal(again, first) {
		t.Errorf("of %d bytes at the end of the run, of %d later", len(first), len(again))
	}
	if stderr != "report  again.html\n" || !strings.HasPrefix(stdout, `{"kind":"report","run":"runs/`) {
		t.Errorf("%s%s", stdout, stderr)
	}
	mustRun(t, "report", r.Run, "--predict=false")
	if page := read(t, r.Run, "report.html"); bytes.Contains(page, []byte("data:image/png")) || !bytes.Contains(page, []byte("Left out: --predict=false.")) {
		t.Error("--predict=false predicts")
	}
	if code, _, stderr := start(t.Context(), "report", r.Run, "-o", "none/x.html", "--predict=false"); code != exitFolder || strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit %d, %s", code, stderr)
	}
	stdout, stderr = mustRun(t, "report", filepath.Dir(r.Run), "--threads", "1") // with its baseline
	if !strings.HasPrefix(stdout, `{"kind":"report","folders":["runs"],"runs":2,"results":0,"left_out":0,"file":"runs/report.html"}`) || !strings.HasSuffix(stderr, "report  runs/report.html\n") {
		t.Errorf("%s%s", stdout, stderr)
	}
	if code, _, stderr := start(t.Context(), "report", "runs", "--device", "tpu"); code != exitDevice || strings.Count(stderr, "\n") != 1 {
		t.Errorf("exit %d, %s", code, stderr)
	}
	for _, want := range []string{"2 runs in 2 arms", "on 24 test images: " + percent(r.Test.Accuracy) + " right", "data:image/png;base64,"} {
		if !bytes.Contains(read(t, "runs/report.html"), []byte(want)) {
			t.Errorf("no %q in the report of both", want)
		}
	}
}

// The exported weights are the averaged ones: what the run says of the test set at
// its end is what the report finds again.
func TestReportOfAveragedWeights(t *testing.T) {
	t.Chdir(t.TempDir())
	mustRun(t, tiny("--out", "run", "--quiet", "--ema", "0.5", "--recalibrate", "2")...)
	first := read(t, "run/report.html")
	mustRun(t, "report", "run", "-o", "again.html")
	if again := read(t, "again.html"); !bytes.Equal(again, first) {
		t.Errorf("of %d bytes at the end of the run, of %d later", len(first), len(again))
	}
}

// A trigger is a writer that ends a context when a text passes.
type trigger struct {
	seen bytes.Buffer // not embedded: its ReadFrom would pass by Write
	text string
	end  func()
}

func (w *trigger) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(w.text)) {
		w.end()
	}
	return w.seen.Write(p)
}

// interrupted runs a command line until stderr shows text.
func interrupted(t *testing.T, text string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var out bytes.Buffer
	w := &trigger{text: text, end: cancel}
	a := &app{name: "lbsam", stdout: &out, stderr: w}
	code = a.run(ctx, args)
	return code, out.String(), w.seen.String()
}

func TestInterruptedRunResumesExactly(t *testing.T) {
	t.Chdir(t.TempDir())
	mustRun(t, tiny("--out", "first", "--epochs", "1", "--limit-batches", "1", "--report=false")...)
	if _, err := os.Stat("first/report.html"); err == nil {
		t.Error("a report in spite of --report=false")
	}
	flags := []string{"--limit-batches", "4", "--save-every", "1000", "--init", "first/last.safetensors"}
	whole, stderr := mustRun(t, tiny(append(flags, "--out", "whole", "--quiet")...)...)
	if stderr != "" {
		t.Errorf("--quiet, but %s", stderr)
	}
	code, stdout, stderr := interrupted(t, "epoch 2/2  step 2/4", tiny(append(flags, "--out", "stopped")...)...)
	if r := resultOf(t, stdout); code != exitInterrupt || r.Status != "interrupted" || r.Epoch.Epoch != 1 {
		t.Errorf("exit %d, %+v", code, r)
	}
	if page := read(t, "stopped/report.html"); !bytes.Contains(page, []byte(">interrupted<")) || !bytes.Contains(page, []byte("lbsam report stopped makes up for it")) {
		t.Error("the report does not say that the run was interrupted")
	}
	for _, want := range []string{"saving ... ok (", "), after step 6\n", "\nresume with: lbsam train --resume stopped\n"} {
		if !strings.Contains(stderr, want) {
			t.Errorf("no %q in\n%s", want, stderr)
		}
	}
	t.Run("other settings are refused", func(t *testing.T) {
		config := read(t, "stopped/config.toml")
		defer os.WriteFile("stopped/config.toml", config, 0o644)
		os.WriteFile("stopped/config.toml", append(bytes.ReplaceAll(config, []byte("seed = 0"), nil), "\nseed = 1\n"...), 0o644)
		if code, _, stderr := start(t.Context(), "train", "--resume", "stopped"); code != exitCheckpoint || !strings.Contains(stderr, "belongs to other settings") {
			t.Errorf("exit %d, %s", code, stderr)
		}
	})
	t.Run("a damaged state is refused", func(t *testing.T) {
		state := read(t, "stopped/state.safetensors")
		defer os.WriteFile("stopped/state.safetensors", state, 0o644)
		for _, damaged := range [][]byte{[]byte("garbage, not a state"), state[:len(state)-4]} {
			os.WriteFile("stopped/state.safetensors", damaged, 0o644)
			if code, _, stderr := start(t.Context(), "train", "--resume", "stopped"); code != exitCheckpoint || strings.Count(stderr, "\n") != 1 {
				t.Errorf("of %d bytes: exit %d, %s", len(damaged), code, stderr)
			}
		}
	})
	t.Run("a state is no model", func(t *testing.T) {
		want := "stopped/state.safetensors is the state of a run, in the layout of its device: take last.safetensors or best.safetensors beside it"
		for _, args := range [][]string{{"eval"}, {"noise"}, {"predict", "x.png"}} {
			args = slices.Insert(args, 1, "stopped/state.safetensors")
			if code, _, stderr := start(t.Context(), args...); code != exitCheckpoint || !strings.Contains(stderr, want) {
				t.Errorf("%s: exit %d, %s", args[0], code, stderr)
			}
		}
	})
	t.Run("a folder in use is refused", func(t *testing.T) {
		f, _, err := train.OpenFolder("stopped", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if code, _, stderr := start(t.Context(), "train", "--resume", "stopped"); code != exitFolder || !strings.Contains(stderr, "in use by another process") {
			t.Errorf("exit %d, %s", code, stderr)
		}
	})
	if err := os.RemoveAll("first"); err != nil { // the state has all it needs
		t.Fatal(err)
	}
	resumed, stderr := mustRun(t, "train", "--resume", "stopped", "--threads", "1", "--log-every", "3")
	if !strings.Contains(stderr, "resumed") || strings.Contains(stderr, "epoch 1/2") {
		t.Errorf("%s", stderr)
	}
	a, b := resultOf(t, whole), resultOf(t, resumed)
	if a.Test != b.Test || a.Best != b.Best || a.Step != b.Step || a.Evals != b.Evals {
		t.Errorf("%+v, resumed %+v", a, b)
	}
	if page := read(t, "stopped/report.html"); !bytes.Contains(page, []byte("Resumed after step 6, in epoch 2.")) || !bytes.Contains(page, []byte(">done<")) {
		t.Error("the report does not say that the run was resumed")
	}
	for _, name := range []string{"last.safetensors", "best.safetensors", "state.safetensors"} {
		if !bytes.Equal(read(t, "whole", name), read(t, "stopped", name)) {
			t.Errorf("%s of the resumed run differs", name)
		}
	}
}

func TestInterruptionWithoutAFolderSavesNothing(t *testing.T) {
	code, stdout, stderr := interrupted(t, "epoch 1/2  step 2/3", tiny("--no-out")...)
	if r := resultOf(t, stdout); code != exitInterrupt || r.Status != "interrupted" || !strings.Contains(stderr, "saving ... nothing, because of --no-out; stopped after step 2") {
		t.Errorf("exit %d, %+v, %s", code, r, stderr)
	}
}

func TestDivergedRunKeepsItsLastState(t *testing.T) {
	t.Chdir(t.TempDir())
	var out, text bytes.Buffer
	a := &app{name: "lbsam", stdout: &out, stderr: &text, terminal: true} // with a bar, which nobody sees
	code := a.run(t.Context(), tiny("--out", "run", "--lr", "1e6", "--warmup", "0", "--save-every", "1", "--limit-batches", "20", "--log-every", "1"))
	if code != exitDiverged || resultOf(t, out.String()).Status != "diverged" {
		t.Errorf("exit %d, %s", code, out.String())
	}
	stderr := text.String()
	last := stderr[strings.LastIndex(strings.TrimSpace(stderr), "\n")+1:]
	if !strings.HasPrefix(last, "lbsam: train: the loss is ") || !strings.Contains(last, "the last good state is run/state.safetensors; try a smaller --lr or --rho") {
		t.Errorf("%s", stderr)
	}
	read(t, "run/state.safetensors")
	if page := read(t, "run/report.html"); !bytes.Contains(page, []byte(">diverged<")) {
		t.Error("the report does not say that the run diverged")
	}
}

func TestEqualCostStretchesTheRecipe(t *testing.T) {
	c := train.Demo()
	c.Batch, c.Epochs, c.Milestones, c.Warmup, c.ValSplit, c.NewBatches = 8, 3, []float64{1, 2}, 0.5, 0.1, true
	j, err := train.OpenWith(c, datasets.Synthetic(1, 40, 8))
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	// 36 images are 5 batches, which make 3 steps of 2 batches and 4 evaluations.
	want := c
	want.Minimizer, want.Epochs, want.Milestones, want.Warmup, want.MaxEvals = "SGD", 8, []float64{2.4, 4.8}, 1.2, 35
	if got := equalCost(j, 35); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

func TestOverfitBatch(t *testing.T) {
	t.Chdir(t.TempDir())
	stdout, stderr := mustRun(t, "train", "--overfit-batch", "--dataset", "Synthetic", "--model", "mlp", "--minimizer", "SGD", "--lr", "0.02", "--batch-size", "16", "--label-smoothing", "0.1")
	var got struct {
		Kind   string
		Fitted bool
		Steps  int
		Loss   float64
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || got.Kind != "overfit" || !got.Fitted || got.Steps < 2 || !(got.Loss < fitted) {
		t.Errorf("%v: %s", err, stdout)
	}
	if want := "fitted  one batch of 16 to a loss of "; !strings.Contains(stderr, want) || !strings.Contains(stderr, "step    1  loss ") {
		t.Errorf("no %q in\n%s", want, stderr)
	}
	if left, _ := os.ReadDir("."); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestProfileFile(t *testing.T) {
	t.Chdir(t.TempDir())
	mustRun(t, tiny("--no-out", "--epochs", "1", "--quiet", "--profile", "trace.json")...)
	if text := read(t, "trace.json"); !json.Valid(text) || !bytes.Contains(text, []byte(`"Conv2d"`)) {
		t.Errorf("%.300s", text)
	}
}
