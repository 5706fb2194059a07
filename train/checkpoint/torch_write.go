package checkpoint

import (
	"archive/zip"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
)

// A file of torch.save is a zip archive of one folder: data.pkl, a pickle in
// which tensors refer to their storages by number; data/0, data/1, ..., the
// elements of the storages; byteorder; and version, that of the format.
const (
	torchFolder  = "archive"
	torchPickle  = "data.pkl"
	torchData    = "data/"
	torchOrder   = "byteorder"
	torchVersion = "version"
)

// storages are the names of PyTorch's classes of storages.
var storages = map[Dtype]string{
	F16: "HalfStorage", BF16: "BFloat16Storage", F32: "FloatStorage", F64: "DoubleStorage",
	I8: "CharStorage", I16: "ShortStorage", I32: "IntStorage", I64: "LongStorage", U8: "ByteStorage", Bool: "BoolStorage",
}

// writeTorchFile writes what torch.load reads as a dict of tensors. body writes
// the elements of tensor i.
func writeTorchFile(w io.Writer, tensors []Info, body func(w io.Writer, i int) error) error {
	archive := zip.NewWriter(w)
	member := func(name string, write func(w io.Writer) error) error {
		// Stored, as torch.save does it, and without a time, so that the same
		// tensors make the same file.
		m, err := archive.CreateHeader(&zip.FileHeader{Name: torchFolder + "/" + name, Method: zip.Store})
		if err != nil {
			return err
		}
		return write(m)
	}
	text := func(s string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
	}
	if err := member(torchPickle, text(string(pickleTensors(tensors)))); err != nil {
		return err
	}
	if err := member(torchOrder, text("little")); err != nil {
		return err
	}
	for i, t := range tensors {
		err := member(torchData+strconv.Itoa(i), func(w io.Writer) error { return body(w, i) })
		if err != nil {
			return fmt.Errorf("tensor %q: %w", t.Name, err)
		}
	}
	if err := member(torchVersion, text("3\n")); err != nil {
		return err
	}
	return archive.Close()
}

// The operations of a pickle, protocol 2, that are written.
const (
	opProtocol, opStop           = "\x80\x02", "."
	opMark, opTuple              = "(", "t"
	opGlobal, opReduce           = "c", "R"
	opText, opInt, opLong        = "X", "J", "\x8a"
	opFalse, opPersistent, opPut = "\x89", "Q", "u" // SETITEMS puts into a dict what lies behind the mark
)

// A pickler is a pickle under way.
type pickler []byte

// pickleTensors is an OrderedDict of tensors, of which number i has storage i
// to itself.
func pickleTensors(tensors []Info) []byte {
	var p pickler
	p.ops(opProtocol)
	p.call("collections", "OrderedDict", func() {})
	p.ops(opMark)
	for i, t := range tensors {
		p.text(t.Name)
		p.tensor(i, t)
	}
	p.ops(opPut, opStop)
	return p
}

// tensor is torch._utils._rebuild_tensor_v2(storage, offset, shape, strides,
// requires_grad, backward_hooks).
func (p *pickler) tensor(storage int, t Info) {
	strides, stride := make([]int, len(t.Shape)), 1
	for d := len(t.Shape) - 1; d >= 0; d-- {
		strides[d] = stride
		stride *= t.Shape[d]
	}
	p.call("torch._utils", "_rebuild_tensor_v2", func() {
		p.tuple(func() {
			p.text("storage")
			p.global("torch", storages[t.Dtype])
			p.text(strconv.Itoa(storage))
			p.text("cpu")
			p.int(stride)
		})
		p.ops(opPersistent)
		p.int(0)
		p.ints(t.Shape)
		p.ints(strides)
		p.ops(opFalse)
		p.call("collections", "OrderedDict", func() {})
	})
}

func (p *pickler) ops(ops ...string) {
	for _, op := range ops {
		*p = append(*p, op...)
	}
}

func (p *pickler) global(module, name string) { p.ops(opGlobal, module, "\n", name, "\n") }

// call calls a function with what args appends.
func (p *pickler) call(module, name string, args func()) {
	p.global(module, name)
	p.tuple(args)
	p.ops(opReduce)
}

func (p *pickler) tuple(items func()) {
	p.ops(opMark)
	items()
	p.ops(opTuple)
}

func (p *pickler) ints(list []int) {
	p.tuple(func() {
		for _, v := range list {
			p.int(v)
		}
	})
}

func (p *pickler) int(v int) {
	if int64(v) == int64(int32(v)) {
		*p = binary.LittleEndian.AppendUint32(append(*p, opInt...), uint32(v))
		return
	}
	*p = binary.LittleEndian.AppendUint64(append(append(*p, opLong...), 8), uint64(v))
}

func (p *pickler) text(s string) {
	*p = binary.LittleEndian.AppendUint32(append(*p, opText...), uint32(len(s)))
	*p = append(*p, s...)
}
