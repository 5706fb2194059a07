package architecture

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// allowed says which of our packages each one may import, tests aside. Arrows
// are transitive: whoever may import X may import what X may. Anything else
// is an error, a package that is not listed too.
var allowed = map[string][]string{
	"cmd/lbsam":             {"analysis", "internal/figure", "internal/golden", "internal/report", "internal/roofline", "train", "study", "datasets/download", "internal/suggest", "analysis/lifelong"},
	"analysis":              {"train", "internal/rng"},
	"analysis/lifelong":     {"train", "internal/figure"},
	"study":                 {"analysis", "train", "internal/figure", "internal/suggest"},
	"internal/report":       {"analysis", "train", "internal/figure"},
	"internal/figure":       {"internal/atomicfile"},
	"internal/roofline":     {"kernels"},
	"internal/golden":       {"nn", "optim", "train/checkpoint"},
	"train":                 {"nn", "optim", "datasets", "train/checkpoint", "train/onnx", "train/tensorboard", "internal/suggest", "kernels/driver/dry"},
	"train/checkpoint":      {"tensor", "internal/atomicfile", "internal/pickle"},
	"train/tensorboard":     {},
	"train/onnx":            {"nn", "train/checkpoint"},
	"nn":                    {"autograd", "internal/rng", "internal/suggest"},
	"optim":                 {"autograd"},
	"autograd":              {"tensor"},
	"tensor":                {"kernels"},
	"kernels":               {"internal/rng", "kernels/ptxsim", "kernels/cuda"},
	"kernels/kerneltest":    {},
	"kernels/driver":        {},
	"kernels/driver/dry":    {"kernels/driver"},
	"kernels/ptxsim":        {"kernels/driver"},
	"kernels/cuda":          {"kernels/driver"},
	"kernels/ptxtable":      {},
	"internal/atomicfile":   {},
	"internal/parquet":      {},
	"internal/pickle":       {},
	"datasets":              {"datasets/picture", "internal/parquet", "internal/pickle", "internal/rng", "internal/suggest"},
	"datasets/picture":      {},
	"datasets/download":     {"internal/suggest"},
	"internal/rng":          {},
	"internal/suggest":      {},
	"internal/architecture": {},

	"examples":                 {},
	"examples/mlp":             {"nn", "optim", "datasets"},
	"examples/customlayer":     {"nn", "optim"},
	"examples/customminimizer": {"nn", "optim", "datasets"},
}

// outside says which modules other than the standard library the packages of
// the core may import. The command line and train may import what they need.
var outside = map[string][]string{
	"kernels":             {"golang.org/x/sys"},
	"kernels/kerneltest":  {},
	"kernels/driver":      {},
	"kernels/driver/dry":  {},
	"kernels/ptxsim":      {"golang.org/x/sys"},
	"kernels/cuda":        {"github.com/barnex/cuda5"},
	"tensor":              {},
	"autograd":            {},
	"nn":                  {},
	"optim":               {},
	"datasets":            {"golang.org/x/sync", "github.com/klauspost/compress"},
	"internal/atomicfile": {"golang.org/x/sys"},
	"internal/parquet":    {"github.com/klauspost/compress"},
	"internal/pickle":     {},
	"datasets/picture":    {"golang.org/x/image"},
	"datasets/download":   {"github.com/gofrs/flock"},
	"internal/figure":     {"golang.org/x/image"},
	"internal/rng":        {},
	"internal/suggest":    {},
}

// A listed package, as go list prints it.
type listed struct {
	ImportPath string
	Imports    []string
}

func list(t *testing.T) (packages []listed) {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "lbsam/...").Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go list: %v: %s", err, exit.Stderr)
		}
		t.Fatalf("go list: %v", err)
	}
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := d.Decode(&p); err == io.EOF {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

// reach is every package that name may import.
func reach(name string) map[string]bool {
	all := map[string]bool{}
	var visit func(string)
	visit = func(name string) {
		for _, next := range allowed[name] {
			if !all[next] {
				all[next] = true
				visit(next)
			}
		}
	}
	visit(name)
	return all
}

func TestImports(t *testing.T) {
	packages := list(t)
	if len(packages) < 10 {
		t.Fatalf("go list knows %d packages only", len(packages))
	}
	for _, p := range packages {
		name := strings.TrimPrefix(p.ImportPath, "lbsam/")
		if _, ok := allowed[name]; !ok {
			t.Errorf("package %s is not in the table of allowed imports", name)
			continue
		}
		may := reach(name)
		for _, path := range p.Imports {
			if own, ok := strings.CutPrefix(path, "lbsam/"); ok && !may[own] {
				t.Errorf("%s imports %s: the arrow does not exist", name, own)
			}
			if modules, core := outside[name]; core && foreign(path) && !hasPrefix(path, modules) {
				t.Errorf("%s imports %s: the core may import %v", name, path, modules)
			}
		}
	}
}

// foreign reports whether path belongs to another module than ours and the
// standard library's: its first element has a dot.
func foreign(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return strings.Contains(first, ".")
}

func hasPrefix(path string, modules []string) bool {
	for _, m := range modules {
		if strings.HasPrefix(path, m) {
			return true
		}
	}
	return false
}

func TestArrowsHaveNoCycle(t *testing.T) {
	for name := range allowed {
		if reach(name)[name] {
			t.Errorf("the table lets %s import itself", name)
		}
	}
}
