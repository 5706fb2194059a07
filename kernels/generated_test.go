package kernels

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The assembly names the hash of the program that wrote it.
func TestElementwiseAssemblyIsCurrent(t *testing.T) {
	const dir = "asmgen/elementwise/"
	names, err := filepath.Glob(dir + "*.go")
	if err != nil {
		t.Fatal(err)
	}
	var sources []byte
	for _, name := range append([]string{dir + "go.mod"}, names...) {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, source...)
	}
	header := fmt.Sprintf("// source-sha256: %x\n", sha256.Sum256(sources))
	for _, name := range []string{"elementwise_amd64.s", "batchnorm_amd64.s", "update_amd64.s"} {
		text, err := os.ReadFile(name)
		if err != nil || !strings.HasPrefix(string(text), header) {
			t.Errorf("%s is missing or stale (%v): run go run . in kernels/%s", name, err, dir)
		}
	}
}
