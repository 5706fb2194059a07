package datasets

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// touch makes files with the given content below root.
func touch(t testing.TB, root, content string, names ...string) {
	t.Helper()
	for _, name := range names {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// below returns paths as they look from root.
func below(root string, paths []string) (names []string) {
	for _, path := range paths {
		name, _ := filepath.Rel(root, path)
		names = append(names, name)
	}
	return names
}

// The order is Python's: cd testdata && python3 order.py
func TestOrderIsPythons(t *testing.T) {
	text, err := os.ReadFile("testdata/order.txt")
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(strings.TrimSpace(string(text)), "\n\n")
	names, classes, files := strings.Fields(parts[0]), strings.Fields(parts[1]), strings.Fields(parts[2])
	root := t.TempDir()
	touch(t, root, "", names...)
	got, err := classFolders(root)
	if err != nil || !slices.Equal(got, classes) {
		t.Errorf("classes %v, %v, want %v", got, err, classes)
	}
	l, err := list(root, classes)
	if got := below(root, l.files); err != nil || !slices.Equal(got, files) {
		t.Errorf("files %v, %v, want %v", got, err, files)
	}
	for i, file := range files {
		if class, _, _ := strings.Cut(file, "/"); classes[l.labels[i]] != class {
			t.Errorf("%s has label %d", file, l.labels[i])
		}
	}
}

// Links to files and folders count as these, one that leads back is left out.
func TestLinks(t *testing.T) {
	root, elsewhere := t.TempDir(), t.TempDir()
	touch(t, root, "", "cat/1.png", "cat/deep/2.png")
	touch(t, elsewhere, "", "3.png", "more/4.png")
	for _, link := range [][2]string{
		{"dog", elsewhere}, {"cat/5.png", filepath.Join(elsewhere, "3.png")}, {"cat/more", filepath.Join(elsewhere, "more")},
		{"cat/deep/up", filepath.Join(root, "cat")}, {"cat/self", "."}, {"dog/back", elsewhere}, {"cat/gone.png", "nowhere"},
	} {
		if err := os.Symlink(link[1], filepath.Join(root, link[0])); err != nil {
			t.Fatal(err)
		}
	}
	classes, err := classFolders(root)
	if err != nil || !slices.Equal(classes, []string{"cat", "dog"}) {
		t.Errorf("classes %v, %v", classes, err)
	}
	l, err := list(root, classes)
	want := []string{"cat/1.png", "cat/5.png", "cat/gone.png", "cat/deep/2.png", "cat/more/4.png", "dog/3.png", "dog/more/4.png"}
	if got := below(root, l.files); err != nil || !slices.Equal(got, want) {
		t.Errorf("files %v, %v, want %v", got, err, want)
	}
}
