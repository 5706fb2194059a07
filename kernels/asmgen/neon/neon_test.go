package neon

import (
	"strings"
	"testing"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/pass"
	"github.com/mmcloughlin/avo/reg"
)

// What GNU's assembler makes of the text: aarch64-linux-gnu-as, and objcopy -O binary.
func TestWords(t *testing.T) {
	golden := map[string]struct {
		word uint32
		text string
	}{
		"fadd.4s":      {0x4e33d7c1, "fadd v1.4s, v30.4s, v19.4s"},
		"fadd.2d":      {0x4e73d7c1, "fadd v1.2d, v30.2d, v19.2d"},
		"fsub.4s":      {0x4eb3d7c1, "fsub v1.4s, v30.4s, v19.4s"},
		"fsub.2d":      {0x4ef3d7c1, "fsub v1.2d, v30.2d, v19.2d"},
		"fmul.4s":      {0x6e33dfc1, "fmul v1.4s, v30.4s, v19.4s"},
		"fmul.2d":      {0x6e73dfc1, "fmul v1.2d, v30.2d, v19.2d"},
		"fdiv.4s":      {0x6e33ffc1, "fdiv v1.4s, v30.4s, v19.4s"},
		"faddp.2d":     {0x6e73d7c1, "faddp v1.2d, v30.2d, v19.2d"},
		"fcmgt.4s":     {0x6eb3e7c1, "fcmgt v1.4s, v30.4s, v19.4s"},
		"fcmge.4s":     {0x6e33e7c1, "fcmge v1.4s, v30.4s, v19.4s"},
		"fcmeq.4s":     {0x4e33e7c1, "fcmeq v1.4s, v30.4s, v19.4s"},
		"bic.16b":      {0x4e731fc1, "bic v1.16b, v30.16b, v19.16b"},
		"fsqrt.4s":     {0x6ea1fbc1, "fsqrt v1.4s, v30.4s"},
		"mvn.16b":      {0x6e205bc1, "mvn v1.16b, v30.16b"},
		"fcvtl.2d":     {0x0e617bc1, "fcvtl v1.2d, v30.2s"},
		"fcvtl2.2d":    {0x4e617bc1, "fcvtl2 v1.2d, v30.4s"},
		"fmla.4s.s[0]": {0x4f9313c1, "fmla v1.4s, v30.4s, v19.s[0]"},
		"fmls.4s.s[0]": {0x4f9353c1, "fmls v1.4s, v30.4s, v19.s[0]"},
	}
	if len(golden) != len(words) {
		t.Errorf("%d of %d", len(golden), len(words))
	}
	for name, want := range golden {
		m := []int{19}
		if strings.Count(want.text, ",") == 1 {
			m = nil
		}
		if word, text := encode(name, 1, 30, m...); word != want.word || text != want.text {
			t.Errorf("%s is %#08x %q, want %#08x %q", name, word, text, want.word, want.text)
		}
	}
}

// translated is the text of a function with the given body.
func translated(t *testing.T, body func(c *Context, p reg.Register)) (string, error) {
	t.Helper()
	c := NewContext()
	c.Function("testAVX2")
	c.SignatureExpr("func(p *float32)")
	body(c, c.Load(c.Param("p"), c.GP64()))
	c.RET()
	file, err := c.Result()
	if err != nil {
		t.Fatal(err)
	}
	if err := pass.Compile.Execute(file); err != nil {
		t.Fatal(err)
	}
	text, err := Translate(file, "test")
	return string(text), err
}

// TestUnknown checks that what has no translation is an error that names the instruction.
func TestUnknown(t *testing.T) {
	for name, c := range map[string]struct {
		body func(c *Context, p reg.Register)
		want string
	}{
		"instruction": {func(c *Context, p reg.Register) {
			x := c.YMM()
			c.VMOVUPS(Mem{Base: p}, x)
			c.VRCPPS(x, x)
			c.VMOVUPS(x, Mem{Base: p})
		}, "VRCPPS"},
		"comparison": {func(c *Context, p reg.Register) {
			x := c.YMM()
			c.VMOVUPS(Mem{Base: p}, x)
			c.VCMPPS(U8(1), x, x, x)
			c.VMOVUPS(x, Mem{Base: p})
		}, "VCMPPS"},
		"choice by what is no mask": {func(c *Context, p reg.Register) {
			x := c.YMM()
			c.VMOVUPS(Mem{Base: p}, x)
			c.VBLENDVPS(x, x, x, x)
			c.VMOVUPS(x, Mem{Base: p})
		}, "VBLENDVPS"},
		"branch on numbers without signs": {func(c *Context, p reg.Register) {
			c.Label("again")
			c.SUBQ(I32(4), p)
			c.JHI(LabelRef("again"))
		}, "JHI"},
		"flags of a shift": {func(c *Context, p reg.Register) {
			c.Label("again")
			c.SHLQ(U8(1), p)
			c.JNE(LabelRef("again"))
		}, "SHLQ"},
		"flags of before a label": {func(c *Context, p reg.Register) {
			c.DECQ(p)
			c.Label("again")
			c.JNE(LabelRef("again"))
		}, "JNE"},
		"zeros in the high half": {func(c *Context, p reg.Register) {
			x := c.YMM()
			c.VMOVUPS(Mem{Base: p}, x.AsX())
			c.VMOVUPS(x, Mem{Base: p})
		}, "VMOVUPS"},
		"local variable": {func(c *Context, p reg.Register) {
			x := c.AllocLocal(8)
			c.MOVQ(p, x)
		}, "MOVQ"},
	} {
		if text, err := translated(t, c.body); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one about %s; text\n%s", name, err, c.want, text)
		}
	}
}

// TestBroadcast checks that a number stays in one lane where products alone read it.
func TestBroadcast(t *testing.T) {
	for name, test := range map[string]struct {
		after   func(c *Context, p reg.Register, number, x reg.VecVirtual)
		element bool
	}{
		"product": {func(c *Context, p reg.Register, number, x reg.VecVirtual) {}, true},
		"sum":     {func(c *Context, p reg.Register, number, x reg.VecVirtual) { c.VADDPS(number, x, x) }, false},
		"loop": {func(c *Context, p reg.Register, number, x reg.VecVirtual) {
			c.Label("again")
			c.VFMADD231PS(number, x, x)
			c.DECQ(p)
			c.JNE(LabelRef("again"))
		}, false},
	} {
		text, err := translated(t, func(c *Context, p reg.Register) {
			number, x, y := c.YMM(), c.YMM(), c.YMM()
			c.VMOVUPS(Mem{Base: p}, x)
			c.VMOVUPS(Mem{Base: p, Disp: 32}, y)
			c.VBROADCASTSS(Mem{Base: p}, number)
			c.VFMADD231PS(number, x, y)
			test.after(c, p, number, y)
			c.VMOVUPS(y, Mem{Base: p})
		})
		if err != nil || strings.Contains(text, "s[0]") != test.element || strings.Contains(text, "VDUP") == test.element {
			t.Errorf("%s: %v\n%s", name, err, text)
		}
	}
}
