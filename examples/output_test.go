package examples

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestOutputIsThatOfTheComment(t *testing.T) {
	files, err := filepath.Glob("*/main.go")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d examples, %v", len(files), err)
	}
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", bin+"/", "./...").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for _, file := range files {
		name := filepath.Dir(file)
		t.Run(name, func(t *testing.T) {
			out, err := exec.Command(filepath.Join(bin, name)).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			if want := promised(t, name); !alike(string(out), want) {
				t.Errorf("it prints\n%swhere its comment has\n%s", out, want)
			}
		})
	}
}

// promised is what stands behind the command line in the comment of an example.
func promised(t *testing.T, name string) (text string) {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(name, "main.go"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(source), "//\t$ go run ./examples/"+name+"\n")
	if !ok {
		t.Fatalf("%s/main.go does not show its output", name)
	}
	for line := range strings.Lines(rest) {
		line, ok := strings.CutPrefix(line, "//\t")
		if !ok {
			break
		}
		text += line
	}
	return text
}

// alike reports whether two outputs have the same words, and numbers within 3%:
// processors with other vector units round otherwise, and a training grows that.
func alike(a, b string) bool {
	as, bs := strings.Fields(a), strings.Fields(b)
	if len(as) != len(bs) || strings.Count(a, "\n") != strings.Count(b, "\n") {
		return false
	}
	for i, word := range as {
		x, err1 := strconv.ParseFloat(strings.TrimRight(word, "%,"), 64)
		y, err2 := strconv.ParseFloat(strings.TrimRight(bs[i], "%,"), 64)
		if err1 != nil || err2 != nil {
			if word != bs[i] {
				return false
			}
		} else if !(math.Abs(x-y) <= 0.03*math.Abs(y)) {
			return false
		}
	}
	return true
}

func TestAlike(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{"loss 1.00\n", "loss 1.02\n", true},
		{"loss 1.00\n", "loss 1.10\n", false},
		{"loss NaN\n", "loss NaN\n", false},
		{"loss 1\n", "less 1\n", false},
		{"a 54%\n", "a 54%\nb\n", false},
		{"true\n", "false\n", false},
	} {
		if alike(c.a, c.b) != c.want {
			t.Errorf("%q and %q: want %v", c.a, c.b, c.want)
		}
	}
}
