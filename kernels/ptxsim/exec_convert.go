package ptxsim

import "math"

var convertOps map[string]func(*decoder)

func init() {
	convertOps = map[string]func(*decoder){"cvt": decodeCvt, "cvta": decodeCvta}
}

// roundings of cvt to floating point (rn) and to integers (rni).
var roundings = map[string]rounding{
	"rn": roundNearest, "rz": roundZero, "rm": roundDown, "rp": roundUp, "rna": roundNearestAway,
	"rni": roundNearest, "rzi": roundZero, "rmi": roundDown, "rpi": roundUp,
}

// A conversion holds the parts of cvt.
type conversion struct {
	to, from         string
	round            rounding
	toInt, sat, relu bool
	flush            bool
}

func decodeCvt(d *decoder) {
	p := d.s.parts
	if len(p) < 3 {
		d.unsupported()
	}
	c := conversion{to: p[len(p)-2], from: p[len(p)-1]}
	for _, m := range p[1 : len(p)-2] {
		r, ok := roundings[m]
		switch {
		case ok:
			c.round, c.toInt = r, m[len(m)-1] == 'i'
		case m == "sat":
			c.sat = true
		case m == "relu":
			c.relu = true
		case m == "ftz":
			c.flush = true
		default:
			d.failf("modifier .%s is not supported", m)
		}
	}
	if widths[c.to] == 0 || widths[c.from] == 0 {
		d.unsupported()
	}
	if c.to == "bf16x2" || c.to == "f16x2" {
		d.cvtPair(c)
		return
	}
	d.operands(2, 2)
	if f := c.narrowFloat(); f != nil {
		d.lane1(f)
		return
	}
	if d.cvtFast(c) || d.cvtNarrow(c) {
		return
	}
	d.convert(c.from, c.to, c.function())
}

// cvtPair decodes cvt of two numbers: the first becomes the upper half.
func (d *decoder) cvtPair(c conversion) {
	if c.from != "f32" {
		d.unsupported()
	}
	d.operands(3, 3)
	c.to = c.to[:len(c.to)-2]
	if f := c.narrowFloat(); f != nil {
		d.lane2(func(a, b uint32) uint32 { return f(a)<<16 | f(b) })
		return
	}
	f := c.function()
	d.lane2(func(a, b uint32) uint32 { return uint32(f(uint64(a))<<16 | f(uint64(b))) })
}

// convert sets the loop for a conversion between any two register files. PTX
// lets the source register be wider than its type.
func (d *decoder) convert(from, to string, f func(uint64) uint64) {
	in, src := d.in, d.s.args[1]
	wide := widths[from] == 8 || src.kind == opdReg && src.reg.class == class64
	if wide {
		in.a = d.src64(src, from)
	} else {
		in.a = d.src32(src, from)
	}
	read := func(w *warp, in *inst, i int) uint64 { return uint64(w.r[in.a][i]) }
	if wide {
		read = func(w *warp, in *inst, i int) uint64 { return w.d[in.a][i] }
	}
	dst := d.s.args[0]
	if widths[to] == 8 || dst.kind == opdReg && dst.reg.class == class64 {
		in.kind, in.d = kind64, d.dst(dst, class64)
		in.f64 = func(w *warp, in *inst, d *v64) {
			for i := range d {
				d[i] = f(read(w, in, i))
			}
		}
		return
	}
	in.kind, in.d = kind32, d.dst(dst, class32)
	in.f32 = func(w *warp, in *inst, d *v32) {
		for i := range d {
			d[i] = uint32(f(read(w, in, i)))
		}
	}
}

// function returns the conversion of one value.
func (c conversion) function() func(uint64) uint64 {
	from, to := isFloat(c.from), isFloat(c.to) || c.to == "tf32"
	switch {
	case !from && !to:
		return c.intToInt
	case !from:
		return c.intToFloat
	case !to:
		return c.floatToInt
	}
	return c.floatToFloat
}

// extend reads the low bits of v as the integer type typ.
func extend(v uint64, typ string) uint64 {
	n := 0
	switch len(typ) {
	case 2: // u8
		n = 56
	case 3:
		if typ[1] == '1' {
			n = 48
		} else if typ[1] == '3' {
			n = 32
		}
	}
	if typ[0] == 's' {
		return uint64(int64(v<<n) >> n)
	}
	return v << n >> n
}

// limits returns the range of an integer type.
func limits(typ string) (least, most float64) {
	bits := 8 * widths[typ]
	if typ[0] == 's' {
		return -math.Ldexp(1, bits-1), math.Ldexp(1, bits-1) - 1
	}
	return 0, math.Ldexp(1, bits) - 1
}

func (c conversion) intToInt(v uint64) uint64 {
	v = extend(v, c.from)
	if c.sat {
		signed := c.from[0] == 's'
		least, most := limits(c.to)
		x := float64(v)
		if signed {
			x = float64(int64(v))
		}
		switch {
		case x < least:
			v = uint64(int64(least))
		case x > most && widths[c.to] < 8:
			v = uint64(most)
		}
	}
	n := max(widths[c.to], 4) // results shorter than a register are extended
	out := extend(v, c.to)
	if n == 4 {
		out &= 0xffffffff
		if widths[c.to] == 2 {
			out &= 0xffff
		}
	}
	return out
}

func (c conversion) intToFloat(v uint64) uint64 {
	v = extend(v, c.from)
	if c.to == "f32" && c.round == roundNearest {
		if c.from[0] == 's' {
			return uint64(bitsOf(float32(int64(v))))
		}
		return uint64(bitsOf(float32(v)))
	}
	x := float64(v)
	if c.from[0] == 's' {
		x = float64(int64(v))
	}
	return c.encode(x)
}

func (c conversion) decode(v uint64) float64 {
	switch c.from {
	case "f64":
		return f64of(v)
	case "f32":
		u := uint32(v)
		if c.flush {
			u = ftz(u)
		}
		return float64(f32of(u))
	case "bf16":
		return formatBfloat.decode(low(uint32(v)))
	}
	return formatHalf.decode(low(uint32(v)))
}

func (c conversion) encode(x float64) uint64 {
	if c.sat {
		x = clampIf(true, x)
	}
	if c.relu && !(x > 0) {
		x = 0
	}
	switch c.to {
	case "f64":
		return bits64(x)
	case "f32":
		if c.round == roundNearest {
			return uint64(finish(float32(x), c.flush, false))
		}
		return uint64(roundTo(x, 8, 23, c.round))
	case "tf32":
		return uint64(roundTo(x, 8, 10, c.round)) << 13
	case "bf16":
		return uint64(roundTo(x, 8, 7, c.round))
	}
	return uint64(roundTo(x, 5, 10, c.round))
}

func (c conversion) floatToFloat(v uint64) uint64 {
	x := c.decode(v)
	if c.toInt { // cvt.rmi.f32.f32: round to an integral value
		x = c.round.integral(x)
	}
	return c.encode(x)
}

// integral rounds x to an integral value.
func (r rounding) integral(x float64) float64 {
	switch r {
	case roundZero:
		return math.Trunc(x)
	case roundDown:
		return math.Floor(x)
	case roundUp:
		return math.Ceil(x)
	}
	return math.RoundToEven(x)
}

// floatToInt saturates, and a NaN becomes 0, as on the hardware.
func (c conversion) floatToInt(v uint64) uint64 {
	x := c.round.integral(c.decode(v))
	least, most := limits(c.to)
	if x != x {
		return 0
	}
	if widths[c.to] == 8 && x >= most { // 2^63 - 1 is not a float64
		if c.to[0] == 's' {
			return math.MaxInt64
		}
		return math.MaxUint64
	}
	x = min(max(x, least), most)
	if x < 0 {
		return extend(uint64(int64(x)), "u"+c.to[1:])
	}
	return uint64(x)
}
