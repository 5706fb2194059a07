//go:build (!amd64 && !arm64) || noasm

package kernels

// instructionSets returns what this processor can run.
func instructionSets() []instructionSet { return []instructionSet{instructionSetGo} }
