// Package emit writes what a generator of assembly made.
package emit

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/printer"
)

// Write compiles what ctx holds to ../<output>, for package kernels. The first
// line names the hash of the generator: go.mod and the Go files of its folder,
// in order of name, by which a test knows that the file is current.
func Write(ctx *build.Context, generator, output string) error {
	file, err := ctx.Result()
	if err != nil {
		return err
	}
	if err := pass.Compile.Execute(file); err != nil {
		return err
	}
	text, err := printer.NewGoAsm(printer.Config{Name: "kernels/asmgen/" + generator, Pkg: "kernels"}).Print(file)
	if err != nil {
		return err
	}
	sources, err := read(generator)
	if err != nil {
		return err
	}
	header := fmt.Sprintf("// source-sha256: %x\n", sha256.Sum256(sources))
	return os.WriteFile("../"+output, append([]byte(header), text...), 0o644)
}

// read is the sources of a generator, one after the other.
func read(generator string) ([]byte, error) {
	names, err := filepath.Glob(filepath.Join(generator, "*.go"))
	if err != nil {
		return nil, err
	}
	var all bytes.Buffer
	for _, name := range append([]string{"go.mod"}, names...) {
		source, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		all.Write(source)
	}
	return all.Bytes(), nil
}
