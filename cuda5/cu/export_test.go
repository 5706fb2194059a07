package cu

import (
	"slices"
	"strings"
)

// Missing returns the functions that the open library lacks.
func Missing() (names []string) {
	for _, p := range procs {
		if _, r := p.find(); r != SUCCESS {
			names = append(names, p.name)
		}
	}
	slices.Sort(names)
	return names
}

// Included reports whether the binding is in the program.
func Included() bool {
	_, err := dlopen("/nowhere/libcuda.so.1")
	return !strings.Contains(err.Error(), "built without CUDA")
}

// ResultNames are the names that the package knows without a driver.
var ResultNames = resultNames
