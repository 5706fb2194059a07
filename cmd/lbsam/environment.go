package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

// variable begins the names of the variables of the environment that are
// settings.
const variable = "LBSAM_"

// fromEnvironment is the layer of the variables called LBSAM_ and a setting.
// LBSAM_GPU and LBSAM_TEST_... are for the project's own tests.
func fromEnvironment(environment []string) (layer []value, err error) {
	for _, entry := range environment {
		full, text, _ := strings.Cut(entry, "=")
		name, ok := strings.CutPrefix(full, variable)
		if !ok || name == "GPU" || strings.HasPrefix(name, "TEST_") {
			continue
		}
		k, err := findKey(name, "the environment's "+full)
		if err != nil {
			return nil, err
		}
		layer = append(layer, value{k, text, full})
	}
	return layer, nil
}

// aboutMachine are the settings that the environment gives to every command
// that has them as flags: where the data lie and what computes.
var aboutMachine = []string{"data", "device", "threads"}

// fillFromEnvironment sets the flags of a command about the machine that were
// not given. Train takes all settings from the environment, and a resumed run
// none.
func (a *app) fillFromEnvironment(cmd *cobra.Command, _ []string) error {
	if cmd.Name() == "train" {
		return nil
	}
	for _, entry := range a.environment {
		full, text, _ := strings.Cut(entry, "=")
		name, ok := strings.CutPrefix(full, variable)
		name = strings.ToLower(name)
		f := cmd.Flags().Lookup(name)
		if !ok || f == nil || f.Changed || !slices.Contains(aboutMachine, name) {
			continue
		}
		if err := cmd.Flags().Set(name, text); err != nil {
			return usageError("%s: %s is %q: want %s", full, name, text, wanted(f))
		}
	}
	return nil
}
