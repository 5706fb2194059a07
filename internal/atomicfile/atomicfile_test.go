package atomicfile

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// files are the names and the contents in a folder.
func files(t *testing.T, folder string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		text, _ := os.ReadFile(filepath.Join(folder, e.Name())) // of a folder: none
		all[e.Name()] = string(text)
	}
	return all
}

func wantFile(t *testing.T, path, content string) {
	t.Helper()
	if all := files(t, filepath.Dir(path)); len(all) != 1 || all[filepath.Base(path)] != content {
		t.Errorf("found %q, want %s with %q alone", all, filepath.Base(path), content)
	}
}

func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a file")
	for _, text := range []string{"first", "", "second, which is longer"} {
		if err := Write(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		wantFile(t, path, text)
	}
	t.Chdir(filepath.Dir(path))
	if err := Write("a file", []byte("here")); err != nil {
		t.Fatal(err)
	}
	wantFile(t, path, "here")
}

// The old file stays until the new one is whole, and with an error or a panic.
func TestTheOldFileStays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := Write(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken")
	err := Replace(path, func(w io.Writer) error {
		io.WriteString(w, "half")
		if text, err := os.ReadFile(path); string(text) != "old" {
			t.Errorf("found %q meanwhile, error %v", text, err)
		}
		return broken
	})
	if err != broken {
		t.Errorf("got the error %v, want that of the body", err)
	}
	wantFile(t, path, "old")
	func() {
		defer func() { recover() }()
		Replace(path, func(w io.Writer) error { panic("broken") })
	}()
	wantFile(t, path, "old")
	if err := Replace(path, func(w io.Writer) error { return w.(*os.File).Close() }); err == nil { // it cannot be synced then
		t.Error("a file that was closed too early is no error")
	}
	wantFile(t, path, "old")
}

// A folder is not replaced, and where there is none nothing is made.
func TestNoFile(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "name")
	if err := os.Mkdir(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []byte("text")); err == nil {
		t.Error("a folder was replaced")
	}
	wantFile(t, path, "")
	if err := Write(filepath.Join(folder, "none", "file"), []byte("text")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got the error %v, want that there is no folder", err)
	}
	wantFile(t, path, "")
}

// A new file may be read by all, an old one by whom it could be.
func TestPermissions(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows has others")
	}
	path := filepath.Join(t.TempDir(), "file")
	probe := filepath.Join(t.TempDir(), "probe")
	if err := os.WriteFile(probe, nil, 0o644); err != nil { // to know what the umask leaves
		t.Fatal(err)
	}
	if info, err := os.Stat(probe); err != nil {
		t.Fatal(err)
	} else {
		wantPermissions(t, path, info.Mode().Perm())
	}
	for _, mode := range []os.FileMode{0o600, 0o666, 0o440} { // 0666 is more than the umask leaves
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		wantPermissions(t, path, mode)
	}
}

func wantPermissions(t *testing.T, path string, want os.FileMode) {
	t.Helper()
	if err := Write(path, []byte("text")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != want {
		t.Errorf("permissions are %o, want %o", got, want)
	}
}
