package kernels

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// The assembly names the hash of the program that wrote it, so that nobody
// needs the modules of that program to notice that it is stale.
func TestAssemblyIsCurrent(t *testing.T) {
	for generator, concepts := range map[string][]string{
		"gemm":        {"gemm", "winograd"},
		"elementwise": {"elementwise", "batchnorm", "update", "pool2d"},
	} {
		for architecture, folders := range map[string][]string{"amd64": {generator}, "arm64": {generator, "neon"}} {
			header := fmt.Sprintf("// source-sha256: %x\n", sha256.Sum256(generatorSources(t, folders)))
			for _, concept := range concepts {
				name := concept + "_" + architecture + ".s"
				text, err := os.ReadFile(name)
				if err != nil || !strings.HasPrefix(string(text), header) {
					t.Errorf("%s is missing or stale (%v): run ./build.sh asm", name, err)
				}
			}
		}
	}
}

// generatorSources is go.mod and the sources of folders of asmgen, without tests, one after
// the other.
func generatorSources(t *testing.T, folders []string) (sources []byte) {
	names := []string{"asmgen/go.mod"}
	for _, folder := range folders {
		more, err := filepath.Glob("asmgen/" + folder + "/*.go")
		if err != nil || len(more) == 0 {
			t.Fatalf("no sources in asmgen/%s (%v)", folder, err)
		}
		names = append(names, slices.DeleteFunc(more, func(name string) bool { return strings.HasSuffix(name, "_test.go") })...)
	}
	for _, name := range names {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		sources = append(sources, source...)
	}
	return sources
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
