package kernels

import (
	"encoding/binary"
	"math"
)

// A halfFormat is a floating-point format of 16 bits: a sign, an exponent and so
// many bits of a fraction. The host knows it to fill and to read buffers.
type halfFormat struct {
	fraction int
	least    int // exponent of the smallest normal number
}

// half is the format of t, if it has 16 bits.
func (t Dtype) half() (f halfFormat, ok bool) {
	switch t {
	case Float16:
		return halfFormat{10, -14}, true
	case BFloat16:
		return halfFormat{7, -126}, true
	}
	return halfFormat{}, false
}

// infinity is its bits; those of NaN are larger.
func (f halfFormat) infinity() int { return 0x7fff >> f.fraction << f.fraction }

// encode rounds v to the nearest number, to the even one of two, and returns
// its bits. All NaN are one, as on a GPU.
func (f halfFormat) encode(v float64) uint16 {
	if math.IsNaN(v) {
		return 0x7fff
	}
	bits := math.Float64bits(v)
	exponent, significand := int(bits>>52&0x7ff)-1023, bits&(1<<52-1)|1<<52
	drop := min(52-f.fraction+max(f.least-exponent, 0), 63)
	significand = (significand + 1<<(drop-1) - 1 + significand>>drop&1) >> drop
	// A significand that was rounded up to a power of two adds one to the exponent.
	magnitude := max(exponent-f.least, 0)<<f.fraction + int(significand)
	return uint16(bits>>63<<15) | uint16(min(magnitude, f.infinity()))
}

// decode returns the number with these bits.
func (f halfFormat) decode(bits uint16) float64 {
	magnitude, one := int(bits&0x7fff), 1<<f.fraction
	v := 0.0
	switch {
	case magnitude > f.infinity():
		return math.NaN()
	case magnitude == f.infinity():
		v = math.Inf(1)
	case magnitude < one:
		v = math.Ldexp(float64(magnitude), f.least-f.fraction)
	default:
		v = math.Ldexp(float64(magnitude%one+one), magnitude>>f.fraction-1+f.least-f.fraction)
	}
	return math.Copysign(v, 1-2*float64(bits>>15))
}

// upload is UploadFloats for a buffer of 16 bits.
func (f halfFormat) upload(b Buffer, src []float64) {
	mustMatch("UploadFloats", b.dtype, len(src), b)
	bits := make([]byte, 0, 2*len(src))
	for _, v := range src {
		bits = binary.LittleEndian.AppendUint16(bits, f.encode(v))
	}
	Upload(bytesOf(b), bits)
}

// download is Floats of a buffer of 16 bits.
func (f halfFormat) download(b Buffer) []float64 {
	bits, dst := make([]byte, 2*b.n), make([]float64, b.n)
	Download(bits, bytesOf(b))
	for i := range dst {
		dst[i] = f.decode(binary.LittleEndian.Uint16(bits[2*i:]))
	}
	return dst
}

// bytesOf is b as bytes.
func bytesOf(b Buffer) Buffer {
	b.n *= b.dtype.Size()
	b.dtype = Uint8
	return b
}
