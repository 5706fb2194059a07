package golden

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestLoadReportsOneLine(t *testing.T) {
	whole := string(builtin)
	edit := func(old, new string) string {
		if !strings.Contains(whole, old) {
			t.Fatalf("the built-in traces have no %s", old)
		}
		return strings.Replace(whole, old, new, 1)
	}
	for _, c := range []struct{ name, data, want string }{
		{"empty", "", "not a file of traces"},
		{"not JSON", "hello", "not a file of traces"},
		{"NaN", edit(`"seed": 1`, `"seed": NaN`), "not a file of traces"},
		{"cut off", whole[:len(whole)/2], "not a file of traces"},
		{"later format", edit(`"format": 1`, `"format": 2`), "format 2, want 1"},
		{"no format", edit(`"format": 1, `, ``), "format 0, want 1"},
		{"no traces", `{"format": 1, "traces": []}`, "no traces"},
		{"unknown model", edit(`"model": "mlp"`, `"model": "vit"`), `trace 1 of 30: unknown model "vit": want one of mlp, convnet`},
		{"unknown minimizer", edit(`"minimizer": "SGD"`, `"minimizer": "LBFGS"`), `unknown minimizer "LBFGS": want one of SGD, SAM`},
		{"no learning rate", edit(`"lr": 0.05, `, ``), `no field "lr"`},
		{"no learning rate", edit(`"lr": 0.05`, `"lr": null`), `no field "lr"`},
		{"a rule that is not known", edit(`"lr": 0.05`, `"lr": 0.05, "nesterov": true`), `unknown field "nesterov"`},
		{"no steps", edit(`"steps": [{`, `"stages": [{`), `no field "steps"`},
		{"a number that is no number", edit(`"lr": 0.05`, `"lr": "0.05"`), "cannot unmarshal string"},
		{"a null", edit(`"descent_loss": [`, `"descent_loss": [null, `), "null instead of a number"},
		{"a number too many", edit(`"descent_loss": [`, `"descent_loss": [1, `), "step 0: 2 numbers of descent_loss, want 1"},
		{"a number too few", edit(`"weight_sum": [3.9299962305555667, `, `"weight_sum": [`), "step 0: 3 numbers of weight_sum, want 4"},
		{"no bound", edit(`"weight_sum": 3.1207840332537077e-07, `, ``), "float32_error has no weight_sum"},
		{"a step too many", edit(`"steps": 3`, `"steps": 2`), "3 steps, want 2"},
		{"no batch", edit(`"batch": 8`, `"batch": 0`), "mlp/SGD/seed1: 10 classes, batch 0"},
		{"alpha out of range", edit(`"k": 2, "alpha": 0.5`, `"k": 2, "alpha": 1.5`), "alpha 1.5, want 0 to 1"},
	} {
		file := filepath.Join(t.TempDir(), "traces.json")
		if err := os.WriteFile(file, []byte(c.data), 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := Load(file)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), file) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %q, want one line with the file's name and %q", c.name, err, c.want)
		}
	}
	if _, err := Load("no/such/file"); err == nil || !strings.Contains(err.Error(), "no/such/file") {
		t.Errorf("error %v, want one that names the file", err)
	}
}

func TestNames(t *testing.T) {
	traces, err := Load("")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, trace := range traces {
		seen[trace.Name()] = true
	}
	for _, want := range []string{"mlp/SGD/seed1", "convnet/LookbehindASAM/k5/alpha0.2/seed1", "resnet-basic-w8/LookbehindSAM/k2/adaptive/seed2"} {
		if !seen[want] {
			t.Errorf("no trace is named %s", want)
		}
	}
	if len(seen) != len(traces) {
		t.Errorf("%d names for %d traces", len(seen), len(traces))
	}
}
