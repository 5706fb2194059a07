package train

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"
)

// Whatever stands in values and origins, what is written is read back.
func TestTOMLIsReadBack(t *testing.T) {
	c := Fast()
	c.Data, c.Init, c.Milestones, c.Seed = "a # b = \"c\"\n", "'", []float64{0.1, 1e9}, 1<<63-1
	origins := map[string]string{"data": "a\nlr = 3:1", "lr": "--lr", "milestones": "preset fast"}
	text, err := c.TOML(origins)
	if err != nil {
		t.Fatal(err)
	}
	var got Config
	if err := toml.Unmarshal(text, &got); err != nil || !reflect.DeepEqual(got, c) {
		t.Errorf("%v, %+v, want %+v of\n%s", err, got, c, text)
	}
	for _, want := range []string{`# "a\nlr = 3:1"` + "\n", "lr = 0.1                         # --lr\n", "milestones = [0.1, 1000000000.0] # preset fast\n", "k = 2\n"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// A folder of an older program has no comments, and lacks settings that came
// later: they are as in the published recipe.
func TestFolderOfAnOlderProgram(t *testing.T) {
	c := small("convnet", "SAM")
	text, err := toml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	old := strings.Join(lines[:len(lines)-2], "") // without the last setting, graphs
	path := t.TempDir()
	if err := os.WriteFile(filepath.Join(path, "config.toml"), []byte(old), 0o644); err != nil {
		t.Fatal(err)
	}
	folder, got, err := OpenFolder(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	if strings.Contains(old, "graphs") || !reflect.DeepEqual(got, c) {
		t.Errorf("%+v, want %+v", got, c)
	}
}
