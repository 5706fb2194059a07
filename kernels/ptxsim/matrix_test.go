package ptxsim

import (
	"fmt"
	"math"
	"strings"
	"testing"
)

// An mmaForm is a form of mma.sync with the registers it takes.
type mmaForm struct {
	shape, d, ab, c string
	k, na, nb       int
}

// TestMMAForms multiplies matrices that the host packs into fragments as the
// PTX manual lays them out.
func TestMMAForms(t *testing.T) {
	for _, f := range []mmaForm{
		{"m16n8k16", "f32", "bf16", "f32", 16, 4, 2}, {"m16n8k8", "f32", "bf16", "f32", 8, 2, 1},
		{"m16n8k16", "f32", "f16", "f32", 16, 4, 2}, {"m16n8k8", "f16", "f16", "f16", 8, 2, 1}, {"m16n8k16", "f16", "f16", "f16", 16, 4, 2},
		{"m16n8k8", "f32", "tf32", "f32", 8, 4, 2}, {"m16n8k4", "f32", "tf32", "f32", 4, 2, 1},
	} {
		testMMA(t, f)
	}
}

func testMMA(t *testing.T, f mmaForm) {
	name := fmt.Sprintf("mma.sync.aligned.%s.row.col.%s.%s.%s.%s", f.shape, f.d, f.ab, f.ab, f.c)
	half := f.d == "f16"
	accumulators := 4
	if half {
		accumulators = 2
	}
	// Small integers are exact in every format.
	a := func(i, p int) float64 { return float64((i*7+p*3)%9 - 4) }
	b := func(p, j int) float64 { return float64((p*5+j*2)%7 - 3) }
	c := func(i, j int) float64 { return float64(i - 2*j) }
	n := f.na + f.nb + accumulators
	in := make([]uint32, 32*n)
	for lane := range 32 {
		g, q := lane/4, lane%4
		r := in[lane*n:]
		for x := range f.na {
			r[x] = f.fragment(func(p int) float64 { return a(g+x%2*8, p) }, q, x/2)
		}
		for x := range f.nb {
			r[f.na+x] = f.fragment(func(p int) float64 { return b(p, g) }, q, x)
		}
		for x := range 4 {
			v := c(g+x/2*8, 2*q+x%2)
			if half {
				r[f.na+f.nb+x/2] |= formatHalf.encode(v) << (x % 2 * 16)
			} else {
				r[f.na+f.nb+x] = bitsOf(float32(v))
			}
		}
	}
	out := runMMAForm(t, name, f, n, accumulators, in)
	for lane := range 32 {
		for x := range 4 {
			i, j := lane/4+x/2*8, lane%4*2+x%2
			want := c(i, j)
			for p := range f.k {
				want += a(i, p) * b(p, j)
			}
			got := float64(f32of(out[lane*4+x]))
			if half {
				got = halfTo64(low(out[lane*4+x/2] >> (x % 2 * 16)))
			}
			if !(math.Abs(got-want) <= 0) {
				t.Fatalf("%s: d[%d,%d] = %v, want %v", name, i, j, got, want)
			}
		}
	}
}

// fragment packs the elements along k that register x of a lane holds.
func (f mmaForm) fragment(at func(p int) float64, q, x int) uint32 {
	switch f.ab {
	case "tf32":
		return bitsOf(float32(at(q+4*x))) | 0xfff // the low bits are ignored
	case "bf16":
		return formatBfloat.encode(at(2*q+8*x)) | formatBfloat.encode(at(2*q+8*x+1))<<16
	}
	return formatHalf.encode(at(2*q+8*x)) | formatHalf.encode(at(2*q+8*x+1))<<16
}

func runMMAForm(t *testing.T, name string, f mmaForm, n, accumulators int, in []uint32) []uint32 {
	t.Helper()
	var load strings.Builder
	list := func(first, count int) string {
		var regs []string
		for i := range count {
			regs = append(regs, fmt.Sprintf("%%x%d", first+i))
		}
		return "{" + strings.Join(regs, ",") + "}"
	}
	for i := range n {
		fmt.Fprintf(&load, "ld.global.b32 %%x%d, [%%in+%d];\n", i, 4*i)
	}
	acc := list(f.na+f.nb, accumulators)
	ptx := fmt.Sprintf(".version 7.0\n.target sm_80\n.entry k(.param .u64 o, .param .u64 i) {\n.reg .b32 %%t, %%x<16>;\n.reg .b64 %%in, %%out;\n"+
		"mov.u32 %%t, %%tid.x;\nld.param.u64 %%in, [i];\nmad.wide.u32 %%in, %%t, %d, %%in;\nld.param.u64 %%out, [o];\nmad.wide.u32 %%out, %%t, 16, %%out;\n%s"+
		"%s\n %s, %s,\n %s, %s;\n", 4*n, load.String(), name, acc, list(0, f.na), list(f.na, f.nb), acc)
	for i := range accumulators {
		ptx += fmt.Sprintf("st.global.b32 [%%out+%d], %%x%d;\n", 4*i, f.na+f.nb+i)
	}
	d := New(Config{})
	k := kernelOf(t, d, ptx+"ret;\n}\n", "k")
	out := alloc[uint32](t, d, 128)
	launchOK(t, d, k, dim(1, 1), dim(32, 1), 0, out, upload(t, d, in))
	return download[uint32](t, d, out, 128)
}

// TestLdmatrix loads matrices whose elements tell their place.
func TestLdmatrix(t *testing.T) {
	for _, c := range []struct {
		form string
		n    int
	}{{"x1", 1}, {"x2", 2}, {"x4", 4}, {"x1.trans", 1}, {"x4.trans", 4}} {
		for reg := range c.n {
			regs := "{%a0,%a1,%a2,%a3}"[:c.n*4] + "}"
			// Halfword i of buf is i; lane l names row l.
			text := "mov.u64 %d1, buf;\ncvt.u32.u64 %a5, %d1;\nmov.b32 %a6, 0;\n$L1: mad.lo.u32 %a7, %a6, 32, %t;\nmad.lo.u32 %a8, %a7, 2, %a5;\nst.shared.u16 [%a8], %a7;\n" +
				"add.u32 %a6, %a6, 1;\nsetp.lt.u32 %p1, %a6, 8;\n@%p1 bra $L1;\nbar.sync 0;\nmad.lo.u32 %a8, %t, 16, %a5;\n" +
				"ldmatrix.sync.aligned.m8n8." + c.form + ".shared.b16 " + regs + ", [%a8];\nmov.b32 %r, %a" + fmt.Sprint(reg) + ";"
			got, err := runBody(t, text, 32)
			if err != nil {
				t.Fatal(err)
			}
			for lane, g := range got {
				row, col := lane/4, lane%4*2
				want := uint32(64*reg+8*row+col) | uint32(64*reg+8*row+col+1)<<16
				if strings.Contains(c.form, "trans") {
					want = uint32(64*reg+8*col+row) | uint32(64*reg+8*(col+1)+row)<<16
				}
				if g != want {
					t.Fatalf("%s: register %d of lane %d: %#x, want %#x", c.form, reg, lane, g, want)
				}
			}
		}
	}
}

// TestAsyncCopy checks sizes, zero fill and the order of groups.
func TestAsyncCopy(t *testing.T) {
	start := "mov.u64 %d1, buf;\ncvt.u32.u64 %a5, %d1;\nmad.lo.u32 %a6, %t, 16, %a5;\nst.global.u32 [%o], %t;\nbar.sync 0;\n"
	for _, c := range []struct {
		name, text string
		want       uint32
	}{
		{"4 bytes", "cp.async.ca.shared.global [%a6], [%o], 4;\ncp.async.wait_all;\nld.shared.u32 %r, [%a6];", 1},
		{"zero fill", "cp.async.ca.shared.global [%a6], [%o], 4, 0;\ncp.async.wait_all;\nld.shared.u32 %r, [%a6];\nadd.u32 %r, %r, %t;\n", 1},
		{"groups in order", "cp.async.ca.shared.global [%a6], [%o], 4;\ncp.async.commit_group;\ncp.async.ca.shared.global [%a6+4], [%o], 4;\ncp.async.commit_group;\ncp.async.wait_group 1;\nld.shared.u32 %r, [%a6];\ncp.async.wait_group 0;\nld.shared.u32 %a7, [%a6+4];\nadd.u32 %r, %r, %a7;", 2},
	} {
		got, err := runBody(t, start+c.text, 32)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for i, g := range got {
			if w := c.want * uint32(i); g != w {
				t.Errorf("%s: thread %d: %d, want %d", c.name, i, g, w)
			}
		}
	}
	_, err := runBody(t, start+"cp.async.ca.shared.global [%a6], [%o], 4;\ncp.async.wait_group 0;\nld.shared.u32 %r, [%a6];", 32)
	wantFault(t, err, InFlight) // never committed
}
