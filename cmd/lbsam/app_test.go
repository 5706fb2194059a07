package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"lbsam/train"
)

// TestMain lets tests run the program itself, as a process of its own, and hides
// the data sets that this computer may have.
func TestMain(m *testing.M) {
	os.Setenv("KERAS_HOME", filepath.Join(os.TempDir(), "no data sets of Keras"))
	os.Setenv("XDG_CACHE_HOME", filepath.Join(os.TempDir(), "no cache"))
	if os.Getenv("LBSAM_TEST_MAIN") != "" {
		main()
	}
	os.Exit(m.Run())
}

// start runs a command line in this process.
func start(ctx context.Context, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	a := &app{name: "lbsam", stdout: &out, stderr: &err}
	code = a.run(ctx, args)
	return code, out.String(), err.String()
}

// mustRun runs a command line that has to go well.
func mustRun(t *testing.T, args ...string) (stdout, stderr string) {
	t.Helper()
	code, stdout, stderr := start(t.Context(), args...)
	if code != exitOK {
		t.Fatalf("lbsam %s: exit %d\n%s", strings.Join(args, " "), code, stderr)
	}
	return stdout, stderr
}

func TestErrorsAreOneLineAndHaveACode(t *testing.T) {
	empty := t.TempDir()
	for _, c := range []struct {
		args string
		code int
		text string
	}{
		{"trian --lr 3", exitUsage, `unknown command "trian" (did you mean train?): want one of bench,`},
		{"train CIFAR10", exitUsage, `train: found "CIFAR10", want flags only`},
		{"train --minimiser SAM", exitUsage, `train: unknown flag --minimiser (did you mean --minimizer?): see lbsam train --help`},
		{"train --wieght_decay 1", exitUsage, `(did you mean --weight-decay?)`},
		{"--bogus", exitUsage, `train: unknown flag --bogus: see`},
		{"train -k 2", exitUsage, `unknown flag -k (did you mean --k?)`},
		{"train --lr", exitUsage, `--lr has no value: want a number`},
		{"train --lr fast", exitUsage, `--lr is "fast": want a number`},
		{"train --k 1.5", exitUsage, `--k is "1.5": want a whole number`},
		{"train --seed -1", exitUsage, `--seed is "-1": want a whole number of 0 or more`},
		{"train --augment=perhaps", exitUsage, `--augment is "perhaps": want true or false`},
		{"train --milestones 1,b", exitUsage, `--milestones is "1,b": want numbers with commas between them`},
		{"train --alpha 1.5", exitUsage, `--alpha is "1.5": want adaptive (-1 is the same), or a number from 0`},
		{"train --alpha NaN", exitUsage, `--alpha is "NaN"`},
		{"train --alpha -2", exitUsage, `--alpha is "-2"`},
		{"train --alpha most", exitUsage, `--alpha is "most"`},
		{"train --resume=", exitUsage, `--resume is empty: want a folder, or leave it out`},
		{"train --config= --epochs 0", exitUsage, `--config is empty: want a file, or leave it out`},
		{"noise x --out=", exitUsage, `--out is empty: want a folder, or leave it out`},
		{"verify --traces= --filter nothing", exitUsage, `--traces is empty: want a file`},
		{"train --batch-size 99999999", exitUsage, `--batch-size is 99999999: want a number from 1 to 1048576`},
		{"train --lr inf", exitUsage, `--lr is +Inf: want a finite number of 0 or more`},
		{"help trian", exitUsage, `unknown command "trian" (did you mean train?)`},
		{"help runs sl", exitUsage, `unknown command "sl": want one of ls, show`},
		{"train --rho -1", exitUsage, `--rho is -1: want a number of 0 or more`},
		{"train --minimizer LookbehindSMA", exitUsage, `unknown minimizer "LookbehindSMA" (did you mean LookbehindSAM?): want one of SGD,`},
		{"train --dataset CIFRA10", exitUsage, `unknown dataset "CIFRA10" (did you mean CIFAR10?)`},
		{"bench --model resnet35", exitUsage, `unknown model "resnet35": did you mean resnet`},
		{"train --preset demos", exitUsage, `unknown preset "demos" (did you mean demo?)`},
		{"train --out x --no-out", exitUsage, `--out and --no-out: give one of them`},
		{"train --overfit-batch --out x", exitUsage, `--overfit-batch keeps nothing`},
		{"train --no-out --profile " + empty + "/none/x", exitUsage, `--profile: open ` + empty + `/none/x`},
		{"train --ema 1", exitUsage, `--ema is 1: want a number from 0 to 0.999999`},
		{"train --early-stop -1", exitUsage, `--early-stop is -1`},
		{"train --no-out --save-every 2", exitUsage, `--save-every saves into the run folder`},
		{"train --minimizer sgd --compare", exitUsage, `--compare trains SGD beside another --minimizer`},
		{"train --resume x --lr 1", exitUsage, `--lr cannot go with --resume: a run goes on with the settings of x/config.toml`},
		{"train --resume x --preset demo", exitUsage, `--preset cannot go with --resume: a run goes on with the settings of x/config.toml; only --profile, --data, --device, `},
		{"train --resume " + empty, exitFolder, `is not a run folder`},
		{"lifelong --method replay", exitUsage, `unknown method "replay": want one of finetune, er, agem`},
		{"lifelong --method ager", exitUsage, `(did you mean agem?)`},
		{"lifelong --method er --memory 0", exitUsage, `--method er needs a memory: give --memory or --memory-per-class`},
		{"lifelong --memory 5 --memory-per-class 5", exitUsage, `give one of them`},
		{"lifelong --tasks 12", exitUsage, `12 tasks of classes of their own need as many classes, and Synthetic has 10`},
		{"lifelong --seeds 1,x", exitUsage, `--seeds is "1,x": want whole numbers of 0 or more with commas between them`},
		{"lifelong --out x --no-out", exitUsage, `--out and --no-out: give one of them`},
		{"lifelong --new-batches", exitUsage, `lifelong: unknown flag --new-batches`},
		{"lifelong --model resnet35 --no-out --quiet", exitUsage, `unknown model "resnet35": did you mean resnet`},
		{"lifelong --dataset MNIST --data " + empty, exitData, `to fetch it: lbsam data get MNIST`},
		{"lifelong --out /dev/null/run", exitFolder, `the folder`},
		{"report " + empty, exitFolder, `is not a run folder`},
		{"report", exitUsage, `report: found no folder, want one run folder`},
		{"report a b", exitFolder, `report: open a: no such file or directory: want a run folder`},
		{"train --out /dev/null/run", exitFolder, `the run folder`},
		{"--data " + empty, exitData, `CIFAR-10: found nothing in ` + empty},
		{"bench --device tpu", exitDevice, `unknown device "tpu": want one of`},
		{"bench --precision float64", exitDevice, `use device ref`},
		{"train --init " + empty + "/none", exitCheckpoint, `none`},
		{"data gett", exitUsage, `unknown command "gett" (did you mean get?): want one of find, get`},
		{"data get", exitUsage, `data get: found no name, want one or more of CIFAR10,`},
		{"data get CIFRA10", exitUsage, `no data set "CIFRA10" to download (did you mean CIFAR10?): want one of CIFAR10,`},
		{"data get mnist --offline --data " + empty, exitData, `download: MNIST: found no ` + empty + `/MNIST/raw/train-images-idx3-ubyte.gz, `},
		{"data get mnist --data /dev/null/data", exitData, `/dev/null/data`},
		{"data get mnist --mirrors x", exitUsage, `get: unknown flag --mirrors (did you mean --mirror?): see lbsam data get --help`},
		{"completion", exitUsage, `completion: found 0 names, want one of bash, zsh,`},
		{"completion bsh", exitUsage, `completion: unknown shell "bsh" (did you mean bash?): want one of`},
		{"eval", exitUsage, `found 0 files, want one`},
		{"eval x --split tset", exitUsage, `unknown split "tset" (did you mean test?)`},
		{"eval " + empty + "/none", exitCheckpoint, `none`},
		{"bench --steps 0", exitUsage, `--steps is 0: want 1 or more`},
		{"bench --warmup -1", exitUsage, `--warmup is -1`},
		{"bench --layers --predict h100", exitUsage, `--layers measures and --predict does not: give one of them`},
		{"bench --predict voodoo2", exitUsage, `--predict is "voodoo2": want one of`},
		{"bench --ceilings --device cpu", exitUsage, `--ceilings measures a GPU, and --device is cpu`},
		{"bench --beside x", exitUsage, `--beside is for --table and --predict: give one of them too`},
		{"bench --predict h100 --beside /nowhere/x", exitData, `/nowhere/x`},
		{"bench --table /nowhere/x", exitData, `/nowhere/x`},
		{"bench --device cuda:x", exitDevice, `device "cuda:x": want cuda:0`},
		{"bench --minimizer x", exitUsage, `unknown minimizer "x"`},
		{"models x", exitUsage, `unknown model "x"`},
		{"verify --filter (", exitUsage, `--filter is "("`},
		{"verify --filter nothing", exitUsage, `which matches none of`},
		{"verify --precision half", exitUsage, `--precision is "half"`},
		{"verify --traces " + empty + "/none", exitData, `none`},
		{"verify --device tpu", exitDevice, `unknown device "tpu"`},
	} {
		code, stdout, stderr := start(t.Context(), strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(stderr, c.text) {
			t.Errorf("lbsam %s: exit %d, %q: want exit %d, %q", c.args, code, stderr, c.code, c.text)
		}
		if !strings.HasPrefix(stderr, "lbsam: ") || strings.Count(stderr, "\n") != 1 || stdout != "" {
			t.Errorf("lbsam %s: want one line on stderr and none on stdout: %q, %q", c.args, stderr, stdout)
		}
	}
}

func TestHelp(t *testing.T) {
	for args, want := range map[string][]string{
		"":             {"Commands:", "Exit codes:", "  130  stopped by Ctrl-C", "\n  train "},
		"--help":       {"Commands:"},
		"train --help": {"Minimizer:\n", "Base optimizer:\n", "--weight-decay", "0.05 for SAM", "--preset", "resnet8"},
		"--lr 1 -h":    {"lbsam train [flags]", "else official"},
		"bench -h":     {"--batch-size", "Measurement:"},
		"-v":           {"lbsam " + version},
		"version":      {"lbsam " + version},
	} {
		stdout, stderr := mustRun(t, strings.Fields(args)...)
		for _, w := range want {
			if !strings.Contains(stdout, w) {
				t.Errorf("lbsam %s: no %q in\n%s", args, w, stdout)
			}
		}
		if stderr != "" {
			t.Errorf("lbsam %s writes to stderr: %s", args, stderr)
		}
	}
}

func TestExitCodes(t *testing.T) {
	for _, c := range []struct {
		err  error
		want int
	}{
		{fmt.Errorf("any"), exitInternal},
		{train.UsageError{}, exitUsage},
		{train.DataError{Err: os.ErrNotExist}, exitData},
		{train.DeviceError{Err: os.ErrInvalid}, exitDevice},
		{train.Diverged{}, exitDiverged},
		{train.CheckpointError{Err: os.ErrInvalid}, exitCheckpoint},
		{train.FolderError{Err: os.ErrInvalid}, exitFolder},
		{verifyFailed{1}, exitVerify},
		{train.NotFitted{Err: os.ErrInvalid}, exitVerify},
		{stopped{os.Interrupt}, exitInterrupt},
		{stopped{}, exitInterrupt},
	} {
		if got := exitCode(fmt.Errorf("in between: %w", c.err)); got != c.want {
			t.Errorf("%T: exit %d, want %d", c.err, got, c.want)
		}
	}
}

// A mine is a writer that panics.
type mine struct{}

func (mine) Write([]byte) (int, error) { panic("stepped on") }

func TestPanicIsAnInternalError(t *testing.T) {
	var stderr bytes.Buffer
	a := &app{name: "lbsam", stdout: mine{}, stderr: &stderr}
	if code := a.run(t.Context(), []string{"version"}); code != exitInternal {
		t.Errorf("exit %d, want %d", code, exitInternal)
	}
	for _, want := range []string{"lbsam: internal error: stepped on", "app_test.go", "please report"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("no %q in %s", want, stderr.String())
		}
	}
}

func TestModels(t *testing.T) {
	stdout, _ := mustRun(t, "models", "--json", "MLP", "resnet20")
	found := map[string]modelSize{}
	for line := range strings.Lines(stdout) {
		var m modelSize
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatal(err)
		}
		found[m.Name] = m
	}
	for _, want := range []modelSize{
		{"mlp", [3]int{28, 28, 1}, 669_706, 715_876, 0, 3},
		{"resnet20", [3]int{32, 32, 3}, 269_722, 275_572, 19, 1},
	} {
		if found[want.Name] != want {
			t.Errorf("%+v, want %+v", found[want.Name], want)
		}
	}
	if stdout, _ = mustRun(t, "models", "resnet20"); strings.Count(stdout, "\n") != 2 || !strings.Contains(stdout, "269,722") {
		t.Errorf("%s", stdout)
	}
}

func TestBench(t *testing.T) {
	stdout, _ := mustRun(t, "bench", "--model", "lenet", "--batch", "4", "--minimizer", "lookbehind-sam", "--k", "3", "--lr", "0.01", "--steps", "4", "--threads", "1", "--json")
	var got timing
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || strings.Count(stdout, "\n") != 1 {
		t.Fatalf("want one line of JSON: %v: %s", err, stdout)
	}
	if got.Kind != "summary" || got.Minimizer != "LookbehindSAM" || *got.K != 3 || got.Batch != 4 || got.Threads != 1 || got.Evals != 4 || got.Params != 215_370 || got.Steps != 4 {
		t.Errorf("%+v", got)
	}
	if !(0 < got.Min && got.Min <= got.P10 && got.P10 <= got.Median && got.Median <= got.P90) || !(got.LastLoss < got.FirstLoss) || got.ArenaPeak <= 0 {
		t.Errorf("%+v", got)
	}
	stdout, _ = mustRun(t, "bench", "--model", "mlp", "--batch", "2", "--steps", "1", "--warmup", "0", "--json")
	if !strings.Contains(stdout, `"k":null`) {
		t.Errorf("SGD has a k: %s", stdout)
	}
	if stdout, _ = mustRun(t, "bench", "--model", "mlp", "--batch", "2", "--steps", "2"); !strings.Contains(stdout, "img/s") {
		t.Errorf("%s", stdout)
	}
}

func TestBenchPredicts(t *testing.T) {
	args := []string{"bench", "--predict", "H200", "--model", "resnet20", "--batch", "16", "--minimizer", "lookbehind-sam", "--k", "2"}
	stdout, _ := mustRun(t, append(args, "--json")...)
	var got prediction
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	// resnet20 takes 40.8 million multiplications per image forward, and twice
	// that backward, but for the gradient of the images; three evaluations.
	if want := 2 * 3 * 3 * 40.8e6 * 16; got.Flops < 0.95*want || got.Flops > 1.01*want {
		t.Errorf("%.4g FLOP, want about %.4g", got.Flops, want)
	}
	if got.Card != "h200" || got.Launches < 100 || !(got.Seconds > 0) || got.Memory < 1<<20 || len(got.Parts) < 20 {
		t.Errorf("%+v", got)
	}
	alone := 0.0
	for _, part := range got.Parts {
		alone += part.Seconds
	}
	if !(got.Saved > 0) || math.Abs(alone-got.Seconds-got.Saved) > 1e-9*alone {
		t.Errorf("parts of %g ms, of which %g are saved, in %g", alone, got.Saved, got.Seconds)
	}
	if stdout, _ = mustRun(t, args...); !strings.Contains(stdout, "a model, nothing is measured") || !strings.Contains(stdout, "side by side") || !strings.Contains(stdout, "img/s") {
		t.Errorf("%s", stdout)
	}
}

// Each part of a prediction finds what bench --layers measured of it.
func TestBenchPredictsBesideMeasurements(t *testing.T) {
	step := []string{"--model", "lenet", "--batch", "2", "--precision", "fp16"}
	stdout, _ := mustRun(t, append([]string{"bench", "--layers", "--json", "--device", "ptxsim", "--steps", "1"}, step...)...)
	file := filepath.Join(t.TempDir(), "layers")
	if err := os.WriteFile(file, []byte("{}\n"+stdout), 0o666); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"bench", "--predict", "h100", "--beside", file}, step...)
	stdout, _ = mustRun(t, append(args, "--json")...)
	var got prediction
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for i, part := range got.Parts {
		sum += part.Measured
		batch := slices.Contains([]string{"augment_f16", "take_batch", "increment"}, part.Name) // which a bench takes once
		if (part.Measured > 0) == batch || i > 0 && part.lost() > got.Parts[i-1].lost() {
			t.Errorf("%+v", part)
		}
	}
	if len(got.Parts) < 10 || math.Abs(sum-got.Measured) > 1e-9*sum {
		t.Errorf("%d parts of %g ms, and together they took %g", len(got.Parts), sum, got.Measured)
	}
	if stdout, _ = mustRun(t, args...); !strings.Contains(stdout, " ms, measured ") {
		t.Errorf("%s", stdout)
	}
	for _, other := range []string{"--minimizer=sam", "--recompute"} {
		if code, _, stderr := start(t.Context(), append(args, other)...); code != exitData || !strings.Contains(stderr, "found no such step in fp16") {
			t.Errorf("%s: exit %d, %s", other, code, stderr)
		}
	}
}

func TestVerify(t *testing.T) {
	stdout, _ := mustRun(t, "verify", "--filter", "^mlp/LookbehindSAM/.*/seed1$", "--lockstep")
	if !strings.Contains(stdout, "PASS") || strings.Contains(stdout, "FAIL") {
		t.Errorf("%s", stdout)
	}
	code, stdout, stderr := start(t.Context(), "verify", "--traces", damagedTraces(t), "--filter", "^mlp/SGD/seed1$")
	if code != exitVerify || !strings.Contains(stdout, "FAIL") || !strings.HasPrefix(stderr, "lbsam: verify: 1 traces failed") {
		t.Errorf("with a damaged trace: exit %d, %s, %s", code, stdout, stderr)
	}
}

// damagedTraces is a file in which one loss of each trace is wrong.
func damagedTraces(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../internal/golden/testdata/traces.json")
	if err != nil {
		t.Fatal(err)
	}
	var file map[string]any
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, trace := range file["traces"].([]any) {
		step := trace.(map[string]any)["steps"].([]any)[0].(map[string]any)
		losses := step["descent_loss"].([]any)
		losses[0] = losses[0].(float64) + 0.1
	}
	if text, err = json.Marshal(file); err != nil {
		t.Fatal(err)
	}
	path := t.TempDir() + "/traces.json"
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Every command has a short text, takes no abbreviations and refuses what it
// does not know.
func TestCommandsAreDescribed(t *testing.T) {
	var visit func(c *cobra.Command)
	visit = func(c *cobra.Command) {
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s: short text %q", c.Name(), c.Short)
		}
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(newRoot(&app{}, "demo"))
}

// Who names what is no checkpoint reads what it is, whatever the command.
func TestWhatIsNoCheckpoint(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, folder := range []string{"folder", "begun"} {
		if err := os.Mkdir(folder, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for path, text := range map[string]string{"begun/config.toml": "", "text": "hello", "model.onnx": "\x08\x08\x12\x05lbsam\x1a\x00"} {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for path, want := range map[string]string{
		"none":       "there is no none: want a run folder, as lbsam runs lists them, or a checkpoint",
		"folder":     "folder is no run folder, as it has neither best.safetensors nor config.toml: want one, as lbsam runs ls folder lists those in it, or a checkpoint",
		"begun":      "the run begun has no best.safetensors yet, which comes with its first epoch: lbsam train --resume begun goes on with it",
		"text":       "checkpoint: text: found 5 bytes, want a safetensors file",
		"model.onnx": "checkpoint: model.onnx: found an ONNX file, want the safetensors file or the one of torch.save that it was made of",
	} {
		for _, args := range [][]string{
			{"inspect", path}, {"eval", path}, {"export", path, "-o", "x.pth"}, {"predict", path, "picture.png"},
			{"sharpness", path}, {"landscape", path}, {"noise", path}, {"landscape", path, path},
		} {
			if code, stdout, stderr := start(t.Context(), args...); code != exitCheckpoint || stdout != "" || stderr != "lbsam: "+want+"\n" {
				t.Errorf("lbsam %v: exit %d, %s%swant exit %d, %s", args, code, stdout, stderr, exitCheckpoint, want)
			}
		}
	}
}
