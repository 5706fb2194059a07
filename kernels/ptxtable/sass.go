package main

import (
	"errors"
	"fmt"
	"os/exec"
	"regexp"
	"strings"
)

// A code is how many instructions of a kind the machine code of a kernel has.
type code struct {
	all      int
	products int // HMMA: a multiplication of a warp on tensor cores
	copies   int // LDGSTS of 16 bytes: from global to shared memory, past the registers
	matrices int // LDSM: ldmatrix
	loads    int // LDG or LD and
	stores   int // STG or ST of 16 bytes
	divided  int // both of fewer
	toOwn    int // LDL and STL: memory of a thread, where registers do not suffice
}

var (
	section     = regexp.MustCompile(`^\s*\.section\s+\.text\.(\w+),`)
	instruction = regexp.MustCompile(`^\s+/\*[0-9a-f]+\*/\s+(?:@!?U?P\w+\s+)?([A-Z][A-Z0-9_.]*)`)
)

// count reads what nvdisasm prints: the instructions of each kernel.
func count(text string) map[string]code {
	all, name := map[string]code{}, ""
	for line := range strings.Lines(text) {
		if m := section.FindStringSubmatch(line); m != nil {
			name = m[1]
			continue
		}
		m := instruction.FindStringSubmatch(line)
		if m == nil || name == "" {
			continue
		}
		c, kind, wide := all[name], strings.SplitN(m[1], ".", 2)[0], strings.HasSuffix(m[1], ".128") || strings.Contains(m[1], ".128.")
		c.all++
		switch {
		case kind == "HMMA":
			c.products++
		case kind == "LDGSTS" && wide:
			c.copies++
		case kind == "LDSM":
			c.matrices++
		case (kind == "LDG" || kind == "LD") && wide:
			c.loads++
		case (kind == "STG" || kind == "ST") && wide:
			c.stores++
		case kind == "LDG" || kind == "STG" || kind == "LD" || kind == "ST":
			c.divided++
		case kind == "LDL" || kind == "STL":
			c.toOwn++
		}
		all[name] = c
	}
	return all
}

// disassemble returns the counts of an assembled module.
func disassemble(nvdisasm, cubin string) (map[string]code, error) {
	out, err := exec.Command(nvdisasm, "-c", cubin).Output()
	if err != nil {
		return nil, fmt.Errorf("%s -c %s: %w", nvdisasm, cubin, err)
	}
	return count(string(out)), nil
}

// onTensorCores tells of the kernels that conv2d_mma.cuh and conv2d_halo*.cuh make.
func (k kernel) onTensorCores() bool {
	return strings.HasPrefix(k.concept, "conv2d_") && k.concept != "conv2d_scalar" && k.concept != "conv2d_parts"
}

// slow is an error that names the kernels whose machine code is not what their
// source means.
func slow(rows []kernel) (err error) {
	for _, k := range rows {
		for i, c := range k.code {
			complain := func(what string) {
				err = errors.Join(err, fmt.Errorf("%s on %s: %s", k.name, processors[i].arch, what))
			}
			if c.toOwn > 0 {
				complain(fmt.Sprintf("%d loads and stores of a thread's own memory, want none", c.toOwn))
			}
			if k.onTensorCores() && (c.products == 0 || c.copies == 0 || c.stores == 0) {
				complain(fmt.Sprintf("%d HMMA, %d LDGSTS.128 and %d STG.128, want some of each", c.products, c.copies, c.stores))
			}
		}
	}
	return err
}
