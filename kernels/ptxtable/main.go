// Ptxtable prints, as tables, what NVIDIA's assembler makes of the kernels:
// registers, shared memory, and how many blocks share a multiprocessor; and the
// instructions of the products on tensor cores. Its arguments are the assembler
// and the disassembler. It fails if a register is spilled to memory, and if a
// product does without what it is written for.
package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "ptxtable: want the paths of ptxas and nvdisasm")
		os.Exit(2)
	}
	text, err := table(os.Args[1], os.Args[2])
	if err != nil {
		fmt.Fprintln(os.Stderr, "ptxtable:", err)
		os.Exit(1)
	}
	fmt.Print(text)
}

// A processor is a multiprocessor of an architecture.
type processor struct {
	arch   string
	shared int // bytes of shared memory
}

var processors = []processor{{"sm_80", 164 << 10}, {"sm_90", 228 << 10}}

// A usage is what one kernel needs on one architecture, in bytes where it is
// memory.
type usage struct{ registers, shared, stack, spilled int }

// blocks is how many blocks of so many threads a multiprocessor holds. It has
// 65536 registers, which a warp gets by 256 and four warps at a time, room for
// 64 warps and 32 blocks, and keeps 1 KiB of shared memory for each block.
func (p processor) blocks(u usage, threads int) int {
	warps := (threads + 31) / 32
	most := min(32, 64/warps, p.shared/(roundUp(u.shared, 128)+1024))
	if u.registers > 0 {
		most = min(most, 65536/roundUp(32*u.registers, 256)/4*4/warps)
	}
	return most
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }

// A kernel is a row of the table.
type kernel struct {
	concept, name string
	threads       int  // of its largest block, 0 if it does not say
	dynamic       bool // it has shared memory of a size that the launch says
	usage         []usage
	code          []code
}

func table(ptxas, nvdisasm string) (string, error) {
	version, err := exec.Command(ptxas, "--version").Output()
	if err != nil {
		return "", fmt.Errorf("%s --version: %w", ptxas, err)
	}
	files, err := filepath.Glob("kernels/ptx/*.ptx")
	if err != nil || len(files) == 0 {
		return "", fmt.Errorf("no kernels/ptx/*.ptx: is this the root of the repository? (%v)", err)
	}
	cubin := filepath.Join(os.TempDir(), fmt.Sprintf("ptxtable-%d.cubin", os.Getpid()))
	defer os.Remove(cubin)
	hash := sha256.New()
	var rows []kernel
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		hash.Write(text)
		kernels, err := assemble(ptxas, nvdisasm, cubin, file, string(text))
		if err != nil {
			return "", err
		}
		rows = append(rows, kernels...)
	}
	slices.SortFunc(rows, func(a, b kernel) int {
		return strings.Compare(a.concept+" "+a.name, b.concept+" "+b.name)
	})
	return render(rows, release(string(version)), fmt.Sprintf("%x", hash.Sum(nil))), errors.Join(spilled(rows), slow(rows))
}

// release is the version in what ptxas says of itself.
func release(text string) string {
	if m := regexp.MustCompile(`V[0-9.]+`).FindString(text); m != "" {
		return m
	}
	return strings.TrimSpace(text)
}

var bounds = regexp.MustCompile(`(?s)\.entry (\w+)\(.*?\)(.*?)\{(.*?)\n\}`)

var dynamic = regexp.MustCompile(`\.extern \.shared .*?(\w+)\[\]`)

var maxThreads = regexp.MustCompile(`\.maxntid (\d+), (\d+), (\d+)`)

// assemble returns the kernels of a file, which it assembles to cubin.
func assemble(ptxas, nvdisasm, cubin, file, text string) ([]kernel, error) {
	var kernels []kernel
	concept, _, _ := strings.Cut(filepath.Base(file), ".")
	for _, m := range bounds.FindAllStringSubmatch(text, -1) {
		k := kernel{concept: concept, name: m[1]}
		if array := dynamic.FindStringSubmatch(text); array != nil {
			k.dynamic = regexp.MustCompile(`\b` + array[1] + `\b`).MatchString(m[3])
		}
		if n := maxThreads.FindStringSubmatch(m[2]); n != nil {
			k.threads = number(n[1]) * number(n[2]) * number(n[3])
		}
		kernels = append(kernels, k)
	}
	for _, p := range processors {
		out, err := exec.Command(ptxas, "-v", "-arch="+p.arch, file, "-o", cubin).CombinedOutput()
		if err != nil {
			return nil, fmt.Errorf("%s for %s: %w: %s", file, p.arch, err, out)
		}
		used := usages(string(out))
		codes, err := disassemble(nvdisasm, cubin)
		if err != nil {
			return nil, err
		}
		for i := range kernels {
			u, ok := used[kernels[i].name]
			if !ok || len(used) != len(kernels) {
				return nil, fmt.Errorf("%s for %s: ptxas tells of %d kernels, want %d, with %s", file, p.arch, len(used), len(kernels), kernels[i].name)
			}
			kernels[i].usage = append(kernels[i].usage, u)
			c, ok := codes[kernels[i].name]
			if !ok {
				return nil, fmt.Errorf("%s for %s: nvdisasm does not show %s", file, p.arch, kernels[i].name)
			}
			kernels[i].code = append(kernels[i].code, c)
		}
	}
	return kernels, nil
}

var (
	compiling = regexp.MustCompile(`Compiling entry function '(\w+)'`)
	frame     = regexp.MustCompile(`(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads`)
	registers = regexp.MustCompile(`Used (\d+) registers`)
	shared    = regexp.MustCompile(`(\d+) bytes smem`)
)

// usages reads what ptxas -v says of each kernel.
func usages(output string) map[string]usage {
	all := map[string]usage{}
	name := ""
	for line := range strings.Lines(output) {
		if m := compiling.FindStringSubmatch(line); m != nil {
			name = m[1]
		}
		u := all[name]
		if m := frame.FindStringSubmatch(line); m != nil {
			u.stack, u.spilled = number(m[1]), number(m[2])+number(m[3])
		}
		if m := registers.FindStringSubmatch(line); m != nil {
			u.registers = number(m[1])
		}
		if m := shared.FindStringSubmatch(line); m != nil {
			u.shared = number(m[1])
		}
		if name != "" {
			all[name] = u
		}
	}
	return all
}

func number(digits string) int {
	n, err := strconv.Atoi(digits)
	if err != nil {
		panic(err) // the expressions let digits through only
	}
	return n
}

// spilled is an error that names the kernels that spill registers.
func spilled(rows []kernel) (err error) {
	for _, k := range rows {
		for i, u := range k.usage {
			if u.spilled > 0 {
				err = errors.Join(err, fmt.Errorf("%s spills %d bytes on %s, want none", k.name, u.spilled, processors[i].arch))
			}
		}
	}
	return err
}
