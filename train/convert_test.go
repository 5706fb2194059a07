package train

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lbsam/kernels"
	"lbsam/nn"
	"lbsam/train/checkpoint"
)

// checkpointOf writes a new model with metadata, some of which may be changed.
func checkpointOf(t *testing.T, name string, change map[string]string) string {
	t.Helper()
	d, err := kernels.Open(kernels.Config{Name: "cpu", Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	m, err := nn.New(d, name, 7, 8, 8, 3, 1)
	if err != nil {
		t.Fatal(err)
	}
	metadata := map[string]string{"model": name, "input": "8x8x3", "mean": "[0.5,0.25,0]", "std": "[1,2,0.5]"}
	for k, v := range change {
		metadata[k] = v
	}
	path := filepath.Join(t.TempDir(), "f.safetensors")
	if err := checkpoint.Export(path, metadata, stateDict(m)); err != nil {
		t.Fatal(err)
	}
	return path
}

// What ExportONNX writes is the business of package onnx; here it is that of
// the model in the file.
func TestExportONNX(t *testing.T) {
	from := checkpointOf(t, "convnet", nil)
	sizes := map[ONNX]int{}
	for _, how := range []ONNX{{}, {Fold: true}, {Normalise: true}} {
		out := filepath.Join(t.TempDir(), "m.onnx")
		if model, err := ExportONNX(out, from, how); err != nil || model != "convnet" {
			t.Fatalf("%+v: %s, %v", how, model, err)
		}
		data, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		sizes[how] = len(data)
		for _, want := range []string{"logits", "linear.weight", "8x8x3"} {
			if !bytes.Contains(data, []byte(want)) {
				t.Errorf("%+v: no %q in the file", how, want)
			}
		}
		if got := bytes.Contains(data, []byte("BatchNormalization")); got == how.Fold {
			t.Errorf("%+v: there are batch normalisations: %v", how, got)
		}
		if got := bytes.Contains(data, []byte("normalisation.mean")); got != how.Normalise {
			t.Errorf("%+v: the input is normalised: %v", how, got)
		}
	}
	if least := 4 * 1500; sizes[ONNX{}] < least {
		t.Errorf("a file of %d bytes, want %d or more", sizes[ONNX{}], least)
	}
}

func TestExportONNXRefuses(t *testing.T) {
	for want, change := range map[string]map[string]string{
		`found model "" and images of "8x8x3" in its metadata, want a file of a run: make one with lbsam import`: {"model": ""},
		`found model "convnet" and images of "8x8" in its metadata`:                                              {"input": "8x8"},
		`unknown model "convnot": did you mean convnet?`:                                                         {"model": "convnot"},
		`images of 2x8 pixels`:          {"input": "2x8x3"},
		`found no tensor "fc1.weight"`:  {"model": "mlp"},
		`found mean "" in its metadata`: {"mean": ""},
		`found std "[" in its metadata`: {"std": "["},
		`found mean [0.5] and std [1 2 0.5] in its metadata, want 3 numbers each`: {"mean": "[0.5]"},
	} {
		out := filepath.Join(t.TempDir(), "m.onnx")
		_, err := ExportONNX(out, checkpointOf(t, "convnet", change), ONNX{Normalise: true})
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, want %s", err, want)
		}
		if _, ok := err.(CheckpointError); !ok {
			t.Errorf("%v is no CheckpointError", err)
		}
		if _, err := os.Stat(out); err == nil {
			t.Errorf("a file is left in spite of %s", want)
		}
	}
	if _, err := ExportONNX(filepath.Join(t.TempDir(), "none", "m.onnx"), checkpointOf(t, "convnet", nil), ONNX{}); err == nil {
		t.Error("a folder that is not there")
	} else if _, ok := err.(FolderError); !ok {
		t.Errorf("%v is no FolderError", err)
	}
}
