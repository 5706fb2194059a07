package kernels

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The assembly names the hash of the program that wrote it, so that nobody
// needs the modules of that program to notice that it is stale.
func TestAssemblyIsCurrent(t *testing.T) {
	for generator, outputs := range map[string][]string{
		"gemm":        {"gemm_amd64.s", "winograd_amd64.s"},
		"elementwise": {"elementwise_amd64.s", "batchnorm_amd64.s", "update_amd64.s", "pool2d_amd64.s"},
	} {
		names, err := filepath.Glob("asmgen/" + generator + "/*.go")
		if err != nil || len(names) == 0 {
			t.Fatalf("no sources of the generator %s (%v)", generator, err)
		}
		var sources []byte
		for _, name := range append([]string{"asmgen/go.mod"}, names...) {
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			sources = append(sources, source...)
		}
		header := fmt.Sprintf("// source-sha256: %x\n", sha256.Sum256(sources))
		for _, name := range outputs {
			text, err := os.ReadFile(name)
			if err != nil || !strings.HasPrefix(string(text), header) {
				t.Errorf("%s is missing or stale (%v): run ./build.sh asm", name, err)
			}
		}
	}
}

var includes = regexp.MustCompile(`(?m)^#include "(.*)"$`)

// The PTX names the hash of the headers that its source includes and of the
// source, so that nobody needs a compiler to notice that it is stale; and there
// is none without a source.
func TestPTXIsCurrent(t *testing.T) {
	sources, _ := filepath.Glob("*.cu")
	for _, name := range sources {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var all []byte
		for _, include := range includes.FindAllSubmatch(source, -1) {
			header, err := os.ReadFile(string(include[1]))
			if err != nil {
				t.Fatal(err)
			}
			if includes.Match(header) {
				t.Errorf("%s includes another header, which the hash would miss", include[1])
			}
			all = append(all, header...)
		}
		want := fmt.Sprintf("// source-sha256: %x\n", sha256.Sum256(append(all, source...)))
		text, err := os.ReadFile("ptx/" + strings.TrimSuffix(name, ".cu") + ".sm_80.ptx")
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("the PTX of %s is missing or stale (%v): run ./build.sh ptx", name, err)
		}
	}
	if outputs, _ := filepath.Glob("ptx/*"); len(outputs) != len(sources) || len(sources) == 0 {
		t.Errorf("%d sources, but %d files in ptx: %v", len(sources), len(outputs), outputs)
	}
}
