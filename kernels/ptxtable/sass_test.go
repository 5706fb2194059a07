package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

const shown = `	.section	.text.conv2d_x,"ax",@progbits
.text.conv2d_x:
        /*0000*/                   MOV R1, c[0x0][0x28] ;
        /*0010*/              @!P1 LDGSTS.E.BYPASS.128 [R17], [R4.64], P1 ;
        /*0020*/                   HMMA.1688.F32.TF32 R4, R8, R10, R4 ;
        /*0030*/                   LDSM.16.M88.4 R4, [R8] ;
        /*0040*/                   LDG.E.128 R4, [R8.64] ;
        /*0050*/               @P0 STG.E.128 [R8.64], R4 ;
        /*0060*/                   STG.E [R8.64], R4 ;
        /*0070*/                   STL.128 [R1], R4 ;
	.section	.text.other,"ax",@progbits
        /*0000*/                   EXIT ;
`

func TestCount(t *testing.T) {
	got := count(shown)
	if len(got) != 2 || got["conv2d_x"] != (code{8, 1, 1, 1, 1, 1, 1, 1}) || got["other"] != (code{all: 1}) {
		t.Errorf("%+v", got)
	}
}

func TestSlow(t *testing.T) {
	good := code{all: 9, products: 4, copies: 2, stores: 1}
	for want, c := range map[string]code{
		"":                      good,
		"k on sm_80: 3 loads":   {products: 4, copies: 2, stores: 1, toOwn: 3},
		"k on sm_80: 0 HMMA, 2": {copies: 2, stores: 1},
		"k on sm_80: 4 HMMA, 0": {products: 4, stores: 1},
		"2 LDGSTS.128 and 0":    {products: 4, copies: 2},
	} {
		err := slow([]kernel{{concept: "conv2d_f16", name: "k", code: []code{c, good}}})
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
	if err := slow([]kernel{{concept: "sgd", name: "k", code: []code{{}}}}); err != nil {
		t.Error(err)
	}
}

// The committed page shows the machine code of every product on tensor cores, and
// that it multiplies there.
func TestPageOfProducts(t *testing.T) {
	page, err := os.ReadFile("../../docs/kernels.md")
	if err != nil {
		t.Fatal(err)
	}
	for module, least := range map[string]int{"tf32": 15, "f16": 15, "bf16": 15, "halo_tf32": 9, "halo_f16": 9, "halo_bf16": 9} {
		text, err := os.ReadFile("../ptx/conv2d_" + module + ".sm_80.ptx")
		if err != nil {
			t.Fatal(err)
		}
		names := regexp.MustCompile(`\.entry (\w+)\(`).FindAllStringSubmatch(string(text), -1)
		if len(names) < least {
			t.Errorf("%s has %d kernels", module, len(names))
		}
		for _, name := range names { // instructions, HMMA, LDGSTS, LDSM, LDG, STG, fewer, LDL and STL
			row := regexp.MustCompile(`(?m)^\| ` + name[1] + ` \| [1-9][0-9 /]* \| [1-9][0-9 /]* \| [1-9][0-9 /]* \| [0-9 /]+ \| [0-9 /]+ \| [1-9][0-9 /]* \| [0-9 /]+ \| 0 \|$`)
			if !row.Match(page) {
				t.Errorf("docs/kernels.md has no good row for %s: run ./build.sh ptxas", name[1])
			}
		}
	}
}
