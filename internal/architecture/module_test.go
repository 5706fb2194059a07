package architecture

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// A program in another module builds and runs with the go.mod lines that the
// README gives.
func TestProgramInAnotherModule(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile("(?s)```\n(require lbsam .*?)```").FindSubmatch(readme)
	if lines == nil {
		t.Fatal("README.md has no block of go.mod lines that begins with require lbsam")
	}
	mod := "module program\n\ngo 1.26\n\n" + strings.ReplaceAll(string(lines[1]), "/path/to/lbsam", root)
	source, err := os.ReadFile("testdata/program/main.go")
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for name, text := range map[string][]byte{"go.mod": []byte(mod), "go.sum": sum, "main.go": source} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	run := exec.Command("go", "run", "-mod=mod", ".")
	run.Dir = dir
	run.Env = append(os.Environ(), "GOWORK=off")
	out, err := run.CombinedOutput()
	if err != nil || !strings.HasPrefix(string(out), "loss 0.0") {
		t.Errorf("go run: %v\n%s", err, out)
	}
}
