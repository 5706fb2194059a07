package checkpoint

import (
	"encoding/binary"
	"fmt"
	"io"

	"lbsam/kernels"
	"lbsam/tensor"
)

// SaveState writes the entries as they are on the device, in its layout and
// precision, with metadata: positions, counters, a hash of the configuration.
func SaveState(path string, metadata map[string]string, entries []Entry) error {
	return save(path, metadata, entries, stateInfo, writeState)
}

// LoadState sets the entries from a file of SaveState and returns its
// metadata. A tensor that is missing, left over or of another type or shape is
// an error, and then no entry has changed. To look at the metadata before that
// use Inspect.
func LoadState(path string, entries []Entry) (metadata map[string]string, err error) {
	return load(path, entries, loader{
		in:   stateInfo,
		fits: same,
		note: func(string) string { return "the state of another run?" },
		get: func(r io.Reader, t *tensor.Tensor, _ Info, store bool) error {
			return readState(r, t, store)
		},
	})
}

func stateInfo(e Entry) Info {
	dtype := map[kernels.Dtype]Dtype{
		kernels.Float32: F32, kernels.Float64: F64, kernels.Int32: I32, kernels.Uint8: U8,
	}[e.Tensor.Data.Dtype()]
	return Info{e.Name, dtype, append([]int{}, e.Tensor.Shape...)} // never nil, which JSON writes as null
}

// piece is how many elements go through the host at a time, so that a file of
// all weights needs no second copy of them.
const piece = 1 << 18

// littleEndian says that the memory of the host has the file's order of bytes.
var littleEndian = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// writeState writes the elements of t.
func writeState(w io.Writer, t *tensor.Tensor) error {
	if mem := kernels.Memory(t.Data); mem != nil && littleEndian {
		_, err := w.Write(mem)
		return err
	}
	switch b := t.Data; b.Dtype() {
	case kernels.Float32:
		return writeElements[float32](w, b)
	case kernels.Float64:
		return writeElements[float64](w, b)
	case kernels.Int32:
		return writeElements[int32](w, b)
	case kernels.Uint8:
		return writeElements[uint8](w, b)
	default:
		panic(fmt.Sprintf("checkpoint: a tensor of %v", b.Dtype()))
	}
}

// readState reads the elements of t, and sets them if store is set.
func readState(r io.Reader, t *tensor.Tensor, store bool) error {
	if !store {
		_, err := io.Copy(io.Discard, r)
		return err
	}
	switch b := t.Data; b.Dtype() {
	case kernels.Float32:
		return readElements[float32](r, b)
	case kernels.Float64:
		return readElements[float64](r, b)
	case kernels.Int32:
		return readElements[int32](r, b)
	case kernels.Uint8:
		return readElements[uint8](r, b)
	default:
		panic(fmt.Sprintf("checkpoint: a tensor of %v", b.Dtype()))
	}
}

func writeElements[T kernels.Element](w io.Writer, b kernels.Buffer) error {
	values := make([]T, min(piece, b.Len()))
	var bytes []byte
	for lo := 0; lo < b.Len(); lo += piece {
		values = values[:min(piece, b.Len()-lo)]
		kernels.Download(values, b.Slice(lo, lo+len(values)))
		bytes, _ = binary.Append(bytes[:0], binary.LittleEndian, values)
		if _, err := w.Write(bytes); err != nil {
			return err
		}
	}
	return nil
}

func readElements[T kernels.Element](r io.Reader, b kernels.Buffer) error {
	values := make([]T, min(piece, b.Len()))
	bytes := make([]byte, binary.Size(values))
	for lo := 0; lo < b.Len(); lo += piece {
		values = values[:min(piece, b.Len()-lo)]
		bytes = bytes[:binary.Size(values)]
		if _, err := io.ReadFull(r, bytes); err != nil {
			return err
		}
		if _, err := binary.Decode(bytes, binary.LittleEndian, values); err != nil {
			return err
		}
		kernels.Upload(b.Slice(lo, lo+len(values)), values)
	}
	return nil
}
