package study

import (
	"fmt"
	"strings"

	"lbsam/train"
)

// values are the settings of c that decide its weights, by name, in the order of
// config.toml.
func values(c train.Config) (names []string, text map[string]string) {
	all, err := c.Deciding().TOML(nil)
	if err != nil {
		panic(err) // a struct of numbers and texts
	}
	text = map[string]string{}
	for line := range strings.Lines(string(all)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), " = ")
		names = append(names, name)
		text[name] = strings.Trim(value, "'")
	}
	return names, text
}

// differ says which settings of a run are not those of the plan, "" for none.
func differ(planned, ran train.Config) string {
	names, want := values(planned)
	_, have := values(ran)
	var words []string
	for _, name := range names {
		if want[name] != have[name] {
			words = append(words, fmt.Sprintf("%s %s, not %s", name, have[name], want[name]))
		}
	}
	const shown = 2
	if more := len(words) - shown; more > 0 {
		words = append(words[:shown], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(words, ", ")
}
