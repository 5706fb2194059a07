package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"lbsam/train"
)

// startIn is start with variables in the environment.
func startIn(t *testing.T, environment []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	a := &app{name: "lbsam", stdout: &out, stderr: &err, environment: environment}
	code = a.run(t.Context(), args)
	return code, out.String(), err.String()
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Each layer has one setting less than the one below it, so that each value
// must come from another layer.
func TestPrecedence(t *testing.T) {
	file := write(t, "my.toml", "# of mine\nepochs = 10\nlr = 0.2\n\nrho = 0.2\nseed = 2\neta = 0.2\n")
	environment := []string{"LBSAM_LR=0.3", "LBSAM_RHO=0.3", "LBSAM_SEED=3", "LBSAM_ETA=0.3", "PATH=/bin", "LBSAM_GPU=1", "LBSAM_TEST_MAIN=1"}
	code, stdout, stderr := startIn(t, environment, "train", "--preset", "fast", "--config", file, "--set", "rho=0.4", "--seed", "4", "--set", "eta=1", "--set", "eta=0.4", "--print-config")
	if code != exitOK {
		t.Fatal(stderr)
	}
	var got train.Config
	if err := toml.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatalf("not TOML: %v\n%s", err, stdout)
	}
	want := train.Fast()
	want.Epochs, want.LR, want.Rho, want.Seed, want.Eta = 10, 0.3, 0.4, 4, 0.4
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	origins := originsIn(stdout)
	for key, want := range map[string]string{
		"momentum": "default", "model": "preset fast", "epochs": file + ":2", "lr": "LBSAM_LR", "rho": "--set", "seed": "--seed", "eta": "--set",
	} {
		if origins[key] != want {
			t.Errorf("%s comes from %q, want %q", key, origins[key], want)
		}
	}
	if len(origins) != reflect.TypeOf(got).NumField() {
		t.Errorf("%d settings have an origin:\n%s", len(origins), stdout)
	}
}

// originsIn are the comments of a configuration, by setting.
func originsIn(text string) map[string]string {
	origins := map[string]string{}
	for line := range strings.Lines(text) {
		name, _, _ := strings.Cut(line, " = ")
		if _, origin, ok := strings.Cut(strings.TrimSpace(line), " # "); ok {
			origins[name] = origin
		}
	}
	return origins
}

func TestLayers(t *testing.T) {
	official := func(change func(*train.Config)) train.Config {
		c := train.Published()
		change(&c)
		return c
	}
	for _, c := range []struct {
		file, environment, args string
		want                    train.Config
	}{
		// alpha and adaptive are one flag and two lines of the file.
		{"dataset = 'CIFAR10'\nalpha = 0.3", "", "train", official(func(c *train.Config) { c.Alpha, c.Adaptive = 0.3, false })},
		{"adaptive = true\nalpha = 0.3", "", "--seed 0", official(func(c *train.Config) { c.Alpha = 0.3 })},
		{"alpha = -1", "LBSAM_ALPHA=0.3", "--seed 0", official(func(c *train.Config) { c.Alpha, c.Adaptive = 0.3, false })},
		{"alpha = 0.3", "LBSAM_ADAPTIVE=true LBSAM_ALPHA=0.4", "--seed 0", official(func(c *train.Config) { c.Alpha = 0.4 })},
		{"alpha = 'adaptive'", "", "--seed 0", train.Published()},
		// Whoever names a data set asks for the published recipe.
		{"", "LBSAM_DATASET=cifar10", "train", train.Published()},
		{"", "", "train --set dataset=cifar-10", train.Published()},
		{"lr = 1", "", "train", func() train.Config { c := train.Demo(); c.LR = 1; return c }()},
		// Spellings and lists.
		{"milestones = [1, 2.5]\nbatch-size = 7", "LBSAM_WEIGHT_DECAY=1", "--set Milestones=3,4", official(func(c *train.Config) {
			c.Milestones, c.Batch, c.WeightDecay = []float64{3, 4}, 7, 1
		})},
		{"milestones = []", "", "--set batch_size=9", official(func(c *train.Config) { c.Milestones, c.Batch = []float64{}, 9 })},
		{"seed = '9223372036854775807'", "", "--set sam-m=8", official(func(c *train.Config) { c.Seed, c.SAMMicro = 1<<63-1, 8 })},
		// The preset paper looks at the minimizer, wherever that comes from.
		{"", "", "train --preset paper", official(func(c *train.Config) { c.Rho = 0.05 })},
		{"minimizer = 'SAM'", "LBSAM_MINIMIZER=lookbehind_asam", "train --preset paper", official(func(c *train.Config) { c.Minimizer = "LookbehindASAM" })},
		{"minimizer = 'ASAM'", "", "train --preset paper --rho 0.7", official(func(c *train.Config) { c.Minimizer, c.Rho = "ASAM", 0.7 })},
		{"", "", "train --preset fast", train.Fast()},
	} {
		args := append(strings.Fields(c.args), "--print-config")
		if c.file != "" {
			args = append(args, "--config", write(t, "c.toml", c.file))
		}
		code, stdout, stderr := startIn(t, strings.Fields(c.environment), args...)
		var got train.Config
		if err := toml.Unmarshal([]byte(stdout), &got); err != nil || code != exitOK {
			t.Errorf("%+v: exit %d, %v, %s", c, code, err, stderr)
		} else if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q, %q, lbsam %s:\ngot  %+v\nwant %+v", c.file, c.environment, c.args, got, c.want)
		}
	}
}

func TestBadLayers(t *testing.T) {
	for _, c := range []struct {
		file, environment, args string
		text                    string
	}{
		{"lr = 1\n\nrhoo = 0.1", "", "", `c.toml:3: unknown setting "rhoo" (did you mean rho?): lbsam train --print-config shows all`},
		{"[sgd]\nlr = 1", "", "", `c.toml:1: unknown setting "sgd`},
		{"lr.x = 1", "", "", `c.toml:1: unknown setting "lr.x"`},
		{"seed = 1\nlr = 'fast'", "", "", `c.toml:2: lr is "fast": want a number`},
		{"epochs = 1.5", "", "", `c.toml:1: epochs is "1.5": want a whole number`},
		{"augment = 3", "", "", `c.toml:1: augment is "3": want true or false`},
		{"lr = 2020-01-01", "", "", `c.toml:1: lr is a table, a date`},
		{"milestones = [[1]]", "", "", `c.toml:1: milestones is a table`},
		{"lr = 1\nlr = 2", "", "", `c.toml:2: `},
		{"lr = 1\nrho =", "", "", `c.toml:2: column `},
		{"lr = 0.1\nrho = -1", "", "", `--rho is -1: want a number of 0 or more; it comes from c.toml:2`},
		{"minimizer = 'LookbehindSMA'", "", "", `(did you mean LookbehindSAM?): want one of SGD, SAM, ASAM, Lookahead, LookaheadSAM, LookaheadASAM, MultistepSAM, MultistepASAM, PathMeanSAM, PathMeanASAM, LookbehindSAM, LookbehindASAM; it comes from c.toml:1`},
		{"", "LBSAM_BATHC=3", "", `the environment's LBSAM_BATHC: unknown setting "BATHC" (did you mean batch?)`},
		{"", "LBSAM_LR=x", "", `LBSAM_LR: lr is "x": want a number`},
		{"", "LBSAM_BATCH=0", "", `--batch-size is 0: want a number of 1 or more; it comes from LBSAM_BATCH`},
		{"", "", "--set lrr=1", `--set lrr=1: unknown setting "lrr" (did you mean lr?)`},
		{"", "", "--set lr", `--set is "lr": want NAME=VALUE`},
		{"", "", "--set lr=", `--set: lr is "": want a number`},
		{"", "", "--lr 1 --set lr=1", `--lr and --set lr=1: give one of them`},
		{"", "", "--alpha 1 --set alpha=1", `--alpha and --set alpha=1: give one of them`},
		{"", "", "--preset fast --epochs 1", `--warmup is 2: want a number from 0 to 1; it comes from preset fast`},
		{"", "", "--seed 9223372036854775808", `--seed is 9223372036854775808: want a number below 2^63`},
		{"", "", "--config none.toml", `--config: open none.toml: no such file or directory: want a file like the config.toml of a run`},
		{"", "", "--config .", `--config: read .: is a directory`},
		{"", "", "--resume x --config y", `--config cannot go with --resume`},
		{"", "", "--resume x --set lr=1", `--set cannot go with --resume`},
		{"", "", "--preset papre", `unknown preset "papre" (did you mean paper?): want one of official, paper, fast, demo`},
	} {
		t.Chdir(t.TempDir())
		args := append([]string{"train"}, strings.Fields(c.args)...)
		if !strings.Contains(c.args, "--resume") {
			args = append(args, "--print-config")
		}
		if c.file != "" {
			os.WriteFile("c.toml", []byte(c.file), 0o644)
			args = append(args, "--config", "c.toml")
		}
		code, stdout, stderr := startIn(t, strings.Fields(c.environment), args...)
		if code != exitUsage || !strings.Contains(stderr, c.text) || strings.Count(stderr, "\n") != 1 || stdout != "" {
			t.Errorf("%q, %q, lbsam train %s: exit %d, %q: want exit %d and one line with %q", c.file, c.environment, c.args, code, stderr, exitUsage, c.text)
		}
	}
}

func TestConfigOfARunRepeatsIt(t *testing.T) {
	t.Chdir(t.TempDir())
	environment := []string{"LBSAM_LIMIT_BATCHES=3"}
	args := tiny("--out", "first", "--quiet", "--minimizer", "LookbehindASAM", "--eta", "0.01", "--alpha", "0.7", "--seed", "5", "--set", "label_smoothing=0.1")
	if code, _, stderr := startIn(t, environment, args...); code != exitOK {
		t.Fatal(stderr)
	}
	mustRun(t, "train", "--config", "first/config.toml", "--out", "second", "--quiet", "--threads", "1")
	for _, name := range []string{"last.safetensors", "best.safetensors", "state.safetensors", "epochs.csv"} {
		first, second := read(t, "first", name), read(t, "second", name)
		if name == "epochs.csv" { // but for the seconds
			first, second = withoutLastColumn(first), withoutLastColumn(second)
		}
		if !bytes.Equal(first, second) {
			t.Errorf("%s differs", name)
		}
	}
	origins := originsIn(string(read(t, "first/config.toml")))
	for key, want := range map[string]string{"seed": "--seed", "limit_batches": "--limit-batches", "label_smoothing": "--set", "adaptive": "--alpha", "schedule": "preset demo", "momentum": "default"} {
		if origins[key] != want {
			t.Errorf("%s comes from %q, want %q", key, origins[key], want)
		}
	}
	if again := originsIn(string(read(t, "second/config.toml"))); again["seed"] != "first/config.toml:"+lineOf(t, "first/config.toml", "seed = ") || again["threads"] != "--threads" {
		t.Errorf("%v", again)
	}
}

// withoutLastColumn takes it from each line of a CSV file.
func withoutLastColumn(table []byte) []byte {
	var kept []byte
	for line := range bytes.Lines(table) {
		if at := bytes.LastIndexByte(line, ','); at >= 0 {
			line = line[:at]
		}
		kept = append(kept, line...)
	}
	return kept
}

// lineOf is the number of the line of a file that begins with text.
func lineOf(t *testing.T, path, text string) string {
	t.Helper()
	number := 0
	for line := range strings.Lines(string(read(t, path))) {
		if number++; strings.HasPrefix(line, text) {
			return fmt.Sprint(number)
		}
	}
	t.Fatalf("no %q in %s", text, path)
	return ""
}
