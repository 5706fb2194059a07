package kernels

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// standIn is the kernel for float16 whose mutants stand for those of a kernel for
// bfloat16: TestFormatsShareKernels shows that they are one program. Others have
// none.
func (e ptxEntry) standIn() string {
	if !e.forTensorCores() || !strings.Contains(e.kernel, "_bf16_") {
		return ""
	}
	return strings.Replace(e.kernel, "_bf16_", "_f16_", 1)
}

// TestFormatsShareKernels compares each kernel for bfloat16 on tensor cores with
// that for float16, instruction by instruction.
func TestFormatsShareKernels(t *testing.T) {
	l, programs, compared := newLab(), map[string][]string{}, 0
	for _, e := range l.entries {
		programs[e.kernel] = e.inAnyFormat()
	}
	for _, e := range l.entries {
		other := e.standIn()
		if other == "" {
			continue
		}
		compared++
		got, want := programs[e.kernel], programs[other]
		if len(got) != len(want) {
			t.Errorf("%s has %d instructions, %s has %d", e.kernel, len(got), other, len(want))
			continue
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("instruction %d of %s is %q, of %s %q", i, e.kernel, got[i], other, want[i])
				break
			}
		}
	}
	if compared != 24 {
		t.Errorf("%d kernels were compared, want 24", compared)
	}
}

// widenings are how half of a register becomes float32 by way of another register,
// the first of a match, and the fourth: in float16, whose form that of bfloat16 is
// given before.
var widenings = []struct {
	pattern *regexp.Regexp
	half    string
}{
	{regexp.MustCompile(`cvt\.u16\.u32 (%rs\d+), (%r\d+);\ncvt\.f32\.f16 (%f\d+), (%rs\d+);`), "low"},
	{regexp.MustCompile(`\{ \.reg \.b16 tmp; mov\.b32 \{tmp, (%rs\d+)\}, (%r\d+); \}\ncvt\.f32\.f16 (%f\d+), (%rs\d+);`), "high"},
}

var (
	widened16   = regexp.MustCompile(`cvt\.f32\.f16 (%f\d+), (%rs\d+);`)        // of what was loaded alone
	bfloat16s   = strings.NewReplacer("4BF16", "3F16", "bf16", "f16")           // in mangled names too
	bfloat16    = regexp.MustCompile(`mov\.b32 (%f\d+), \{%rs\d+, (%rs\d+)\};`) // widened: 16 zeros come before it
	declaration = regexp.MustCompile(`^\.reg|^\.loc|^$|^mov\.u16 %rs\d+, 0;`)
)

// inAnyFormat is the instructions of a kernel, with registers numbered as they
// come, and without what tells float16 from bfloat16.
func (e ptxEntry) inAnyFormat() []string {
	var lines []string
	for _, line := range e.lines {
		line, _, _ = strings.Cut(line, "//")
		line = spaces.ReplaceAllString(strings.TrimSpace(line), " ")
		if !declaration.MatchString(line) {
			lines = append(lines, line)
		}
	}
	text := bfloat16s.Replace(bfloat16.ReplaceAllString(strings.Join(lines, "\n"), "cvt.f32.f16 $1, $2;"))
	for _, w := range widenings {
		text = w.pattern.ReplaceAllStringFunc(text, func(s string) string {
			m := w.pattern.FindStringSubmatch(s)
			if m[1] != m[4] {
				return s
			}
			return "widen " + m[3] + ", " + w.half + " of " + m[2] + ";"
		})
	}
	text = widened16.ReplaceAllString(text, "widen $1, low of $2;")
	numbers := map[string]string{}
	text = registers.ReplaceAllStringFunc(text, func(r string) string {
		if numbers[r] == "" {
			numbers[r] = fmt.Sprintf("%%%d", len(numbers))
		}
		return numbers[r]
	})
	return strings.Split(text, "\n")
}
