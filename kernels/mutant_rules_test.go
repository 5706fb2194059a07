package kernels

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// A ptxEntry is one kernel of a module: what stands before all kernels, and
// the lines from its declaration to its end.
type ptxEntry struct {
	concept, kernel string
	head            string
	lines           []string
}

// splitPTX cuts a module into its kernels. The shared variables that clang
// declares between them go to all.
func splitPTX(concept, text string) (entries []ptxEntry) {
	var head strings.Builder
	var e *ptxEntry
	for line := range strings.Lines(text) {
		switch {
		case strings.HasPrefix(line, ".visible .entry "):
			name, _, _ := strings.Cut(strings.TrimPrefix(line, ".visible .entry "), "(")
			e = &ptxEntry{concept: concept, kernel: name, lines: []string{line}}
		case e == nil:
			if !strings.HasPrefix(strings.TrimSpace(line), "//") {
				head.WriteString(line)
			}
		default:
			e.lines = append(e.lines, line)
			if line == "}\n" {
				entries, e = append(entries, *e), nil
			}
		}
	}
	for i := range entries {
		entries[i].head = head.String()
	}
	return entries
}

// text is a module with this kernel alone.
func (e ptxEntry) text() string { return e.head + strings.Join(e.lines, "") }

// A rule plants one kind of bug. It names no register and no label, so that it
// means the same after the kernels were compiled anew.
type rule struct {
	name string

	// line returns what becomes of an instruction, or false where the rule does
	// not apply. The guard of an instruction stands before it.
	line func(line string) (string, bool)

	// entry, in its place, returns all bodies that a kernel may get.
	entry func(e ptxEntry) []string
}

// A mutant is a kernel with one bug.
type mutant struct {
	ptxEntry
	rule  string
	at    string // the instruction, see describe, and which of the rule's places in the kernel it is
	line  int    // that patch replaces, or -1 for all of them
	patch string
}

func (m mutant) String() string { return fmt.Sprintf("%s: %s: %s", m.kernel, m.rule, m.at) }

// text is a module with the mutant alone.
func (m mutant) text() string {
	if m.line < 0 {
		return m.head + m.patch
	}
	return m.head + strings.Join(m.lines[:m.line], "") + m.patch + "\n" + strings.Join(m.lines[m.line+1:], "")
}

// mutants returns the kernel with every bug of a rule.
func (r rule) mutants(e ptxEntry) (all []mutant) {
	if r.entry != nil {
		for _, body := range r.entry(e) {
			all = append(all, mutant{ptxEntry: e, rule: r.name, line: -1, patch: body})
		}
	} else {
		for i, line := range e.lines {
			if patch, ok := r.line(strings.TrimSpace(line)); ok {
				all = append(all, mutant{ptxEntry: e, rule: r.name, at: e.describe(i) + " ", line: i, patch: patch})
			}
		}
	}
	for i := range all {
		all[i].at += fmt.Sprintf("#%d of %d", i+1, len(all))
	}
	return all
}

// describe is instruction i of a kernel without the numbers of registers and
// labels. Where it takes a decision, what that depends on is added.
func (e ptxEntry) describe(i int) string {
	text := anonymous(e.lines[i])
	operands := registers.FindAllString(e.lines[i], -1)
	switch {
	case strings.HasPrefix(text, "@"):
		text, operands = "branch", operands[:1]
	case deciding.MatchString(text):
		operands = operands[1:] // those behind the result
	default:
		return text
	}
	for _, operand := range operands {
		for j := i - 1; j > 0; j-- {
			if fields := strings.FieldsFunc(e.lines[j], isSeparator); len(fields) < 2 || fields[1] != operand {
				continue
			}
			if text == "branch" {
				return "branch <- " + e.describe(j)
			}
			text += " <- " + anonymous(e.lines[j])
			break
		}
	}
	return text
}

var (
	registers = regexp.MustCompile(`%(p|r|rd|rs|f|fd|h)[0-9]+`)
	labels    = regexp.MustCompile(`\$L__BB[0-9_]+`)
	spaces    = regexp.MustCompile(`\s+`)
	deciding  = regexp.MustCompile(`^(setp|selp|min|max)`)
)

func isSeparator(r rune) bool { return strings.ContainsRune(" \t\n,;{}", r) }

// anonymous is an instruction without the numbers of its registers and labels.
func anonymous(line string) string {
	line, _, _ = strings.Cut(strings.TrimSpace(line), "//")
	line = registers.ReplaceAllString(line, "%$1")
	return spaces.ReplaceAllString(labels.ReplaceAllString(line, "L"), " ")
}

// replace is a rule for the lines that match a pattern.
func replace(name, pattern, with string) rule {
	match := regexp.MustCompile(`^` + pattern)
	return rule{name: name, line: func(line string) (string, bool) {
		return match.ReplaceAllString(line, with), match.MatchString(line)
	}}
}

// exchange is a rule for the lines that match a pattern, whose first group
// becomes another word.
func exchange(name, pattern string, words map[string]string) rule {
	match := regexp.MustCompile(`^` + pattern)
	return rule{name: name, line: func(line string) (string, bool) {
		m := match.FindStringSubmatchIndex(line)
		if m == nil {
			return "", false
		}
		word, ok := words[line[m[2]:m[3]]]
		return line[:m[2]] + word + line[m[3]:], ok
	}}
}

const guard = `(?:@!?%p[0-9]+\s+)?` // of an instruction

// rules are the bugs that are planted.
var rules = []rule{
	replace("barrier missing", guard+`bar\.(warp\.)?sync.*`, ""),
	replace("store to shared memory missing", guard+`st\.shared.*`, ""),
	{name: "store to global memory moved", line: moveStore},
	exchange("shuffle over another distance", `shfl\.sync\.bfly\.b32\s+[^,]+, [^,]+, ([0-9]+),`,
		map[string]string{"16": "8", "8": "4", "4": "2", "2": "1", "1": "2"}),
	exchange("sum of another sign", `(add|sub)\.(?:rn\.)?f(?:32|64)\s+[^,]+, [^,]+, (?:%f|0d3|0f[1-7])`, map[string]string{"add": "sub", "sub": "add"}),
	replace("product not added", `fma\.rn\.(f32|f64)(.*), (?:%f|0d3)[^,]*;`, "mul.rn.$1$2;"),
	exchange("bound off by one", `setp\.(lt|le|gt|ge)\.[su](?:32|64)`, map[string]string{"lt": "le", "le": "lt", "gt": "ge", "ge": "gt"}),
	exchange("minimum and maximum exchanged", `(min|max)\.`, map[string]string{"min": "max", "max": "min"}),
	replace("selection negated", `(selp\.\S+\s+[^,]+), ([^,]+), ([^,]+),`, "$1, $3, $2,"),
	exchange("branch negated", `@(!?)%p[0-9]+ bra`, map[string]string{"!": "", "": "!"}),
	{name: "copies not waited for", entry: ptxEntry.dropWaits},
	replace("copy missing", guard+`cp\.async\.c[ag].*`, ""),
	{name: "pointers exchanged", entry: func(e ptxEntry) []string { return e.exchangeParams("u64") }},
	{name: "numbers exchanged", entry: func(e ptxEntry) []string { return append(e.exchangeParams("u32"), e.exchangeParams("f32")...) }},
	{name: "fields exchanged", entry: ptxEntry.exchangeFields},
}

var globalStore = regexp.MustCompile(`^(` + guard + `st\.global\.)(v[24]\.)?[a-z](8|32|64)(\s+)\[([^\]+]+)(?:\+(-?[0-9]+))?\]`)

// moveStore lets a store write to the place behind its own.
func moveStore(line string) (string, bool) {
	m := globalStore.FindStringSubmatch(line)
	if m == nil {
		return "", false
	}
	bits, _ := strconv.Atoi(m[3])
	bytes := bits / 8 * map[string]int{"": 1, "v2.": 2, "v4.": 4}[m[2]]
	offset, _ := strconv.Atoi(m[6]) // 0 where there is none
	at := strings.Index(line, "[")
	return fmt.Sprintf("%s[%s+%d%s", line[:at], m[5], offset+bytes, line[strings.Index(line, "]"):]), true
}

var param = regexp.MustCompile(`\.param \.(?:align [0-9]+ \.)?(\w+) (\w+)`)

// exchangeParams exchanges each two neighbours among the parameters of a type.
func (e ptxEntry) exchangeParams(kind string) (all []string) {
	last := ""
	for _, line := range e.lines {
		m := param.FindStringSubmatch(line)
		if m == nil || m[1] != kind {
			continue
		}
		if last != "" {
			all = append(all, e.rename("["+last+"]", "["+m[2]+"]"))
		}
		last = m[2]
	}
	return all
}

// exchangeFields exchanges each two neighbours among the fields of a structure
// that the kernel loads.
func (e ptxEntry) exchangeFields() (all []string) {
	for _, line := range e.lines {
		m := param.FindStringSubmatch(line)
		if m == nil || m[1] != "b8" {
			continue
		}
		field := func(i int) string {
			if i == 0 {
				return "[" + m[2] + "]"
			}
			return fmt.Sprintf("[%s+%d]", m[2], 4*i)
		}
		body := strings.Join(e.lines, "")
		for i := range 16 {
			if strings.Contains(body, field(i)) && strings.Contains(body, field(i+1)) {
				all = append(all, e.rename(field(i), field(i+1)))
			}
		}
	}
	return all
}

// dropWaits removes what waits for copies between each two barriers.
func (e ptxEntry) dropWaits() (all []string) {
	from := 0
	for i, line := range e.lines {
		if !strings.Contains(line, "bar.sync") {
			continue
		}
		var kept []string
		for _, line := range e.lines[from:i] {
			if !strings.Contains(line, "cp.async.wait") {
				kept = append(kept, line)
			}
		}
		if len(kept) < i-from {
			all = append(all, strings.Join(e.lines[:from], "")+strings.Join(kept, "")+strings.Join(e.lines[i:], ""))
		}
		from = i
	}
	return all
}

// rename exchanges two operands.
func (e ptxEntry) rename(a, b string) string {
	return strings.NewReplacer(a, b, b, a).Replace(strings.Join(e.lines, ""))
}
