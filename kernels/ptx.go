package kernels

import (
	"embed"
	"fmt"
	"strings"
)

// ptxFiles are the kernels, compiled from the .cu files beside by
// ./build.sh ptx: PTX for compute capability 8.0, which the driver compiles for
// every later card.
//
//go:embed ptx/*.ptx
var ptxFiles embed.FS

// ptxModules returns the text of every module, by the name of its concept, and
// the module of every kernel.
func ptxModules() (texts, moduleOf map[string]string) {
	texts, moduleOf = map[string]string{}, map[string]string{}
	files, err := ptxFiles.ReadDir("ptx")
	if err != nil {
		panic(err) // they are part of the program
	}
	for _, f := range files {
		text, err := ptxFiles.ReadFile("ptx/" + f.Name())
		if err != nil {
			panic(err)
		}
		concept, _, _ := strings.Cut(f.Name(), ".")
		texts[concept] = string(text)
		for _, kernel := range ptxEntries(string(text)) {
			if other, ok := moduleOf[kernel]; ok {
				panic(fmt.Sprintf("kernels: %s and %s both have a kernel %s", other, concept, kernel))
			}
			moduleOf[kernel] = concept
		}
	}
	return texts, moduleOf
}

// ptxEntries are the names of the kernels of a module.
func ptxEntries(text string) (names []string) {
	const mark = ".visible .entry "
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, mark); ok {
			name, _, _ := strings.Cut(rest, "(")
			names = append(names, strings.TrimSpace(name))
		}
	}
	return names
}
