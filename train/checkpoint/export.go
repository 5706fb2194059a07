package checkpoint

import (
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"

	"lbsam/kernels"
	"lbsam/tensor"
)

// Export writes the entries for PyTorch: what safetensors.torch.load_file
// returns is a state_dict. Tensors of four dimensions change from the order of
// the devices, [oc, kh, kw, ic], to PyTorch's, [oc, ic, kh, kw]; a counter,
// int32 [1], becomes an int64 without dimensions. The precision is that of the
// device. Metadata should name the model, under "model".
func Export(path string, metadata map[string]string, entries []Entry) error {
	metadata = maps.Clone(metadata)
	if metadata == nil {
		metadata = map[string]string{}
	}
	metadata["format"] = "pt" // what PyTorch's users of the format look for
	return save(path, metadata, entries, torchInfo, writeTorch)
}

// Import sets the entries of the model of that name from a file of Export, or
// from one that PyTorch's users made under the same names, with torch.save or
// in safetensors, in any type of floats, and returns its metadata. What
// DataParallel and torch.compile put in front of all names does not count. A
// tensor that is missing, left over or of another shape is an error, and then
// no entry has changed.
func Import(path, model string, entries []Entry) (metadata map[string]string, err error) {
	return load(path, entries, loader{
		in: torchInfo,
		fits: func(found, want Info) bool {
			return same(found, want) || found.Dtype.isFloat() && want.Dtype.isFloat() && slices.Equal(found.Shape, want.Shape)
		},
		note: func(found string) string {
			if found == "" {
				found = "unnamed"
			}
			return fmt.Sprintf("a checkpoint of another model? (in the file: %.100q, wanted: %q)", found, model)
		},
		get: readTorch,
	})
}

// isCounter reports whether t is what PyTorch keeps as an int64 without
// dimensions: num_batches_tracked.
func isCounter(t *tensor.Tensor) bool {
	return t.Data.Dtype() == kernels.Int32 && slices.Equal(t.Shape, []int{1})
}

// torchInfo describes e in PyTorch's layout.
func torchInfo(e Entry) Info {
	if isCounter(e.Tensor) {
		return Info{e.Name, I64, []int{}}
	}
	i := stateInfo(e)
	if !i.Dtype.isFloat() {
		panic(fmt.Sprintf("checkpoint: tensor %q, %v, has no place in an export", e.Name, i))
	}
	if len(i.Shape) == 4 {
		i.Shape = toTorchShape(i.Shape)
	}
	return i
}

func writeTorch(w io.Writer, t *tensor.Tensor) error {
	if isCounter(t) {
		var count [1]int32
		kernels.Download(count[:], t.Data)
		return binary.Write(w, binary.LittleEndian, int64(count[0]))
	}
	_, values := ToTorch(t.Shape, t.Floats())
	if t.Data.Dtype() == kernels.Float64 {
		return binary.Write(w, binary.LittleEndian, values)
	}
	singles := make([]float32, len(values))
	for i, v := range values {
		singles[i] = float32(v)
	}
	return binary.Write(w, binary.LittleEndian, singles)
}

func readTorch(r io.Reader, t *tensor.Tensor, found Info, store bool) error {
	if isCounter(t) {
		return readCounter(r, t, store)
	}
	if !store {
		_, err := io.Copy(io.Discard, r)
		return err
	}
	values, err := readFloats(r, found.Dtype, t.Len())
	if err != nil {
		return err
	}
	_, values = FromTorch(found.Shape, values)
	t.SetFloats(values)
	return nil
}

func readCounter(r io.Reader, t *tensor.Tensor, store bool) error {
	var count int64
	if err := binary.Read(r, binary.LittleEndian, &count); err != nil {
		return err
	}
	if count < 0 || count > math.MaxInt32 {
		return fmt.Errorf("found %d, want 0 to %d", count, math.MaxInt32)
	}
	if store {
		kernels.Upload(t.Data, []int32{int32(count)})
	}
	return nil
}

// readFloats reads n numbers of a type of floats.
func readFloats(r io.Reader, dtype Dtype, n int) ([]float64, error) {
	raw := make([]byte, int64(n)*dtype.size())
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, err
	}
	return numbers(raw, dtype), nil
}
