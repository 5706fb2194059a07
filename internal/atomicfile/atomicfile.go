// Package atomicfile puts a new file in the place of an old one: at any moment, and
// after any crash, the one or the other is there, and whole.
package atomicfile

import (
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
)

// Write puts text in the place of the file at path.
func Write(path string, text []byte) error {
	return Replace(path, func(w io.Writer) error {
		_, err := w.Write(text)
		return err
	})
}

// Replace puts what body writes in the place of the file at path, with the
// permissions of that one, or those that the umask leaves of 0644. With an error the
// old file stays. Until the new one is whole and on the disk its name is
// .NAME followed by digits, in the same folder, as only there a rename is atomic;
// that is what a process that is killed leaves.
func Replace(path string, body func(w io.Writer) error) error {
	f, err := create(path)
	if err != nil {
		return err
	}
	defer func() { // after a success there is nothing to close or to remove
		f.Close() // first, as Windows removes no file that is open
		os.Remove(f.Name())
	}()
	if err := body(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil { // or a crash could leave the new name on an empty file
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return rename(f.Name(), path)
}

// create makes the file that is to become the one at path.
func create(path string) (*os.File, error) {
	old, err := os.Lstat(path)
	there := err == nil && old.Mode().IsRegular()
	permissions := os.FileMode(0o644)
	if there {
		permissions = old.Mode().Perm()
	}
	name := "." + filepath.Base(path) + strconv.FormatUint(rand.Uint64(), 10)
	f, err := os.OpenFile(filepath.Join(filepath.Dir(path), name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, permissions)
	if err != nil {
		return nil, err
	}
	if there {
		if err := f.Chmod(permissions); err != nil { // against the umask
			f.Close()
			os.Remove(f.Name())
			return nil, err
		}
	}
	return f, nil
}
