package main

import (
	"fmt"
	"strings"
)

// render writes the page of the table.
func render(rows []kernel, version, hash string) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<!-- Written by ./build.sh ptxas; do not edit. -->
# What the kernels need

What NVIDIA's assembler, ptxas %s, makes of the committed PTX, for compute capability 8.0 (A100) and 9.0 (H100):

    ptxas -v -arch=sm_80 kernels/ptx/MODULE.sm_80.ptx -o /dev/null     (and -arch=sm_90)

Nothing here was measured on a GPU. Where there is one number it is the same for both. Threads are those of the largest block;
shared memory is static, in bytes. Blocks are how many fit into a multiprocessor at once: it has 65536 registers, given out by 256 to
a warp and to four warps at a time, room for 2048 threads and 32 blocks, and 164 or 228 KiB of shared memory, 1 KiB of it lost to each
block. Kernels with dynamic shared memory too, of a size that the launch says, may fit less often: at most so often.

The PTX has the sha256 %s (cat kernels/ptx/*.ptx | sha256sum).

| module | kernel | threads | registers | shared memory | stack | spills | blocks | warps |
|---|---|---:|---:|---:|---:|---:|---:|---:|
`, version, hash)
	for _, k := range rows {
		column := func(of func(i int, u usage) string) string { return both(k.usage, of) }
		field := func(of func(u usage) int) string {
			return column(func(_ int, u usage) string { return fmt.Sprint(of(u)) })
		}
		threads, blocks, warps := "any", "", ""
		if k.threads > 0 {
			threads = fmt.Sprint(k.threads)
			blocks = column(func(i int, u usage) string { return fmt.Sprint(processors[i].blocks(u, k.threads)) })
			warps = column(func(i int, u usage) string {
				return fmt.Sprint(processors[i].blocks(u, k.threads) * ((k.threads + 31) / 32))
			})
		}
		memory := field(func(u usage) int { return u.shared })
		if k.dynamic {
			memory, blocks, warps = memory+" + dynamic", "≤ "+blocks, "≤ "+warps
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", k.concept, k.name, threads,
			field(func(u usage) int { return u.registers }), memory,
			field(func(u usage) int { return u.stack }), field(func(u usage) int { return u.spilled }), blocks, warps)
	}
	renderCode(&b, rows)
	return b.String()
}

// both is what of says of each architecture, once where it is the same.
func both[T any](all []T, of func(i int, v T) string) string {
	first := of(0, all[0])
	for i, v := range all[1:] {
		if next := of(i+1, v); next != first {
			return first + " / " + next
		}
	}
	return first
}

// renderCode appends the table of the products on tensor cores.
func renderCode(b *strings.Builder, rows []kernel) {
	b.WriteString(`
## The products on tensor cores, as machine code

Instructions in the whole kernel, as nvdisasm shows them: HMMA multiplies, LDGSTS copies 16 bytes from global to shared memory, LDSM is
ldmatrix, LDG and STG (or LD and ST) move 16 bytes, "fewer" is both with less, LDL and STL are what registers that do not suffice would cost. TF32 is
turned by loads of single words, which ldmatrix cannot do. The way for results that are not aligned is there too and explains the
stores of fewer bytes. The parts of a gradient of 3 x 3 weights are stored from the registers by 8 bytes, a sector by four lanes.

| kernel | instructions | HMMA | LDGSTS.128 | LDSM | LDG.128 | STG.128 | fewer | LDL, STL |
|---|---:|---:|---:|---:|---:|---:|---:|---:|
`)
	for _, k := range rows {
		if !k.onTensorCores() {
			continue
		}
		fmt.Fprintf(b, "| %s", k.name)
		for _, of := range []func(c code) int{
			func(c code) int { return c.all }, func(c code) int { return c.products }, func(c code) int { return c.copies }, func(c code) int { return c.matrices },
			func(c code) int { return c.loads }, func(c code) int { return c.stores }, func(c code) int { return c.divided }, func(c code) int { return c.toOwn },
		} {
			fmt.Fprintf(b, " | %s", both(k.code, func(_ int, c code) string { return fmt.Sprint(of(c)) }))
		}
		b.WriteString(" |\n")
	}
}
