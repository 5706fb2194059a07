package ptxsim

import (
	"fmt"
	"math"
	"math/big"
	"math/bits"
	"math/rand/v2"
	"strings"
	"testing"

	"lbsam/kernels/driver"
)

// An opCase is one instruction and what it should compute from three 64-bit
// inputs. The instruction reads %ra %rb %rc (low 32 bits), %ha %hb %hc (low
// 16), %da %db %dc and the predicate %pa (bit 0 of a), and writes %r, %h, %d
// or %p, which result names.
type opCase struct {
	op     string
	result string
	want   func(a, b, c uint64) uint64
}

const opTemplate = `.version 7.0
.target sm_80
.address_size 64
.visible .entry k(.param .u64 k_out, .param .u64 k_in)
{
	.reg .pred %%p, %%pa, %%q;
	.reg .b16 %%h, %%ha, %%hb, %%hc;
	.reg .b32 %%r, %%ra, %%rb, %%rc, %%t<2>;
	.reg .b64 %%d, %%da, %%db, %%dc, %%at, %%out;
	ld.param.u64 %%at, [k_in];
	ld.param.u64 %%out, [k_out];
	mov.u32 %%t0, %%tid.x;
	mad.wide.u32 %%at, %%t0, 24, %%at;
	mad.wide.u32 %%out, %%t0, 8, %%out;
	ld.global.v2.u64 {%%da, %%db}, [%%at];
	ld.global.u64 %%dc, [%%at+16];
	cvt.u32.u64 %%ra, %%da;
	cvt.u32.u64 %%rb, %%db;
	cvt.u32.u64 %%rc, %%dc;
	cvt.u16.u64 %%ha, %%da;
	cvt.u16.u64 %%hb, %%db;
	cvt.u16.u64 %%hc, %%dc;
	and.b32 %%t1, %%ra, 1;
	setp.ne.u32 %%pa, %%t1, 0;
	%s;
	%s
	st.global.u64 [%%out], %%d;
	ret;
}
`

// widen turns the result of an opCase into %d.
var widen = map[string]string{
	"r": "cvt.u64.u32 %d, %r;", "h": "cvt.u64.u16 %d, %h;", "d": "", "p": "selp.u64 %d, 1, 0, %p;",
}

// runOp returns the results of an instruction for inputs of three numbers.
func runOp(t *testing.T, c opCase, in []uint64) []uint64 {
	t.Helper()
	d := New(Config{})
	ptx := fmt.Sprintf(opTemplate, c.op, widen[c.result])
	ptx = strings.Replace(ptx, "ld.global.v2.u64 {%da, %db}, [%at];", "ld.global.u64 %da, [%at];\n\tld.global.u64 %db, [%at+8];", 1)
	k := kernelOf(t, d, ptx, "k")
	n := len(in) / 3
	out := alloc[uint64](t, d, n)
	launchOK(t, d, k, dim(1, 1), dim(n, 1), 0, out, upload(t, d, in))
	return download[uint64](t, d, out, n)
}

// inputs returns n triples, among them the awkward numbers.
func inputs(n int) []uint64 {
	special := []uint64{0, 1, 2, 31, 32, 33, 63, 64, 1<<31 - 1, 1 << 31, 1<<32 - 1, 1 << 63, 1<<63 - 1, ^uint64(0),
		0x8000, 0x7fff, 0x3f800000, 0xbf800000, 0x7f800000, 0xff800000, 0x7fc00000, 1, 0x80000001, 0x00800000,
		0x3c00, 0x7c00, 0x7e00, 0x0001, math.Float64bits(1.5), math.Float64bits(math.NaN()), 0x4b000001, 0x3f000000}
	r := rand.New(rand.NewPCG(1, 2))
	in := make([]uint64, 3*n)
	for i := range in {
		switch r.IntN(3) {
		case 0:
			in[i] = special[r.IntN(len(special))]
		case 1:
			in[i] = uint64(math.Float32bits(float32(r.NormFloat64())))
		default:
			in[i] = r.Uint64()
		}
	}
	return in
}

func checkOps(t *testing.T, cases []opCase, same func(got, want uint64) bool) {
	t.Helper()
	in := inputs(512)
	for _, c := range cases {
		got := runOp(t, c, in)
		for i, g := range got {
			a, b, cc := in[3*i], in[3*i+1], in[3*i+2]
			if w := c.want(a, b, cc); g != w && (same == nil || !same(g, w)) {
				t.Errorf("%s: a=%#x b=%#x c=%#x: got %#x, want %#x", c.op, a, b, cc, g, w)
				break
			}
		}
	}
}

func u32(f func(a, b, c uint32) uint32) func(a, b, c uint64) uint64 {
	return func(a, b, c uint64) uint64 { return uint64(f(uint32(a), uint32(b), uint32(c))) }
}

func TestIntegerOps(t *testing.T) {
	bigHi := func(a, b *big.Int) uint64 {
		p := new(big.Int).Mul(a, b)
		return new(big.Int).And(p.Rsh(p, 64), new(big.Int).SetUint64(^uint64(0))).Uint64()
	}
	checkOps(t, []opCase{
		{"add.s32 %r, %ra, %rb", "r", u32(func(a, b, c uint32) uint32 { return a + b })},
		{"add.sat.s32 %r, %ra, %rb", "r", u32(func(a, b, c uint32) uint32 {
			return uint32(int32(max(min(int64(int32(a))+int64(int32(b)), math.MaxInt32), math.MinInt32)))
		})},
		{"add.u64 %d, %da, %db", "d", func(a, b, c uint64) uint64 { return a + b }},
		{"add.s16 %h, %ha, %hb", "h", func(a, b, c uint64) uint64 { return uint64(uint16(a + b)) }},
		{"sub.s32 %r, %ra, -5", "r", u32(func(a, b, c uint32) uint32 { return a + 5 })},
		{"sub.s64 %d, %da, %db", "d", func(a, b, c uint64) uint64 { return a - b }},
		{"mul.lo.s32 %r, %ra, %rb", "r", u32(func(a, b, c uint32) uint32 { return a * b })},
		{"mul.hi.u32 %r, %ra, %rb", "r", u32(func(a, b, c uint32) uint32 { h, _ := bits.Mul32(a, b); return h })},
		{"mul.hi.s32 %r, %ra, %rb", "r", u32(func(a, b, c uint32) uint32 { return uint32(int64(int32(a)) * int64(int32(b)) >> 32) })},
		{"mul.hi.u64 %d, %da, %db", "d", func(a, b, c uint64) uint64 { h, _ := bits.Mul64(a, b); return h }},
		{"mul.hi.s64 %d, %da, %db", "d", func(a, b, c uint64) uint64 { return bigHi(big.NewInt(int64(a)), big.NewInt(int64(b))) }},
		{"mul.wide.s32 %d, %ra, %rb", "d", func(a, b, c uint64) uint64 { return uint64(int64(int32(a)) * int64(int32(b))) }},
		{"mul.wide.u32 %d, %ra, %rb", "d", func(a, b, c uint64) uint64 { return uint64(uint32(a)) * uint64(uint32(b)) }},
		{"mul.wide.s16 %r, %ha, %hb", "r", func(a, b, c uint64) uint64 { return uint64(uint32(int32(int16(a)) * int32(int16(b)))) }},
		{"mad.lo.s32 %r, %ra, %rb, %rc", "r", u32(func(a, b, c uint32) uint32 { return a*b + c })},
		{"mad.wide.s32 %d, %ra, %rb, %dc", "d", func(a, b, c uint64) uint64 { return uint64(int64(int32(a))*int64(int32(b))) + c }},
		{"mad.lo.u64 %d, %da, %db, %dc", "d", func(a, b, c uint64) uint64 { return a*b + c }},
		{"div.s32 %r, %ra, 7", "r", u32(func(a, b, c uint32) uint32 { return uint32(int32(a) / 7) })},
		{"div.u64 %d, %da, 10", "d", func(a, b, c uint64) uint64 { return a / 10 }},
		{"rem.s32 %r, %ra, -3", "r", u32(func(a, b, c uint32) uint32 { return uint32(int32(a) % -3) })},
		{"rem.u32 %r, %ra, 10", "r", u32(func(a, b, c uint32) uint32 { return a % 10 })},
		{"min.s32 %r, %ra, %rb", "r", u32(func(a, b, c uint32) uint32 { return uint32(min(int32(a), int32(b))) })},
		{"max.u32 %r, %ra, %rb", "r", u32(func(a, b, c uint32) uint32 { return max(a, b) })},
		{"min.s64 %d, %da, %db", "d", func(a, b, c uint64) uint64 { return uint64(min(int64(a), int64(b))) }},
		{"max.s16 %h, %ha, %hb", "h", func(a, b, c uint64) uint64 { return uint64(uint16(max(int16(a), int16(b)))) }},
		{"abs.s32 %r, %ra", "r", u32(func(a, b, c uint32) uint32 { return uint32(max(int32(a), -int32(a))) })},
		{"neg.s64 %d, %da", "d", func(a, b, c uint64) uint64 { return -a }},
		{"popc.b32 %r, %ra", "r", u32(func(a, b, c uint32) uint32 { return uint32(bits.OnesCount32(a)) })},
		{"popc.b64 %r, %da", "r", func(a, b, c uint64) uint64 { return uint64(bits.OnesCount64(a)) }},
		{"clz.b32 %r, %ra", "r", u32(func(a, b, c uint32) uint32 { return uint32(bits.LeadingZeros32(a)) })},
		{"brev.b32 %r, %ra", "r", u32(func(a, b, c uint32) uint32 { return bits.Reverse32(a) })},
		{"bfind.u32 %r, %ra", "r", u32(func(a, b, c uint32) uint32 { return uint32(31 - bits.LeadingZeros32(a)) })},
		{"dp4a.s32.u32 %r, %ra, %rb, %rc", "r", u32(func(a, b, c uint32) uint32 {
			for i := 0; i < 32; i += 8 {
				c += uint32(int32(int8(a>>i)) * int32(uint8(b>>i)))
			}
			return c
		})},
		{"sad.u32 %r, %ra, %rb, %rc", "r", u32(func(a, b, c uint32) uint32 { return max(a, b) - min(a, b) + c })},
	}, nil)
}

func TestLogicOps(t *testing.T) {
	checkOps(t, []opCase{
		{"and.b32 %r, %ra, %rb", "r", u32(func(a, b, c uint32) uint32 { return a & b })},
		{"or.b16 %h, %ha, %hb", "h", func(a, b, c uint64) uint64 { return uint64(uint16(a | b)) }},
		{"xor.b64 %d, %da, %db", "d", func(a, b, c uint64) uint64 { return a ^ b }},
		{"not.b32 %r, %ra", "r", u32(func(a, b, c uint32) uint32 { return ^a })},
		{"not.pred %p, %pa", "p", func(a, b, c uint64) uint64 { return a&1 ^ 1 }},
		{"shl.b32 %r, %ra, %rb", "r", u32(func(a, b, c uint32) uint32 { return a << b })},
		{"shr.u32 %r, %ra, %rb", "r", u32(func(a, b, c uint32) uint32 { return a >> b })},
		{"shr.s32 %r, %ra, %rb", "r", u32(func(a, b, c uint32) uint32 { return uint32(int32(a) >> b) })},
		{"shr.s16 %h, %ha, %rb", "h", func(a, b, c uint64) uint64 { return uint64(uint16(int16(a) >> uint32(b))) }},
		{"shl.b64 %d, %da, %rb", "d", func(a, b, c uint64) uint64 { return a << uint32(b) }},
		{"shr.s64 %d, %da, %rb", "d", func(a, b, c uint64) uint64 { return uint64(int64(a) >> uint32(b)) }},
		{"shf.l.wrap.b32 %r, %ra, %rb, %rc", "r", u32(func(a, b, c uint32) uint32 { return uint32((uint64(b)<<32 | uint64(a)) << (c & 31) >> 32) })},
		{"shf.r.clamp.b32 %r, %ra, %rb, %rc", "r", u32(func(a, b, c uint32) uint32 { return uint32((uint64(b)<<32 | uint64(a)) >> min(c, 32)) })},
		{"lop3.b32 %r, %ra, %rb, %rc, 0xe8", "r", u32(func(a, b, c uint32) uint32 { return a&b | a&c | b&c })},
		{"bfe.u32 %r, %ra, 5, 7", "r", u32(func(a, b, c uint32) uint32 { return a >> 5 & 127 })},
		{"bfe.s32 %r, %ra, 28, 8", "r", u32(func(a, b, c uint32) uint32 { return uint32(int32(a) >> 28) })},
		{"bfe.u64 %d, %da, 40, 30", "d", func(a, b, c uint64) uint64 { return a >> 40 }},
		{"bfi.b32 %r, %ra, %rb, 4, 8", "r", u32(func(a, b, c uint32) uint32 { return b&^0xff0 | a&0xff<<4 })},
		{"prmt.b32 %r, %ra, %rb, 0x7401", "r", u32(func(a, b, c uint32) uint32 { return b>>24<<24 | b&0xff<<16 | a&0xff<<8 | a>>8&0xff })},
		{"prmt.b32 %r, %ra, %rb, 0xbbbb", "r", u32(func(a, b, c uint32) uint32 { return uint32(int32(a) >> 31) })},
		{"setp.lt.s32 %p, %ra, %rb", "p", func(a, b, c uint64) uint64 { return bit(int32(a) < int32(b)) }},
		{"setp.ge.u32 %p, %ra, %rb", "p", func(a, b, c uint64) uint64 { return bit(uint32(a) >= uint32(b)) }},
		{"setp.ne.b32 %p, %ra, %rb", "p", func(a, b, c uint64) uint64 { return bit(uint32(a) != uint32(b)) }},
		{"setp.gt.s64 %p, %da, %db", "p", func(a, b, c uint64) uint64 { return bit(int64(a) > int64(b)) }},
		{"setp.hi.u64 %p, %da, %db", "p", func(a, b, c uint64) uint64 { return bit(a > b) }},
		{"setp.le.s16 %p, %ha, %hb", "p", func(a, b, c uint64) uint64 { return bit(int16(a) <= int16(b)) }},
		{"setp.lt.and.u32 %p|%q, %ra, %rb, %pa", "p", func(a, b, c uint64) uint64 { return bit(uint32(a) < uint32(b) && a&1 == 1) }},
		{"setp.eq.or.u32 %p, %ra, %rb, !%pa", "p", func(a, b, c uint64) uint64 { return bit(uint32(a) == uint32(b) || a&1 == 0) }},
		{"setp.lt.f32 %p, %ra, %rb", "p", func(a, b, c uint64) uint64 { return bit(f32of(uint32(a)) < f32of(uint32(b))) }},
		{"setp.neu.f32 %p, %ra, %rb", "p", func(a, b, c uint64) uint64 { return bit(f32of(uint32(a)) != f32of(uint32(b))) }},
		{"setp.nan.f32 %p, %ra, %rb", "p", func(a, b, c uint64) uint64 {
			return bit(f32of(uint32(a)) != f32of(uint32(a)) || f32of(uint32(b)) != f32of(uint32(b)))
		}},
		{"setp.geu.f64 %p, %da, %db", "p", func(a, b, c uint64) uint64 { return bit(!(f64of(a) < f64of(b))) }},
		{"selp.b32 %r, %ra, %rb, %pa", "r", func(a, b, c uint64) uint64 { return uint64(uint32(map[bool]uint64{true: a, false: b}[a&1 == 1])) }},
		{"selp.b64 %d, %da, %db, %pa", "d", func(a, b, c uint64) uint64 { return map[bool]uint64{true: a, false: b}[a&1 == 1] }},
		{"mov.b64 %d, {%ra, %rb}", "d", func(a, b, c uint64) uint64 { return a&0xffffffff | b<<32 }},
		{"mov.b64 {%t1, %r}, %da", "r", func(a, b, c uint64) uint64 { return a >> 32 }},
		{"mov.b32 %r, {%ha, %hb}", "r", func(a, b, c uint64) uint64 { return a&0xffff | b&0xffff<<16 }},
		{"@%pa mov.b32 %rb, 7; mov.u32 %r, %rb", "r", func(a, b, c uint64) uint64 {
			if a&1 == 1 {
				return 7
			}
			return uint64(uint32(b))
		}},
	}, nil)
}

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// TestMemoryForms reads and writes every width and vector form in every state
// space.
func TestMemoryForms(t *testing.T) {
	in := make([]uint8, 64)
	for i := range in {
		in[i] = uint8(0x81 + 7*i)
	}
	for _, sp := range []string{"global", "shared", "local", ""} {
		for _, f := range []struct{ typ, regs, class string }{
			{"u8", "%h0", "b16"}, {"s8", "%h0", "b16"}, {"u16", "%h0", "b16"}, {"b32", "%h0", "b32"}, {"f64", "%h0", "b64"},
			{"v2.u8", "{%h0,%h1}", "b16"}, {"v4.u8", "{%h0,%h1,%h2,%h3}", "b16"}, {"v2.b16", "{%h0,%h1}", "b16"},
			{"v4.u16", "{%h0,%h1,%h2,%h3}", "b16"}, {"v2.f32", "{%h0,%h1}", "f32"}, {"v4.f32", "{%h0,%h1,%h2,%h3}", "f32"},
			{"v2.u64", "{%h0,%h1}", "b64"}, {"u8", "%h0", "b32"}, {"u32", "%h0", "b64"},
		} {
			testForm(t, in, sp, f.typ, f.regs, f.class)
		}
	}
}

func testForm(t *testing.T, in []uint8, sp, typ, regs, class string) {
	d := New(Config{})
	dot := "." + sp
	if sp == "" {
		dot = ""
	}
	addr := map[string]string{"shared": "mov.u64 %a, buf;", "local": "mov.u64 %a, depot;", "global": "mov.u64 %a, %out;", "": "mov.u64 %a, buf;\ncvta.shared.u64 %a, %a;"}[sp]
	ptx := fmt.Sprintf(".version 7.0\n.target sm_80\n.entry k(.param .u64 o, .param .u64 i) {\n.reg .b64 %%a, %%in, %%out;\n.reg .%s %%h<4>;\n"+
		".shared .align 16 .b8 buf[64];\n.local .align 16 .b8 depot[64];\n"+
		"ld.param.u64 %%out, [o];\nld.param.u64 %%in, [i];\n%s\n"+
		"ld.global.nc.%s %s, [%%in+16];\nst%s.%s [%%a], %s;\nld%s.%s %s, [%%a];\nst.global.%s [%%out], %s;\nret;\n}\n",
		class, addr, typ, regs, dot, typ, regs, dot, typ, regs, typ, regs)
	k := kernelOf(t, d, ptx, "k")
	out := upload(t, d, make([]uint8, 16))
	launchOK(t, d, k, dim(1, 1), dim(1, 1), 0, out, upload(t, d, in))
	n := 1
	for _, c := range []string{"v2", "v4"} {
		if strings.HasPrefix(typ, c) {
			n = int(c[1] - '0')
		}
	}
	n *= widths[typ[strings.LastIndexByte(typ, '.')+1:]]
	want := append(append([]uint8(nil), in[16:16+n]...), make([]uint8, 16-n)...)
	if got := download[uint8](t, d, out, 16); string(got) != string(want) {
		t.Errorf("%s %s: got %x, want %x", sp, typ, got, want)
	}
}

func TestSpecialRegisters(t *testing.T) {
	d := New(Config{})
	var body strings.Builder
	names := []string{"tid.x", "tid.y", "tid.z", "ctaid.x", "ctaid.y", "ctaid.z", "ntid.x", "ntid.y", "nctaid.x", "nctaid.z", "laneid", "warpid", "lanemask_lt"}
	for i, n := range names {
		fmt.Fprintf(&body, "mov.u32 %%v, %%%s;\nst.global.u32 [%%p+%d], %%v;\n", n, 4*i)
	}
	ptx := ".version 7.0\n.target sm_80\n.entry k(.param .u64 o) {\n.reg .b64 %p, %q;\n.reg .b32 %v, %t, %b;\nld.param.u64 %p, [o];\n" +
		"mov.u32 %t, %tid.y;\nmov.u32 %v, %ntid.x;\nmov.u32 %b, %tid.x;\nmad.lo.s32 %t, %t, %v, %b;\n" +
		"mov.u32 %b, %ctaid.x;\nmad.lo.s32 %t, %b, 60, %t;\nmul.wide.u32 %q, %t, 52;\nadd.s64 %p, %p, %q;\n" + body.String() + "ret;\n}\n"
	k := kernelOf(t, d, ptx, "k")
	out := alloc[uint32](t, d, 13*60*2)
	launchOK(t, d, k, driver.Dim3{X: 2, Y: 1, Z: 1}, dim(12, 5), 0, out)
	got := download[uint32](t, d, out, 13*60*2)
	for th := range uint32(120) {
		i := th % 60
		want := []uint32{i % 12, i / 12, 0, th / 60, 0, 0, 12, 5, 2, 1, i % 32, i / 32, 1<<(i%32) - 1}
		for j, w := range want {
			if g := got[13*th+uint32(j)]; g != w {
				t.Fatalf("thread %d: %%%s = %d, want %d", th, names[j], g, w)
			}
		}
	}
}
