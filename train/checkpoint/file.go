package checkpoint

import (
	"bufio"
	"fmt"
	"io"
	"os"

	"lbsam/internal/atomicfile"
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
	format Format

	// elements reads those of tensor i, row after row, little-endian.
	elements func(i int) (io.Reader, error)
}

// A Format is a kind of file.
type Format string

// The formats that are read and written.
const (
	Safetensors Format = "safetensors"
	Torch       Format = "torch" // what torch.save makes of a state_dict
)

// open opens a file and checks its header.
func open(path string) (*file, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("checkpoint: %w", err)
	}
	opened := &file{File: f}
	if err := opened.read(); err != nil {
		f.Close()
		return nil, fmt.Errorf("checkpoint: %s: %w", path, err)
	}
	return opened, nil
}

// read reads the header, of whichever format.
func (f *file) read() error {
	stat, err := f.Stat()
	if err != nil {
		return err
	}
	if !stat.Mode().IsRegular() {
		return fmt.Errorf("found a directory or a device, want a file")
	}
	return f.decode(f.File, stat.Size())
}

// decode reads the header of a file of the given size.
func (f *file) decode(r io.ReaderAt, size int64) error {
	switch {
	case begins(r, zipMagic):
		return f.decodeTorch(r, size)
	case begins(r, oldMagic):
		return fmt.Errorf("found the format of PyTorch before 1.6: save it anew with torch.save(torch.load(FILE), FILE)")
	case isONNX(r):
		return fmt.Errorf("found an ONNX file, want the safetensors file or the one of torch.save that it was made of")
	}
	h, starts, err := decodeHeader(r, size)
	if err != nil {
		return err
	}
	f.Header, f.format = h, Safetensors
	f.elements = func(i int) (io.Reader, error) {
		n, _ := h.Tensors[i].bytes() // checked
		return bufio.NewReader(io.NewSectionReader(r, starts[i], n)), nil
	}
	return nil
}

// isONNX reports whether a file begins as one in ONNX does: with the number of the
// format's version, and then the name of the program that wrote it.
func isONNX(r io.ReaderAt) bool {
	const version, producer = 0x08, 0x12 // the tags of the fields
	var b [3]byte
	n, _ := r.ReadAt(b[:], 0)
	return n == len(b) && b[0] == version && b[2] == producer
}

// errorf is an error about the file.
func (f *file) errorf(format string, args ...any) error {
	return fmt.Errorf("checkpoint: %s: %w", f.Name(), fmt.Errorf(format, args...))
}

// write replaces a file by one in safetensors. body writes the elements of
// tensor i.
func write(path string, h Header, body func(w io.Writer, i int) error) error {
	return replace(path, func(w io.Writer) error { return writeTo(w, h, body) })
}

// replace puts a new file in the place of path: a whole one or, with an error,
// none. body writes it.
func replace(path string, body func(w io.Writer) error) error {
	err := atomicfile.Replace(path, func(f io.Writer) error {
		w := bufio.NewWriterSize(f, 1<<20)
		err := body(w)
		if err == nil {
			err = w.Flush()
		}
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

func writeTo(w io.Writer, h Header, body func(w io.Writer, i int) error) error {
	if _, err := w.Write(h.encode()); err != nil {
		return err
	}
	for i := range h.Tensors {
		if err := body(w, i); err != nil {
			return fmt.Errorf("tensor %q: %w", h.Tensors[i].Name, err)
		}
	}
	return nil
}
