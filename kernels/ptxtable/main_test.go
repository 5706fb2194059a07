package main

import (
	"strings"
	"testing"
)

const said = `ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'two' for 'sm_80'
ptxas info    : Function properties for two
    16 bytes stack frame, 8 bytes spill stores, 4 bytes spill loads
ptxas info    : Used 64 registers, used 1 barriers, 640 bytes smem, 432 bytes cmem[0]
ptxas info    : Compiling entry function 'one' for 'sm_80'
ptxas info    : Function properties for one
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 10 registers, 372 bytes cmem[0]
`

func TestUsages(t *testing.T) {
	got := usages(said)
	if len(got) != 2 || got["two"] != (usage{64, 640, 16, 12}) || got["one"] != (usage{registers: 10}) {
		t.Errorf("%+v", got)
	}
}

// The numbers of resident blocks are those of NVIDIA's occupancy calculator.
func TestBlocks(t *testing.T) {
	for _, c := range []struct {
		u       usage
		threads int
		want    [2]int
	}{
		{usage{registers: 32}, 256, [2]int{8, 8}},
		{usage{registers: 33}, 256, [2]int{6, 6}},
		{usage{registers: 128}, 256, [2]int{2, 2}},
		{usage{registers: 255}, 128, [2]int{2, 2}},
		{usage{registers: 16}, 32, [2]int{32, 32}},
		{usage{registers: 64}, 1024, [2]int{1, 1}},
		{usage{registers: 32, shared: 48 << 10}, 256, [2]int{3, 4}},
		{usage{registers: 32, shared: 33792}, 256, [2]int{4, 6}},
	} {
		for i, p := range processors {
			if got := p.blocks(c.u, c.threads); got != c.want[i] {
				t.Errorf("%s: %+v in blocks of %d: %d blocks, want %d", p.arch, c.u, c.threads, got, c.want[i])
			}
		}
	}
}

func TestRender(t *testing.T) {
	rows := []kernel{
		{"m", "k", 256, false, []usage{{registers: 40, shared: 1024}, {registers: 32, shared: 1024}}, []code{{}, {}}},
		{"m", "l", 0, false, []usage{{registers: 8}, {registers: 8}}, []code{{}, {}}},
		{"m", "n", 128, true, []usage{{registers: 128}, {registers: 128}}, []code{{}, {}}},
	}
	page := render(rows, "V1.2", "abc")
	for _, want := range []string{
		"| m | k | 256 | 40 / 32 | 1024 | 0 | 0 | 6 / 8 | 48 / 64 |\n", "| m | l | any | 8 | 0 | 0 | 0 |  |  |\n", "| m | n | 128 | 128 | 0 + dynamic | 0 | 0 | ≤ 4 | ≤ 16 |\n",
		"ptxas V1.2", "sha256 abc",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in:\n%s", want, page)
		}
	}
	if err := spilled(rows); err != nil {
		t.Error(err)
	}
	rows[1].usage[1].spilled = 4
	if err := spilled(rows); err == nil || !strings.Contains(err.Error(), "l spills 4 bytes on sm_90") {
		t.Errorf("spilled: %v", err)
	}
}

// A header is read with its bounds, and one without them too.
func TestBounds(t *testing.T) {
	text := ".visible .entry a(\n\t.param .u64 a_param_0\n)\n.maxntid 32, 8, 1\n.minnctapersm 2\n{\n\tret;\n}\n.visible .entry b(\n\t.param .u32 b_param_0\n)   // @b\n{\n\tret;\n}\n"
	m := bounds.FindAllStringSubmatch(text, -1)
	if len(m) != 2 || m[0][1] != "a" || !maxThreads.MatchString(m[0][2]) || m[1][1] != "b" || maxThreads.MatchString(m[1][2]) {
		t.Errorf("%q", m)
	}
}
