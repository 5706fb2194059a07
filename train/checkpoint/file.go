package checkpoint

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2"
)

// Inspect returns what a file says about itself.
func Inspect(path string) (Header, error) {
	f, err := open(path)
	if err != nil {
		return Header{}, err
	}
	defer f.Close()
	return f.Header, nil
}

// A file is an open file whose header is sound.
type file struct {
	Header
	*os.File
	starts []int64 // of the tensors
}

// open opens a file and checks its header.
func open(path string) (*file, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	h, starts, err := readHeader(f)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("checkpoint: %s: %w", path, err)
	}
	return &file{h, f, starts}, nil
}

func readHeader(f *os.File) (h Header, starts []int64, err error) {
	stat, err := f.Stat()
	if err != nil {
		return h, nil, err
	}
	if !stat.Mode().IsRegular() {
		return h, nil, fmt.Errorf("found a directory or a device, want a file")
	}
	return decodeHeader(f, stat.Size())
}

// tensor reads the elements of tensor i.
func (f *file) tensor(i int) io.Reader {
	n, _ := f.Tensors[i].bytes() // checked when f was opened
	return bufio.NewReader(io.NewSectionReader(f.File, f.starts[i], n))
}

// errorf is an error about the file.
func (f *file) errorf(format string, args ...any) error {
	return fmt.Errorf("checkpoint: %s: %w", f.Name(), fmt.Errorf(format, args...))
}

// write puts a new file in the place of path: a whole one or, with an error,
// none. body writes the elements of tensor i.
func write(path string, h Header, body func(w io.Writer, i int) error) error {
	// The temporary file must lie beside the other one, or the rename would
	// not be atomic.
	f, err := renameio.NewPendingFile(path, renameio.WithTempDir(filepath.Dir(path)), renameio.WithPermissions(0o644))
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	defer f.Cleanup()
	if err := writeTo(f, h, body); err != nil {
		return fmt.Errorf("checkpoint: %s: %w", path, err)
	}
	if err := f.CloseAtomicallyReplace(); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

func writeTo(f io.Writer, h Header, body func(w io.Writer, i int) error) error {
	w := bufio.NewWriterSize(f, 1<<20)
	if _, err := w.Write(h.encode()); err != nil {
		return err
	}
	for i := range h.Tensors {
		if err := body(w, i); err != nil {
			return fmt.Errorf("tensor %q: %w", h.Tensors[i].Name, err)
		}
	}
	return w.Flush()
}
