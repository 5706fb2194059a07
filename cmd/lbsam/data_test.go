package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lbsam/datasets"
)

// decode reads one line of JSON.
func decode[T any](t *testing.T, line string) (v T) {
	t.Helper()
	if err := json.Unmarshal([]byte(line), &v); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	return v
}

func TestDataFindAndVerify(t *testing.T) {
	dir := t.TempDir()
	_, stdout, _ := start(t.Context(), "data", "find", "--data", dir)
	if lines := strings.Split(stdout, "\n"); len(lines) != 6 || lines[0] != "CIFAR10       missing" {
		t.Errorf("nothing is there: %q", stdout)
	}
	if code, _, stderr := startWith(blackFashion(t), "data", "get", "FashionMNIST", "--data", dir); code != exitOK {
		t.Fatal(stderr)
	}
	raw := filepath.Join(dir, "FashionMNIST", "raw")

	code, stdout, stderr := start(t.Context(), "data", "find", "fashion_mnist", "--data", dir, "--json")
	p := decode[place](t, stdout)
	if code != exitOK || stderr != "" || p.Status != "changed" || p.Path != raw || p.Format != "IDX" || len(p.Files) != 4 || p.Files[0].Bytes == 0 {
		t.Errorf("exit %d, %s%s", code, stdout, stderr)
	}

	code, stdout, stderr = start(t.Context(), "data", "verify", "FashionMNIST", "--data", dir, "--json")
	v := decode[verified](t, stdout)
	if code != exitData || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "train-images-idx3-ubyte.gz of "+raw+" has MD5") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	if len(v.Classes) != 10 || v.Train[9] != 6000 || v.Test[0] != 1000 || v.Path != raw {
		t.Errorf("%+v", v)
	}
	_, stdout, _ = start(t.Context(), "data", "verify", "FashionMNIST", "--data", dir)
	for _, text := range []string{"FashionMNIST  not as published  IDX  " + raw + "\n", "published: 8d4fb7e6c68d591d4c3dfef9ec88bf0d\n",
		"\nTrouser                               6,000          1,000\n"} {
		if !strings.Contains(stdout, text) {
			t.Errorf("%q is not in %s", text, stdout)
		}
	}

	_, stderr = mustRun(t, "train", "--dataset", "FashionMNIST", "--data", dir, "--model", "mlp", "--minimizer", "SGD", "--epochs", "1",
		"--limit-batches", "1", "--batch-size", "4", "--device", "cpu", "--no-out")
	if want := "10 classes from " + raw + " (IDX, not as published)"; !strings.Contains(stderr, want) {
		t.Errorf("train does not say %q:\n%s", want, stderr)
	}

	if err := os.Truncate(filepath.Join(raw, "t10k-labels-idx1-ubyte.gz"), 20); err != nil {
		t.Fatal(err)
	}
	_, stdout, _ = start(t.Context(), "data", "find", "FashionMNIST", "--data", dir)
	if !strings.HasPrefix(stdout, "FashionMNIST  unusable          IDX                "+raw+"  (datasets: Fashion-MNIST: "+raw+"/t10k-labels") {
		t.Errorf("a cut file: %s", stdout)
	}
	if code, stdout, _ := start(t.Context(), "data", "verify", "FashionMNIST", "--data", dir, "--json"); code != exitData || stdout != "" {
		t.Errorf("a cut file: exit %d, %s", code, stdout)
	}
}

func TestDataErrors(t *testing.T) {
	for _, c := range []struct {
		args string
		code int
		text string
	}{
		{"data fnd", exitUsage, `unknown command "fnd" (did you mean find?): want one of`},
		{"data find cifr10", exitUsage, `data find: found no data set "cifr10" (did you mean CIFAR10?): want one of CIFAR10, CIFAR100,`},
		{"data verify", exitUsage, "data verify: found 0 names, want one data set"},
		{"data verify Synthetic", exitUsage, `found no data set "Synthetic"`},
		{"data verify MNIST --data nowhere", exitData, "MNIST: found nothing in nowhere or "},
	} {
		code, stdout, stderr := start(t.Context(), strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(stderr, c.text) || strings.Count(stderr, "\n") != 1 || stdout != "" {
			t.Errorf("%s: exit %d, %s%s, want %d and %q", c.args, code, stdout, stderr, c.code, c.text)
		}
	}
}

// Files of which no MD5 is published are not called changed.
func TestConditionOfFilesWithoutMD5(t *testing.T) {
	for want, f := range map[string]datasets.Found{
		"no MD5 published": {Files: []datasets.File{{Name: "train", MD5: "1"}}},
		"not as published": {Files: []datasets.File{{Name: "train", MD5: "1"}, {Name: "test", MD5: "1", Published: "2"}}},
		"as published":     {Files: []datasets.File{{Name: "train", MD5: "1"}, {Name: "test", MD5: "2", Published: "2"}}},
		"unusable":         {Err: errors.New("broken")},
	} {
		if got := condition(status(f)); got != want {
			t.Errorf("%+v is %q, want %q", f, got, want)
		}
	}
}
