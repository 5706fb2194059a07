package neon

import (
	"fmt"
	"strings"
)

// words is what the instructions on vectors that Go's assembler does not know look like
// with all registers 0 (Arm Architecture Reference Manual, C7.2), by their names and
// arrangements.
var words = map[string]uint32{
	"fadd.4s":  0x4e20d400,
	"fadd.2d":  0x4e60d400,
	"fsub.4s":  0x4ea0d400,
	"fsub.2d":  0x4ee0d400,
	"fmul.4s":  0x6e20dc00,
	"fmul.2d":  0x6e60dc00,
	"fdiv.4s":  0x6e20fc00,
	"faddp.2d": 0x6e60d400,
	"fcmgt.4s": 0x6ea0e400, // n > m
	"fcmge.4s": 0x6e20e400,
	"fcmeq.4s": 0x4e20e400,
	"bic.16b":  0x4e601c00, // n &^ m

	"fsqrt.4s":  0x6ea1f800,
	"mvn.16b":   0x6e205800,
	"fcvtl.2d":  0x0e617800, // of the first two lanes
	"fcvtl2.2d": 0x4e617800, // of the last two

	"fmla.4s.s[0]": 0x4f801000, // d + n·m[0]
	"fmls.4s.s[0]": 0x4f805000, // d - n·m[0]
}

// word emits an instruction of words on registers d, n and, where there is one, m, with its
// text in the order of the manual behind it.
func (t *translator) word(name string, d, n int, m ...int) {
	word, text := encode(name, d, n, m...)
	t.emit("WORD", "$%#08x // %s", word, text)
}

func encode(name string, d, n int, m ...int) (word uint32, text string) {
	word, ok := words[name]
	if !ok {
		panic("no encoding of " + name)
	}
	opcode, arrangement, _ := strings.Cut(name, ".")
	arrangement, lane, _ := strings.Cut(arrangement, ".")
	from := map[string]string{"fcvtl": "2s", "fcvtl2": "4s"}[opcode]
	if from == "" {
		from = arrangement
	}
	word |= uint32(n)<<5 | uint32(d)
	text = fmt.Sprintf("%s v%d.%s, v%d.%s", opcode, d, arrangement, n, from)
	for _, m := range m {
		word |= uint32(m) << 16
		if lane == "" {
			lane = arrangement
		}
		text += fmt.Sprintf(", v%d.%s", m, lane)
	}
	return word, text
}
