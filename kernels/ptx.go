package kernels

import (
	"embed"
	"fmt"
	"strings"
	"sync"

	"lbsam/kernels/driver"
)

// ptxFiles are the kernels, compiled from the .cu files beside by
// ./build.sh ptx: PTX for compute capability 8.0, which the driver compiles for
// every later card.
//
//go:embed ptx/*.ptx
var ptxFiles embed.FS

// ptxModules returns the text of every module, by the name of its concept, and
// the module of every kernel. The maps are the same ones each time.
var ptxModules = sync.OnceValues(readPTX)

func readPTX() (texts, moduleOf map[string]string) {
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
		entries, err := driver.Entries(string(text))
		if err != nil {
			panic(fmt.Sprintf("kernels: %s: %v", f.Name(), err))
		}
		for _, kernel := range entries {
			if other, ok := moduleOf[kernel.Name]; ok {
				panic(fmt.Sprintf("kernels: %s and %s both have a kernel %s", other, concept, kernel.Name))
			}
			moduleOf[kernel.Name] = concept
		}
	}
	return texts, moduleOf
}
