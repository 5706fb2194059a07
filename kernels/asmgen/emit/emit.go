// Package emit writes what a generator of assembly made.
package emit

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"lbsam/kernels/asmgen/neon"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

// Write compiles what ctx holds to ../<concept>_amd64.s and ../<concept>_arm64.s, for
// package kernels. The first line names the hash of the generator: go.mod and the Go
// files of its folder, in order of name, and for arm64 those of the translator, by which a
// test knows that the file is current.
func Write(ctx *build.Context, generator, concept string) error {
	file, err := ctx.Result()
	if err != nil {
		return err
	}
	if err := pass.Compile.Execute(file); err != nil {
		return err
	}
	name := "kernels/asmgen/" + generator
	amd64, err := printer.NewGoAsm(printer.Config{Name: name, Pkg: "kernels"}).Print(file)
	if err != nil {
		return err
	}
	arm64, err := neon.Translate(file, name)
	if err != nil {
		return err
	}
	if err := write(concept+"_amd64.s", amd64, generator); err != nil {
		return err
	}
	return write(concept+"_arm64.s", arm64, generator, "neon")
}

func write(output string, text []byte, folders ...string) error {
	sources, err := read(folders)
	if err != nil {
		return err
	}
	header := fmt.Sprintf("// source-sha256: %x\n", sha256.Sum256(sources))
	return os.WriteFile("../"+output, append([]byte(header), text...), 0o644)
}

// read is go.mod and the sources of folders, without tests, one after the other.
func read(folders []string) ([]byte, error) {
	names := []string{"go.mod"}
	for _, folder := range folders {
		sources, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil {
			return nil, err
		}
		names = append(names, slices.DeleteFunc(sources, func(name string) bool { return strings.HasSuffix(name, "_test.go") })...)
	}
	var all bytes.Buffer
	for _, name := range names {
		source, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		all.Write(source)
	}
	return all.Bytes(), nil
}
