package train

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/pelletier/go-toml/v2"
)

// TOML is the text of config.toml: a line for every setting, with a comment
// that says where its value comes from. Origins has that by the name of the
// setting in the file; a setting that is not in it gets no comment.
func (c Config) TOML(origins map[string]string) ([]byte, error) {
	text, err := toml.Marshal(c)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		name, _, _ := strings.Cut(line, " = ")
		if origin := origins[name]; origin != "" {
			line = fmt.Sprintf("%-32s # %s", line, inComment(origin))
		}
		fmt.Fprintln(&b, line)
	}
	return []byte(b.String()), nil
}

// inComment is text as a comment may hold it: TOML allows no control
// characters there, and a line break would end it.
func inComment(text string) string {
	if strings.ContainsFunc(text, unicode.IsControl) {
		return strconv.Quote(text)
	}
	return text
}
