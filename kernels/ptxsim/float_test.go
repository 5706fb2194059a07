package ptxsim

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

func f32op(f func(a, b, c float32) float32) func(a, b, c uint64) uint64 {
	return func(a, b, c uint64) uint64 {
		return uint64(bitsOf(f(f32of(uint32(a)), f32of(uint32(b)), f32of(uint32(c)))))
	}
}

func f64op(f func(a, b, c float64) float64) func(a, b, c uint64) uint64 {
	return func(a, b, c uint64) uint64 { return bits64(f(f64of(a), f64of(b), f64of(c))) }
}

// sameFloat32 takes all NaNs as equal.
func sameFloat32(got, want uint64) bool {
	g, w := f32of(uint32(got)), f32of(uint32(want))
	return g != g && w != w
}

// exactFMA rounds the exact a*b+c once, for finite numbers.
func exactFMA(a, b, c float32) float32 {
	if x := float64(a) * float64(b); math.IsInf(x, 0) || x != x || c-c != 0 {
		return float32(x + float64(c))
	}
	x := new(big.Float).SetPrec(600).SetFloat64(float64(a))
	x.Mul(x, new(big.Float).SetFloat64(float64(b)))
	x.Add(x, new(big.Float).SetFloat64(float64(c)))
	if x.Sign() == 0 {
		return float32(float64(a)*float64(b) + float64(c)) // the sign of zero
	}
	r, _ := x.Float32()
	return r
}

func TestFloatOps(t *testing.T) {
	flush := func(x float32) float32 { return f32of(ftz(bitsOf(x))) }
	checkOps(t, []opCase{
		{"add.f32 %r, %ra, %rb", "r", f32op(func(a, b, c float32) float32 { return a + b })},
		{"add.ftz.f32 %r, %ra, %rb", "r", f32op(func(a, b, c float32) float32 { return flush(flush(a) + flush(b)) })},
		{"sub.rn.f32 %r, %ra, %rb", "r", f32op(func(a, b, c float32) float32 { return a - b })},
		{"mul.f32 %r, %ra, 0f40490FDB", "r", f32op(func(a, b, c float32) float32 { return a * float32(math.Pi) })},
		{"mul.sat.f32 %r, %ra, %rb", "r", f32op(func(a, b, c float32) float32 {
			if x := a * b; x == x {
				return min(max(x, 0), 1)
			}
			return 0
		})},
		{"fma.rn.f32 %r, %ra, %rb, %rc", "r", f32op(exactFMA)},
		{"fma.rn.ftz.f32 %r, %ra, %rb, %rc", "r", f32op(func(a, b, c float32) float32 { return flush(exactFMA(flush(a), flush(b), flush(c))) })},
		{"div.rn.f32 %r, %ra, %rb", "r", f32op(func(a, b, c float32) float32 { return a / b })},
		{"rcp.rn.f32 %r, %ra", "r", f32op(func(a, b, c float32) float32 { return 1 / a })},
		{"sqrt.rn.f32 %r, %ra", "r", f32op(func(a, b, c float32) float32 { return float32(math.Sqrt(float64(a))) })},
		{"neg.f32 %r, %ra", "r", f32op(func(a, b, c float32) float32 { return -a })},
		{"abs.f32 %r, %ra", "r", f32op(func(a, b, c float32) float32 { return float32(math.Abs(float64(a))) })},
		{"min.f32 %r, %ra, %rb", "r", f32op(func(a, b, c float32) float32 {
			if a != a || b == b && b < a || a == b && math.Signbit(float64(b)) {
				return b
			}
			return a
		})},
		{"max.NaN.f32 %r, %ra, %rb", "r", f32op(func(a, b, c float32) float32 { return max(a, b) })},
		{"cvt.rmi.f32.f32 %r, %ra", "r", f32op(func(a, b, c float32) float32 { return float32(math.Floor(float64(a))) })},
		{"cvt.rni.f32.f32 %r, %ra", "r", f32op(func(a, b, c float32) float32 { return float32(math.RoundToEven(float64(a))) })},
		{"cvt.rn.f32.f64 %r, %da", "r", func(a, b, c uint64) uint64 { return uint64(bitsOf(float32(f64of(a)))) }},
		{"cvt.rn.f32.s32 %r, %ra", "r", func(a, b, c uint64) uint64 { return uint64(bitsOf(float32(int32(a)))) }},
		{"cvt.rz.f32.u32 %r, %ra", "r", func(a, b, c uint64) uint64 {
			x := uint32(a)
			if n := 32 - int(math.Ceil(math.Log2(float64(x)+1))); n < 8 {
				x = x >> (8 - n) << (8 - n)
			}
			return uint64(bitsOf(float32(x)))
		}},
		{"cvt.rn.f32.u64 %r, %da", "r", func(a, b, c uint64) uint64 { return uint64(bitsOf(float32(a))) }},
		{"cvt.f32.f16 %r, %ha", "r", func(a, b, c uint64) uint64 { return uint64(bitsOf(float32(halfTo64(uint32(a & 0xffff))))) }},
		{"cvt.rna.tf32.f32 %r, %ra", "r", func(a, b, c uint64) uint64 {
			if u := uint32(a); u&0x7fffffff < 0x7f800000 {
				return uint64((u + 0x1000) &^ 0x1fff)
			}
			return a & 0xffffffff
		}},
		{"copysign.f32 %r, %ra, %rb", "r", f32op(func(a, b, c float32) float32 { return float32(math.Copysign(float64(b), float64(a))) })},
	}, sameFloat32)
	checkOps(t, []opCase{
		{"add.f64 %d, %da, %db", "d", f64op(func(a, b, c float64) float64 { return a + b })},
		{"fma.rn.f64 %d, %da, %db, %dc", "d", f64op(math.FMA)},
		{"div.rn.f64 %d, %da, %db", "d", f64op(func(a, b, c float64) float64 { return a / b })},
		{"sqrt.rn.f64 %d, %da", "d", f64op(func(a, b, c float64) float64 { return math.Sqrt(a) })},
		{"cvt.f64.f32 %d, %ra", "d", func(a, b, c uint64) uint64 { return bits64(float64(f32of(uint32(a)))) }},
		{"cvt.rn.f64.s64 %d, %da", "d", func(a, b, c uint64) uint64 { return bits64(float64(int64(a))) }},
	}, func(got, want uint64) bool { return f64of(got) != f64of(got) && f64of(want) != f64of(want) })
}

func TestConvertToInteger(t *testing.T) {
	clamp := func(x, least, most float64) float64 {
		if x != x {
			return 0
		}
		return min(max(x, least), most)
	}
	checkOps(t, []opCase{
		{"cvt.rzi.s32.f32 %r, %ra", "r", func(a, b, c uint64) uint64 {
			return uint64(uint32(int32(clamp(math.Trunc(float64(f32of(uint32(a)))), math.MinInt32, math.MaxInt32))))
		}},
		{"cvt.rpi.u32.f32 %r, %ra", "r", func(a, b, c uint64) uint64 {
			return uint64(uint32(clamp(math.Ceil(float64(f32of(uint32(a)))), 0, math.MaxUint32)))
		}},
		{"cvt.s64.s32 %d, %ra", "d", func(a, b, c uint64) uint64 { return uint64(int64(int32(a))) }},
		{"cvt.s32.s8 %r, %ha", "r", func(a, b, c uint64) uint64 { return uint64(uint32(int32(int8(a)))) }},
		{"cvt.u16.u32 %h, %ra", "h", func(a, b, c uint64) uint64 { return a & 0xffff }},
		{"cvt.sat.u8.s32 %h, %ra", "h", func(a, b, c uint64) uint64 { return uint64(max(min(int32(a), 255), 0)) }},
		{"cvt.sat.s16.s32 %h, %ra", "h", func(a, b, c uint64) uint64 { return uint64(uint16(max(min(int32(a), 32767), -32768))) }},
	}, nil)
}

// TestHalf compares the conversions to 16 bits with a search for the nearest
// number.
func TestHalf(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, f := range []struct {
		name            string
		ft              format
		infinity        uint32
		exponent, fracs int
	}{{"f16", formatHalf, 0x7c00, 5, 10}, {"bf16", formatBfloat, 0x7f80, 8, 7}} {
		for u := range f.infinity { // every finite number survives, and midpoints go to the even one
			x := f.ft.decode(u)
			if g := f.ft.encode(x); g != u {
				t.Fatalf("%s: encode(decode(%#x)) = %#x", f.name, u, g)
			}
			next := f.ft.decode(u + 1)
			if u+1 == f.infinity {
				continue
			}
			if g, w := f.ft.encode((x+next)/2), u+u&1; g != w {
				t.Fatalf("%s: middle of %#x and the next gives %#x, want %#x", f.name, u, g, w)
			}
			if p := r.Float64()*0.49 + 0.505; f.ft.encode(x+(next-x)*p) != u+1 {
				t.Fatalf("%s: %v of the way from %#x to the next does not round up", f.name, p, u)
			}
		}
		if f.ft.encode(math.Inf(-1)) != f.infinity|0x8000 || f.ft.encode(1e39) != f.infinity || f.ft.encode(math.NaN()) != 0x7fff {
			t.Errorf("%s: infinities or NaN are wrong", f.name)
		}
	}
	for range 100000 { // the fast conversions are the general ones
		u := r.Uint32()
		if g, w := halfOf(u), formatHalf.encode(float64(f32of(u))); g != w {
			t.Fatalf("halfOf(%#x) = %#x, want %#x", u, g, w)
		}
		if f := f32of(u); f == f { // the bits of other NaN may differ
			if g, w := tensorFloatOf(u), roundTo(float64(f), 8, 10, roundNearestAway)<<13; g != w {
				t.Fatalf("tensorFloatOf(%#x) = %#x, want %#x", u, g, w)
			}
		}
		if g, w := bfloatOf(u), formatBfloat.encode(float64(f32of(u))); g != w {
			t.Fatalf("bfloatOf(%#x) = %#x, want %#x", u, g, w)
		}
	}
	near := func(got, want uint64) bool { return f32of(uint32(got<<16)) != f32of(uint32(got<<16)) }
	checkOps(t, []opCase{
		{"cvt.rn.bf16.f32 %h, %ra", "h", func(a, b, c uint64) uint64 { u := uint32(a); return uint64((u + 0x7fff + u>>16&1) >> 16) }},
		{"cvt.rn.bf16x2.f32 %r, %ra, 0f3F800000", "r", func(a, b, c uint64) uint64 {
			u := uint32(a)
			if u&0x7fffffff > 0x7f800000 {
				return 0x7fff3f80
			}
			return uint64((u+0x7fff+u>>16&1)>>16<<16 | 0x3f80)
		}},
		{"fma.rn.relu.bf16 %h, %ha, %hb, 0", "h", func(a, b, c uint64) uint64 {
			x := float64(f32of(uint32(a)<<16)) * float64(f32of(uint32(b)<<16))
			if x == 0 || x < 0 {
				return 0
			}
			return uint64(formatBfloat.encode(x))
		}},
		{"add.f16 %h, %ha, %hb", "h", func(a, b, c uint64) uint64 {
			return uint64(formatHalf.encode(halfTo64(uint32(a&0xffff)) + halfTo64(uint32(b&0xffff))))
		}},
		{"fma.rn.f16x2 %r, %ra, %rb, %rc", "r", func(a, b, c uint64) (r uint64) {
			for s := 0; s < 32; s += 16 {
				x := halfTo64(uint32(a>>s&0xffff))*halfTo64(uint32(b>>s&0xffff)) + halfTo64(uint32(c>>s&0xffff))
				r |= uint64(formatHalf.encode(x)) << s
			}
			return r
		}},
	}, near)
}

// TestApproximate compares the approximate functions with float64.
func TestApproximate(t *testing.T) {
	for op, f := range map[string]func(float64) float64{
		"ex2.approx.ftz.f32": math.Exp2, "lg2.approx.f32": math.Log2, "rsqrt.approx.ftz.f32": func(x float64) float64 { return 1 / math.Sqrt(x) },
		"sin.approx.f32": math.Sin, "cos.approx.ftz.f32": math.Cos, "tanh.approx.f32": math.Tanh, "rcp.approx.ftz.f32": func(x float64) float64 { return 1 / x },
		"sqrt.approx.f32": math.Sqrt,
	} {
		in := make([]uint64, 3*256)
		for i := range 256 {
			in[3*i] = uint64(bitsOf(0.01 + float32(i)/16))
		}
		for i, g := range runOp(t, opCase{op: op + " %r, %ra", result: "r"}, in) {
			x := float64(f32of(uint32(in[3*i])))
			if got, want := float64(f32of(uint32(g))), f(x); !(math.Abs(got-want) <= 1e-7*math.Abs(want)) {
				t.Errorf("%s of %v = %v, want %v", op, x, got, want)
			}
		}
	}
}
