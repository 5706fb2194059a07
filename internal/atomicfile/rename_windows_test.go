package atomicfile

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// A reader holds a replacement up, but does not make it fail, unless it stays.
func TestAReaderThatLeaves(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := Write(path, []byte("old")); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []byte("new")); err == nil {
		t.Error("a file that is open was replaced: is rename still needed?")
	}
	time.AfterFunc(300*time.Millisecond, func() { f.Close() })
	if err := Write(path, []byte("new")); err != nil {
		t.Error(err)
	}
	wantFile(t, path, "new")
}
