package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"

	"github.com/klauspost/cpuid/v2"
	"github.com/spf13/cobra"

	"lbsam/datasets"
	"lbsam/kernels"
	"lbsam/train"
)

// An environment is what lbsam env says about a machine.
type environment struct {
	Kind         string   `json:"kind"`    // "env"
	Version      string   `json:"version"` // the line of lbsam version
	System       string   `json:"system"`
	Processor    string   `json:"processor"`
	Features     []string `json:"features"`     // those that the kernels could use
	Instructions string   `json:"instructions"` // for which the kernels of device cpu are
	Cores        int      `json:"cores"`        // physical; 0: unknown
	Threads      int      `json:"threads"`      // that Go uses
	Memory       int64    `json:"memory"`       // bytes; 0: unknown
	Available    int64    `json:"available"`    // bytes of it
	GPU          string   `json:"gpu"`          // card, compute capability, memory and driver; "": none that can be used
	NoGPU        string   `json:"no_gpu,omitempty"`
	Data         []place  `json:"data"`
	Folder       string   `json:"folder"`    // where the program was started
	FreeDisk     int64    `json:"free_disk"` // bytes there; 0: unknown
	Variables    []string `json:"variables"` // of the environment that lbsam reads
}

// newEnv returns the command env.
func newEnv(a *app) *cobra.Command {
	dir, asJSON := train.Published().Data, false
	cmd := &cobra.Command{
		Use:   "env",
		Short: "Report on this machine, to paste into a question or a bug report",
		Long: `Report on this machine: program, system, processor and which kernels are made for it, memory, GPU and driver, the data
sets that are found, free disk, and the variables LBSAM_... of the environment. Nothing is written and nothing is sent.`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			e := a.describe(dir)
			if asJSON {
				return a.result(e)
			}
			fmt.Fprint(a.stdout, e.text())
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "data", dir, "`folder` to look for data sets in first")
	cmd.Flags().BoolVar(&asJSON, "json", false, "a JSON object")
	return cmd
}

// describe looks at this machine; data sets are looked for in dir first.
func (a *app) describe(dir string) environment {
	folder, _ := os.Getwd() // "" where it is gone
	e := environment{
		Kind: "env", Version: strings.TrimSpace(versionText()), System: system(),
		Processor: cpuid.CPU.BrandName, Features: features(), Instructions: kernels.Instructions(),
		Cores: cpuid.CPU.PhysicalCores, Threads: runtime.GOMAXPROCS(0),
		Folder: folder, FreeDisk: freeDisk("."), Data: []place{}, Variables: []string{},
	}
	e.Memory, e.Available = memory()
	e.GPU, e.NoGPU = gpu()
	for _, name := range datasets.FileSets() {
		found, err := datasets.Find(name, dir)
		if err == nil && len(found) > 0 {
			e.Data = append(e.Data, newPlace(name, found[0]))
		}
	}
	for _, v := range a.environment {
		if strings.HasPrefix(v, variable) {
			e.Variables = append(e.Variables, v)
		}
	}
	return e
}

// text is the report for people.
func (e environment) text() string {
	b := &strings.Builder{}
	row := func(title, format string, args ...any) {
		fmt.Fprintf(b, "%-11s%s\n", title, fmt.Sprintf(format, args...))
	}
	row("program", "%s", e.Version)
	row("system", "%s", e.System)
	row("processor", "%s, %d cores, %d threads used: %s", e.Processor, e.Cores, e.Threads, strings.Join(e.Features, " "))
	row("kernels", "%s on device cpu", e.Instructions)
	row("memory", "%s, %s available", gigabytes(e.Memory), gigabytes(e.Available))
	if e.GPU != "" {
		row("GPU", "%s", e.GPU)
	} else {
		row("GPU", "none: %s", e.NoGPU)
	}
	row("disk", "%s free in %s", gigabytes(e.FreeDisk), e.Folder)
	for _, p := range e.Data {
		row("data", "%s: %s, %s in %s", p.Dataset, condition(p.Status), p.Format, p.Path)
	}
	if len(e.Data) == 0 {
		row("data", "no data set found")
	}
	for _, v := range e.Variables {
		row("variable", "%s", v)
	}
	return b.String()
}

// gpu is the first GPU, or why there is none.
func gpu() (about, none string) {
	d, err := kernels.Open(kernels.Config{Name: "cuda"})
	if err != nil {
		return "", strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	defer d.Close()
	return d.About(), ""
}

// features are those of the processor's that matter here.
func features() []string {
	all := []string{}
	for _, id := range []cpuid.FeatureID{
		cpuid.AVX, cpuid.AVX2, cpuid.FMA3, cpuid.AVX512F, cpuid.AVX512DQ, cpuid.AVX512BW, cpuid.AVX512VL,
		cpuid.AVX512BF16, cpuid.AMXBF16, cpuid.ASIMD,
	} {
		if cpuid.CPU.Supports(id) {
			all = append(all, id.String())
		}
	}
	return all
}

// gigabytes is a number of bytes.
func gigabytes(n int64) string {
	if n == 0 {
		return "unknown"
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}
