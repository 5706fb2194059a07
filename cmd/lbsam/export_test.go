package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"lbsam/train"
)

// parsed is the JSON object that a command prints.
func parsed[T any](t *testing.T, stdout string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(stdout), &v); err != nil || strings.Count(stdout, "\n") != 1 {
		t.Fatalf("want one line of JSON: %v: %s", err, stdout)
	}
	return v
}

// The tests of these commands share a run.
func TestExportImportInspect(t *testing.T) {
	t.Chdir(t.TempDir())
	stdout, _ := mustRun(t, tiny("--out", "run", "--epochs", "1", "--limit-batches", "1")...)
	t.Run("errors", exportErrors)
	t.Run("inspect", inspectFiles)
	t.Run("export and import", func(t *testing.T) { exportAndImport(t, resultOf(t, stdout).Test) })
	t.Run("import converts", importSaysWhatItConverts)
}

// A model goes to torch and comes back, and is the same wherever it is taken.
func exportAndImport(t *testing.T, trained train.Score) {
	stdout, stderr := mustRun(t, "export", "run", "-o", "a.pth")
	if e := parsed[exported](t, stdout); e != (exported{"export", "run/best.safetensors", "torch", "a.pth", "", 44, 19218}) {
		t.Errorf("%+v", e)
	}
	if stderr != "wrote a.pth from run/best.safetensors\n" {
		t.Errorf("%q", stderr)
	}
	stdout, stderr = mustRun(t, "import", "a.pth", "--model", "resnet8-w8", "--dataset", "Synthetic", "-o", "b.safetensors")
	if e := parsed[exported](t, stdout); e != (exported{"import", "a.pth", "safetensors", "b.safetensors", "resnet8-w8", 44, 19218}) {
		t.Errorf("%+v", e)
	}
	if strings.Contains(stderr, "note") {
		t.Errorf("nothing was converted: %s", stderr)
	}
	stdout, _ = mustRun(t, "eval", "--limit-batches", "1", "--batch-size", "8", "a.pth", "--model", "resnet8-w8", "--dataset", "Synthetic")
	if got := parsed[train.Score](t, stdout); got != trained {
		t.Errorf("the torch file scores %+v, want %+v", got, trained)
	}
	from, back := parsed[inspection](t, first(mustRun(t, "inspect", "--json", "run"))), parsed[inspection](t, first(mustRun(t, "inspect", "--json", "b.safetensors")))
	if !reflect.DeepEqual(from.Tensors, back.Tensors) || back.Metadata["model"] != "resnet8-w8" || back.Metadata["imported"] != "a.pth" {
		t.Errorf("%+v behind export and import, want %+v", back, from)
	}

	mustRun(t, "export", "b.safetensors", "--to", "ONNX", "--fold", "--with-normalisation", "-o", "model")
	if data := read(t, "model"); !bytes.Contains(data, []byte("normalisation.mean")) || bytes.Contains(data, []byte("BatchNormalization")) {
		t.Error("the flags of onnx do nothing")
	}
	mustRun(t, "export", "a.pth", "-o", "c.safetensors")
	if plain := parsed[inspection](t, first(mustRun(t, "inspect", "--json", "c.safetensors"))); !reflect.DeepEqual(from.Tensors, plain.Tensors) || plain.Content != "tensors" || from.Content != "export" {
		t.Errorf("%+v, want the tensors of %+v", plain, from)
	}
}

func first(a, _ string) string { return a }

func importSaysWhatItConverts(t *testing.T) {
	// One weight of a copy becomes float64: the header is rewritten by hand.
	_, stderr := mustRun(t, "import", double(t, "run/last.safetensors"), "-o", "d.safetensors")
	if want := "note    1 tensors of F64 became F32\nwrote d.safetensors, resnet8-w8 for Synthetic, from double.safetensors\n"; stderr != want {
		t.Errorf("%q, want %q", stderr, want)
	}
}

func inspectFiles(t *testing.T) {
	stdout, stderr := mustRun(t, "inspect", "run/last.safetensors")
	for _, want := range []string{
		"run/last.safetensors: a model, safetensors\n", "\n  model      resnet8-w8\n", "\ntensor ", "\nconv1.weight  ", "[8 3 3 3]", "\nbn1.num_batches_tracked ", "I64    []",
		"\n44 tensors, 19,465 elements, 19,218 of them parameters; 0 not finite\n",
	} {
		if !strings.Contains(stdout, want) || stderr != "" {
			t.Errorf("no %q in\n%s%s", want, stdout, stderr)
		}
	}
	stdout, _ = mustRun(t, "inspect", "--json", "run/state.safetensors")
	i := parsed[inspection](t, stdout)
	if i.Content != "state" || i.Metadata["position"] == "" || i.Tensors[0].Name != "weights" || !(i.Tensors[0].RMS > 0) {
		t.Errorf("%+v", i)
	}
	if stdout, _ = mustRun(t, "inspect", "run/state.safetensors"); strings.Contains(stdout, "parameters") {
		t.Errorf("a state has its parameters padded and some of them twice: %s", stdout)
	}
}

func exportErrors(t *testing.T) {
	if err := os.WriteFile("there.pth", []byte("precious"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
		text string
	}{
		{"export", exitUsage, "export: found 0 files, want one: see lbsam export --help"},
		{"export run", exitUsage, "--out has no value: want the file to write"},
		{"export run -o x", exitUsage, "x does not say its format: give --to, one of torch, onnx, safetensors"},
		{"export run -o x --to onxn", exitUsage, `--to is "onxn" (did you mean onnx?): want one of torch, onnx, safetensors`},
		{"export run -o x.pth --fold", exitUsage, "--fold and --with-normalisation change the graph of an onnx file: torch has none"},
		{"export run -o there.pth", exitUsage, "--out is there.pth, which is there already"},
		{"export none -o x.pth", exitCheckpoint, "none"},
		{"export run/state.safetensors -o x.pth", exitCheckpoint, "run/state.safetensors is the state of a run, in the layout of its device: take last.safetensors"},
		{"export run/state.safetensors -o x.onnx", exitCheckpoint, `found model "" and images of ""`},
		{"export there.pth -o x.safetensors", exitCheckpoint, "there.pth"},
		{"export run -o none/x.pth", exitUsage, "--out is none/x.pth: found no folder none"},
		{"import", exitUsage, "import: found 0 files"},
		{"import run -o there.pth", exitUsage, "which is there already"},
		{"import none -o x.safetensors", exitCheckpoint, "none"},
		{"import run/state.safetensors -o x.safetensors", exitCheckpoint, "run/state.safetensors is the state of a run, in the layout of its device: take last.safetensors"},
		{"import run --model mlp -o x.safetensors", exitCheckpoint, `found no tensor "fc1.weight", want F32 [512 3072]; found tensor "conv1.weight", F32 [8 3 3 3], which it has not`},
		{"import run -o none/x.safetensors", exitUsage, "found no folder none"},
		{"inspect", exitUsage, "inspect: found 0 files"},
		{"inspect there.pth", exitCheckpoint, "there.pth"},
		{"inspect none", exitCheckpoint, "none"},
	} {
		code, stdout, stderr := start(t.Context(), strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(stderr, c.text) || strings.Count(stderr, "\n") != 1 || stdout != "" {
			t.Errorf("lbsam %s: exit %d, %q, %q: want exit %d, %q", c.args, code, stdout, stderr, c.code, c.text)
		}
	}
	if string(read(t, "there.pth")) != "precious" {
		t.Error("a file was overwritten")
	}
	if left, _ := filepath.Glob("x*"); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// double copies a safetensors file, with the bias of its last layer in float64.
func double(t *testing.T, path string) string {
	t.Helper()
	data := read(t, path)
	n := int(data[0]) | int(data[1])<<8
	var header map[string]map[string]any
	if err := json.Unmarshal(data[8:8+n], &header); err != nil {
		t.Fatal(err)
	}
	bias := header["linear.bias"]
	body := data[8+n:]
	begin := int(bias["data_offsets"].([]any)[0].(float64))
	for name, h := range header {
		if offsets, ok := h["data_offsets"].([]any); ok && name != "linear.bias" && int(offsets[0].(float64)) > begin {
			h["data_offsets"] = []any{offsets[0].(float64) + 40, offsets[1].(float64) + 40}
		}
	}
	bias["dtype"], bias["data_offsets"] = "F64", []any{begin, begin + 80} // 10 zeros
	body = bytes.Join([][]byte{body[:begin], make([]byte, 80), body[begin+40:]}, nil)
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	out := []byte{byte(len(text)), byte(len(text) >> 8), 0, 0, 0, 0, 0, 0}
	if err := os.WriteFile("double.safetensors", append(append(out, text...), body...), 0o644); err != nil {
		t.Fatal(err)
	}
	return "double.safetensors"
}
