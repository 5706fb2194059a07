package figure

import (
	"strconv"
	"strings"
)

// A sheet is what figure.css says in the light colours, for a writer that has no
// browser: declarations by selector, each a class or an element within a figure.
type sheet struct {
	rules []rule
	vars  map[string]string
}

type rule struct {
	selector string
	declared map[string]string
}

// readStyle reads figure.css, which keeps to what is understood here: blocks of one
// selector, .fig or .fig and one more, and colours that are variables of .fig.
func readStyle() *sheet {
	s := &sheet{vars: map[string]string{}}
	for rest := style; ; {
		head, body, more := strings.Cut(rest, "{")
		if !more {
			return s
		}
		end := "}"
		if strings.HasPrefix(strings.TrimSpace(head), "@") { // the dark colours
			end = "\n}"
		}
		body, rest, _ = strings.Cut(body, end)
		if end != "}" {
			continue
		}
		declared := map[string]string{}
		for line := range strings.SplitSeq(body, ";") {
			name, value, _ := strings.Cut(line, ":")
			declared[strings.TrimSpace(name)] = strings.TrimSpace(value)
		}
		selector := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(head), ".fig"))
		if selector == "" {
			s.vars = declared
		}
		s.rules = append(s.rules, rule{selector, declared})
	}
}

// of are the declarations for an element of the given classes; a later rule wins.
func (s *sheet) of(element, class string) map[string]string {
	words := map[string]bool{"": true, element: true}
	for word := range strings.FieldsSeq(class) {
		words["."+word], words[element+"."+word] = true, true
	}
	all := map[string]string{}
	for _, r := range s.rules {
		if !words[r.selector] {
			continue
		}
		for name, value := range r.declared {
			if variable, ok := strings.CutPrefix(value, "var("); ok {
				value = s.vars[strings.TrimSuffix(variable, ")")]
			}
			all[name] = value
		}
	}
	return all
}

// pixels is a length or another number, fallback if there is none.
func pixels(text string, fallback float64) float64 {
	if v, err := strconv.ParseFloat(strings.TrimSuffix(text, "px"), 64); err == nil {
		return v
	}
	return fallback
}
