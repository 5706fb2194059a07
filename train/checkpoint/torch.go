package checkpoint

import (
	"archive/zip"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// The first bytes of a zip archive, and of what torch.save made before there
// were such: a pickle of a number.
const (
	zipMagic    = "PK\x03\x04"
	oldMagic    = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."
	torchAdvice = `save it anew with torch.save(model.state_dict(), FILE)`
)

// begins reports whether a file begins with magic.
func begins(r io.ReaderAt, magic string) bool {
	b := make([]byte, len(magic))
	n, _ := r.ReadAt(b, 0)
	return string(b[:n]) == magic
}

// A view is a tensor in a file of torch.save: those elements of a storage that
// its shape and strides give.
type view struct {
	Info
	storage string // its name
	numel   int64  // elements of the storage
	offset  int64  // of the first element, in elements
	strides []int64
}

// An archive is an open file of torch.save.
type archive struct {
	entries map[string]*zip.File // without the folder
}

// decodeTorch reads the header of a file of torch.save. Nothing in the file is
// believed: a tensor that is returned lies in it, and no memory is used beyond
// the size of the file.
func (f *file) decodeTorch(r io.ReaderAt, size int64) error {
	a, err := openArchive(r, size)
	if err != nil {
		return err
	}
	views, err := a.tensors()
	if err != nil {
		return err
	}
	for _, v := range views {
		if err := a.check(v); err != nil {
			return fmt.Errorf("tensor %.100q: %w", v.Name, err)
		}
		f.Tensors = append(f.Tensors, v.Info)
	}
	f.format = Torch
	f.elements = func(i int) (io.Reader, error) { return a.elements(views[i]) }
	return nil
}

// openArchive finds the members of the archive.
func openArchive(r io.ReaderAt, size int64) (*archive, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("%w: cut off, or no file of torch.save", err)
	}
	a := &archive{entries: map[string]*zip.File{}}
	folder := ""
	for _, e := range z.File {
		dir, name, ok := strings.Cut(e.Name, "/")
		if !ok || folder != "" && dir != folder {
			return nil, fmt.Errorf("found the member %.100q, want the one folder that torch.save makes", e.Name)
		}
		if folder = dir; a.entries[name] != nil {
			return nil, fmt.Errorf("found the member %.100q twice", e.Name)
		}
		a.entries[name] = e
	}
	switch {
	case a.entries["constants.pkl"] != nil:
		return nil, fmt.Errorf("found a TorchScript archive, want a state_dict: %s", torchAdvice)
	case a.entries[torchPickle] == nil:
		return nil, fmt.Errorf("found a zip archive without %s, want a file of torch.save", torchPickle)
	}
	if a.entries[torchOrder] != nil {
		order, err := a.read(torchOrder)
		if err != nil {
			return nil, err
		}
		if string(order) != "little" {
			return nil, fmt.Errorf("found byte order %.20q, want little", order)
		}
	}
	return a, nil
}

// open opens a member. It must be stored, as torch.save does it, so that it
// cannot be larger than the file.
func (a *archive) open(name string) (io.ReadCloser, error) {
	e := a.entries[name]
	if e == nil {
		return nil, fmt.Errorf("found no member %.100q in the archive", name)
	}
	if e.Method != zip.Store || e.UncompressedSize64 != e.CompressedSize64 {
		return nil, fmt.Errorf("found a compressed member %.100q, want it stored, as torch.save does it", name)
	}
	r, err := e.Open()
	if err != nil {
		return nil, fmt.Errorf("member %.100q: %w", name, err)
	}
	return r, nil
}

// read reads a member.
func (a *archive) read(name string) ([]byte, error) {
	r, err := a.open(name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("member %.100q: %w", name, err)
	}
	return b, nil
}

// check checks that v lies in its storage, and the storage in the file.
func (a *archive) check(v view) error {
	if v.Name == metadataKey || !utf8.ValidString(v.Name) {
		return fmt.Errorf("found a name that safetensors cannot hold")
	}
	if _, err := v.bytes(); err != nil {
		return err
	}
	e := a.entries[torchData+v.storage]
	if e == nil {
		return fmt.Errorf("found no storage %.20q", v.storage)
	}
	// In this order no product overflows: numel is bounded by the file.
	if size := v.Dtype.size(); e.UncompressedSize64/uint64(size) != uint64(v.numel) || e.UncompressedSize64%uint64(size) != 0 {
		return fmt.Errorf("found a storage of %d bytes, want %d elements of %s", e.UncompressedSize64, v.numel, v.Dtype)
	}
	if len(v.strides) != len(v.Shape) {
		return fmt.Errorf("found strides %v for shape %v", v.strides, v.Shape)
	}
	n := v.Info.elements()
	if n > v.numel {
		return fmt.Errorf("found %d elements of a storage of %d: an expanded tensor, make it contiguous()", n, v.numel)
	}
	if v.offset < 0 || v.offset > v.numel {
		return fmt.Errorf("found elements from %d on in a storage of %d", v.offset, v.numel)
	}
	if n == 0 {
		return nil
	}
	left := v.numel - 1 - v.offset // how far the last element may be from the first
	for d, s := range v.strides {
		steps := int64(v.Shape[d] - 1)
		if s < 0 || steps > 0 && s > left/steps {
			return fmt.Errorf("found shape %v with strides %v from %d on in a storage of %d", v.Shape, v.strides, v.offset, v.numel)
		}
		left -= s * steps
	}
	if left < 0 {
		return fmt.Errorf("found elements from %d on in a storage of %d", v.offset, v.numel)
	}
	return nil
}

// contiguous reports whether the elements of v lie one after the other, and
// how far the last is from the first.
func (v view) contiguous() (ok bool, extent int64) {
	ok = true
	stride := int64(1)
	for d := len(v.Shape) - 1; d >= 0; d-- {
		n := int64(v.Shape[d])
		ok = ok && (v.strides[d] == stride || n == 1)
		extent += v.strides[d] * (n - 1)
		stride *= n
	}
	return ok, extent
}

// elements reads the elements of v, row after row.
func (a *archive) elements(v view) (io.Reader, error) {
	n := v.Info.elements()
	if n == 0 {
		return strings.NewReader(""), nil
	}
	r, err := a.open(torchData + v.storage)
	if err != nil {
		return nil, err
	}
	size := v.Dtype.size()
	if _, err := io.CopyN(io.Discard, r, v.offset*size); err != nil {
		return nil, err
	}
	ok, extent := v.contiguous()
	if !ok {
		return gather(r, v, extent)
	}
	if v.offset+n == v.numel {
		return r, nil // up to its end, where its checksum is looked at
	}
	return io.LimitReader(r, n*size), nil
}
