package ptxsim

import "math"

// A format is a 16-bit floating-point format.
type format struct {
	decode func(u uint32) float64
	encode func(x float64) uint32 // to nearest even
}

var (
	formatHalf   = format{halfTo64, func(x float64) uint32 { return roundTo(x, 5, 10, roundNearest) }}
	formatBfloat = format{func(u uint32) float64 { return float64(f32of(u << 16)) },
		func(x float64) uint32 { return roundTo(x, 8, 7, roundNearest) }}
)

// formatOf returns the format of a 16-bit type and whether it is of pairs.
func (d *decoder) formatOf() (f format, pair bool) {
	switch d.s.typ() {
	case "f16":
		return formatHalf, false
	case "f16x2":
		return formatHalf, true
	case "bf16":
		return formatBfloat, false
	case "bf16x2":
		return formatBfloat, true
	}
	d.unsupported()
	return format{}, false
}

// halfTo64 widens a float16: with its bits in the place of a float32's, only
// the exponent's bias is off.
func halfTo64(u uint32) float64 {
	x := float64(f32of(u&0x7fff<<13)) * 0x1p112
	switch {
	case u&0x7fff > 0x7c00:
		return math.NaN()
	case u&0x7fff == 0x7c00:
		x = math.Inf(1)
	}
	if u>>15&1 != 0 {
		return -x
	}
	return x
}

// bfloatOf rounds the bits of a float32 to bfloat16, to nearest even.
func bfloatOf(u uint32) uint32 {
	if u&0x7fffffff > 0x7f800000 {
		return 0x7fff
	}
	return (u + 0x7fff + u>>16&1) >> 16
}

// halfOf rounds the bits of a float32 to float16, to nearest even.
func halfOf(u uint32) uint32 {
	sign, a := u>>16&0x8000, u&0x7fffffff
	switch {
	case a > 0x7f800000:
		return 0x7fff
	case a >= 0x477ff000: // 65520, from where it rounds to infinity
		return sign | 0x7c00
	case a < 0x38800000: // the result is subnormal: a multiple of 2^-24
		return sign | uint32(math.RoundToEven(float64(f32of(a))*0x1p24))
	}
	return sign | (a-0x38000000+0xfff+a>>13&1)>>13
}

// A rounding is a way to round to a format or an integer.
type rounding uint8

const (
	roundNearest rounding = iota // to nearest, ties to even
	roundZero
	roundDown
	roundUp
	roundNearestAway
)

// up tells whether a magnitude that lies between two neighbours goes
// to the larger one.
func (r rounding) up(negative bool, rest, half float64, odd bool) bool {
	switch r {
	case roundNearest:
		return rest > half || rest == half && odd
	case roundNearestAway:
		return rest >= half
	case roundDown:
		return negative && rest > 0
	case roundUp:
		return !negative && rest > 0
	}
	return false
}

// roundTo returns the bits of x in a format with the given numbers of bits.
func roundTo(x float64, exponent, fraction int, r rounding) uint32 {
	width := 1 + exponent + fraction
	sign := uint32(0)
	if math.Signbit(x) {
		sign = 1 << (width - 1)
	}
	bias := 1<<(exponent-1) - 1
	inf := uint32(1<<exponent-1) << fraction
	a := math.Abs(x)
	switch {
	case x != x:
		return 1<<(width-1) - 1 // the canonical NaN
	case math.IsInf(a, 1):
		return sign | inf
	case a == 0:
		return sign
	}
	_, e := math.Frexp(a) // a in [2^(e-1), 2^e)
	e = max(e-1, 1-bias)
	scaled := math.Ldexp(a, fraction-e)
	n := math.Floor(scaled)
	if r.up(sign != 0, scaled-n, 0.5, math.Mod(n, 2) == 1) {
		n++
	}
	// Adding the implicit bit's carry to the exponent field also makes
	// subnormal results right.
	u := uint64(e+bias-1)<<fraction + uint64(n)
	if u >= uint64(inf) {
		if r == roundZero || r == roundDown && sign == 0 || r == roundUp && sign != 0 {
			return sign | inf - 1
		}
		return sign | inf
	}
	return sign | uint32(u)
}

// onFormat applies f to one number or to a pair.
func onFormat(pair bool, f func(shift int) uint32) uint32 {
	if pair {
		return f(0) | f(16)<<16
	}
	return f(0)
}

func (d *decoder) half1(f func(a float64) float64) {
	ft, pair := d.formatOf()
	d.lane1(func(a uint32) uint32 {
		return onFormat(pair, func(s int) uint32 { return ft.encode(f(ft.decode(low(a >> s)))) })
	})
}

func (d *decoder) half2(f func(a, b float64) float64) {
	ft, pair := d.formatOf()
	relu, sat := d.s.has("relu"), d.s.has("sat")
	d.lane2(func(a, b uint32) uint32 {
		return onFormat(pair, func(s int) uint32 {
			return ft.encode(limit(relu, sat, f(ft.decode(low(a>>s)), ft.decode(low(b>>s)))))
		})
	})
}

// limit applies .relu, which keeps NaN, and .sat, which makes it 0.
func limit(relu, sat bool, x float64) float64 {
	if relu && x <= 0 {
		x = 0
	}
	return clampIf(sat, x)
}

func clampIf(sat bool, x float64) float64 {
	if sat && !(x > 0) {
		return 0
	}
	if sat {
		return min(x, 1)
	}
	return x
}

func (d *decoder) half3() {
	ft, pair := d.formatOf()
	relu, sat := d.s.has("relu"), d.s.has("sat")
	d.lane3(func(a, b, c uint32) uint32 {
		return onFormat(pair, func(s int) uint32 {
			p, z := ft.decode(low(a>>s))*ft.decode(low(b>>s)), ft.decode(low(c>>s))
			return ft.encode(limit(relu, sat, roundToOdd(p, z, p+z)))
		})
	})
}
