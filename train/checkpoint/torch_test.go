package checkpoint

import (
	"archive/zip"
	"bytes"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lbsam/kernels"
	"lbsam/tensor"
)

// written is what the files of testdata/torch hold that hold a model, in the
// layout of the devices: testdata/torch/make.py made them, with PyTorch 2.15.
func written(d *kernels.Device) []Entry {
	list := model(d, 0)
	for _, e := range list {
		if isCounter(e.Tensor) {
			kernels.Upload(e.Tensor.Data, []int32{1001})
			continue
		}
		shape := e.Tensor.Shape
		if len(shape) == 4 {
			shape = toTorchShape(shape)
		}
		values := make([]float64, e.Tensor.Len())
		for i := range values {
			values[i] = float64(i)/8 - 3
		}
		_, values = FromTorch(shape, values)
		e.Tensor.SetFloats(values)
	}
	return list
}

func TestImportFromPyTorch(t *testing.T) {
	d := ref(t, kernels.Float32)
	want := values(written(d))
	for _, name := range []string{
		"float32.pth", "dict.pt", "float16.pth", "bfloat16.pth", "float64.pth", "module.pth", "compiled.pth", "parameters.pth",
		"views.pth", "net.pth", "training.pth",
	} {
		list := model(d, 0)
		metadata, err := Import(filepath.Join("testdata/torch", name), "small", list)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if !slices.Equal(values(list), want) || len(metadata) > 0 {
			t.Errorf("%s: Import does not give what PyTorch wrote; metadata %v", name, metadata)
		}
	}
}

func TestImportFromPyTorchRefuses(t *testing.T) {
	d := ref(t, kernels.Float32)
	for name, want := range map[string]string{
		"old.pth":           "found the format of PyTorch before 1.6: save it anew with torch.save(torch.load(FILE), FILE)",
		"module-itself.pth": `it names "__main__.Net", which is not allowed; want a state_dict: save it anew with torch.save(model.state_dict(), FILE)`,
		"list.pth":          "found a list, want a state_dict",
		"nothing.pth":       `found a dict of 1 values ("epoch"), none of them a tensor, want a state_dict, or one under state_dict,`,
		"mixed.pth":         `found "b" in the state_dict, a number, want tensors with names`,
		"expanded.pth":      `tensor "conv1.weight": found 120 elements of a storage of 1: an expanded tensor`,
		"complex.pth":       `it names "torch.ComplexFloatStorage"`,
		"linear.pth":        `found no tensor "conv1.weight", want F32 [4 5 3 2]; found tensor "weight", F32 [2 2], which it has not: a checkpoint of another model? (in the file: "unnamed", wanted: "small")`,
	} {
		list := model(d, 2)
		path := filepath.Join("testdata/torch", name)
		refuse(t, path, list, want, func() error { _, err := Import(path, "small", list); return err })
	}
}

// every is a file with a tensor of every type, and of shapes at the edge.
func every(t *testing.T) (path string, h Header) {
	t.Helper()
	for i, dtype := range []Dtype{F16, BF16, F32, F64, I8, I16, I32, I64, U8, Bool} {
		name := string(dtype)
		h.Tensors = append(h.Tensors, Info{name, dtype, []int{2, 3 + i}}, Info{name + ".scalar", dtype, []int{}}, Info{name + ".none", dtype, []int{2, 0}})
	}
	h.Metadata = map[string]string{"model": "every", "note": "ü"}
	path = filepath.Join(t.TempDir(), "every.safetensors")
	err := write(path, h, func(w io.Writer, i int) error {
		n, _ := h.Tensors[i].bytes()
		b := make([]byte, n)
		for j := range b {
			b[j] = byte(31*i + 7*j) // NaN and others among them
		}
		_, err := w.Write(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return path, h
}

// A file goes to torch and back without the change of a bit, except that the
// metadata are lost.
func TestCopy(t *testing.T) {
	path, h := every(t)
	dir := t.TempDir()
	same, pth, back := filepath.Join(dir, "same"), filepath.Join(dir, "a.pth"), filepath.Join(dir, "back")
	for _, step := range []struct {
		to, from string
		format   Format
	}{{same, path, Safetensors}, {pth, path, Torch}, {back, pth, Safetensors}, {filepath.Join(dir, "b.pth"), pth, Torch}} {
		got, err := Copy(step.to, step.from, step.format)
		if err != nil || len(got.Tensors) != len(h.Tensors) || step.format == Torch && got.Metadata != nil {
			t.Fatalf("%s: %v, %v", step.to, got, err)
		}
	}
	read := func(path string) []byte {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	if !bytes.Equal(read(path), read(same)) {
		t.Error("a copy in the same format is another file")
	}
	if !bytes.Equal(read(pth), read(filepath.Join(dir, "b.pth"))) {
		t.Error("a copy of a torch file is another file")
	}
	a, b := read(path), read(back)
	_, starts, err := decode(a)
	_, backStarts, err2 := decode(b)
	if err != nil || err2 != nil || !bytes.Equal(a[starts[0]:], b[backStarts[0]:]) {
		t.Errorf("elements changed on the way through torch: %v, %v", err, err2)
	}
	s, err := Summarise(pth)
	if err != nil || s.Format != Torch || len(s.Metadata) > 0 {
		t.Errorf("%v, %v", s, err)
	}
	for i, info := range s.Tensors {
		if info.Name != h.Tensors[i].Name || info.String() != h.Tensors[i].String() {
			t.Errorf("tensor %d is %s, %v, want %s, %v", i, info.Name, info, h.Tensors[i].Name, h.Tensors[i])
		}
	}
}

func TestEveryTruncationOfATorchFileIsAnError(t *testing.T) {
	whole, err := os.ReadFile("testdata/torch/views.pth")
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if err := new(file).decode(bytes.NewReader(whole[:n]), int64(n)); err == nil {
			t.Fatalf("%d bytes of %d are a file", n, len(whole))
		}
	}
}

// A bit that changed on the disk shows before a tensor does.
func TestChecksum(t *testing.T) {
	d := ref(t, kernels.Float32)
	data, err := os.ReadFile("testdata/torch/float32.pth")
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte("\x00\x00\x40\xc0\x00\x00\x38\xc0")) // -3 and -2.875: the beginning of a tensor
	data[at+4] ^= 1
	path := filepath.Join(t.TempDir(), "f.pth")
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	list := model(d, 2)
	refuse(t, path, list, `tensor "conv1.weight": zip: checksum error`, func() error { _, err := Import(path, "small", list); return err })
}

// A member of an archive by hand.
type member struct {
	name, text string
	method     uint16
}

func archiveOf(t testing.TB, members ...member) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, m := range members {
		w, err := z.CreateHeader(&zip.FileHeader{Name: m.name, Method: m.method})
		if err == nil {
			_, err = io.WriteString(w, m.text)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// tensorPickle is a pickle of one tensor as it is described.
func tensorPickle(numel, offset int, shape, strides []int) string {
	var p pickler
	p.ops(opProtocol)
	p.call("collections", "OrderedDict", func() {})
	p.ops(opMark)
	p.text("a")
	p.call("torch._utils", "_rebuild_tensor_v2", func() {
		p.tuple(func() {
			p.text("storage")
			p.global("torch", "FloatStorage")
			p.text("0")
			p.text("cpu")
			p.int(numel)
		})
		p.ops(opPersistent)
		p.int(offset)
		p.ints(shape)
		p.ints(strides)
		p.ops(opFalse)
		p.call("collections", "OrderedDict", func() {})
	})
	p.ops(opPut, opStop)
	return string(p)
}

func TestHostileTorchFiles(t *testing.T) {
	six := member{"a/data/0", strings.Repeat("\x00", 24), zip.Store} // 6 float32
	pickled := func(text string) []byte { return archiveOf(t, member{"a/data.pkl", text, zip.Store}, six) }
	tensor := func(numel, offset int, shape, strides []int) []byte {
		return pickled(tensorPickle(numel, offset, shape, strides))
	}
	fine := member{"a/data.pkl", tensorPickle(6, 0, []int{6}, []int{1}), zip.Store}
	const large = 1 << 62
	for name, c := range map[string]struct {
		data []byte
		want string
	}{
		"no archive":         {[]byte("PK\x03\x04 and no more"), "zip: not a valid zip file: cut off, or no file of torch.save"},
		"no pickle":          {archiveOf(t, six), "without data.pkl"},
		"no folder":          {archiveOf(t, member{"data.pkl", "", zip.Store}), `found the member "data.pkl", want the one folder`},
		"two folders":        {archiveOf(t, fine, member{"b/data/0", "", zip.Store}), `found the member "b/data/0"`},
		"member twice":       {archiveOf(t, fine, six, six), `found the member "a/data/0" twice`},
		"TorchScript":        {archiveOf(t, fine, six, member{"a/constants.pkl", "", zip.Store}), "found a TorchScript archive"},
		"big-endian":         {archiveOf(t, fine, six, member{"a/byteorder", "big", zip.Store}), `found byte order "big", want little`},
		"empty pickle":       {pickled(""), "pickle: "},
		"compressed pickle":  {archiveOf(t, member{"a/data.pkl", fine.text, zip.Deflate}, six), `found a compressed member "data.pkl"`},
		"calls a function":   {pickled("cos\nsystem\n(X\x02\x00\x00\x00lstR."), `it names "os.system", which is not allowed`},
		"calls a storage":    {pickled("\x80\x02ctorch\nFloatStorage\n)R."), "pickle: "},
		"no storage":         {archiveOf(t, fine), `tensor "a": found no storage "0"`},
		"small storage":      {tensor(7, 0, []int{6}, []int{1}), "found a storage of 24 bytes, want 7 elements of F32"},
		"large storage":      {tensor(5, 0, []int{5}, []int{1}), "found a storage of 24 bytes, want 5 elements"},
		"negative storage":   {tensor(-6, 0, []int{6}, []int{1}), "want -6 elements"},
		"absurd storage":     {tensor(large, 0, []int{6}, []int{1}), "want 4611686018427387904 elements"},
		"past the end":       {tensor(6, 1, []int{6}, []int{1}), "found shape [6] with strides [1] from 1 on in a storage of 6"},
		"scalar at the end":  {tensor(6, 6, nil, nil), "found elements from 6 on in a storage of 6"},
		"negative offset":    {tensor(6, -1, []int{2}, []int{1}), "found elements from -1 on"},
		"absurd offset":      {tensor(6, large, []int{2}, []int{1}), "found elements from 4611686018427387904 on"},
		"negative stride":    {tensor(6, 5, []int{6}, []int{-1}), "found shape [6] with strides [-1]"},
		"stride out":         {tensor(6, 0, []int{2, 2}, []int{4, 2}), "found shape [2 2] with strides [4 2]"},
		"absurd stride":      {tensor(6, 0, []int{2, 2}, []int{large, large}), "with strides [4611686018427387904"},
		"fewer strides":      {tensor(6, 0, []int{2, 2}, []int{2}), "found strides [2] for shape [2 2]"},
		"negative shape":     {tensor(6, 0, []int{-2, -3}, []int{3, 1}), "found shape [-2 -3], want one that fits into memory"},
		"absurd shape":       {tensor(6, 0, []int{1 << 40, 1 << 40}, []int{1, 1}), "want one that fits into memory"},
		"expanded":           {tensor(6, 0, []int{1 << 40}, []int{0}), "found 1099511627776 elements of a storage of 6: an expanded tensor"},
		"many dimensions":    {tensor(6, 0, make([]int, 17), make([]int, 17)), "found a shape that is no list of 16 numbers or less"},
		"deep":               {pickled(strings.Repeat("(", 1<<16) + strings.Repeat("t", 1<<16) + "."), "found a list, want a state_dict"},
		"name of the format": {pickled(strings.Replace(fine.text, "X\x01\x00\x00\x00a", "X\x0c\x00\x00\x00__metadata__", 1)), "found a name that safetensors cannot hold"},
	} {
		path := filepath.Join(t.TempDir(), "f.pth")
		if err := os.WriteFile(path, c.data, 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Summarise(path)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") || len(err.Error()) > 500 {
			t.Errorf("%s: error %v, want one line with %s", name, err, c.want)
		}
	}
}

// A dict that holds itself is no reason to go round in circles.
func TestRecursivePickle(t *testing.T) {
	data := archiveOf(t, member{"a/data.pkl", "\x80\x02}q\x00X\x05\x00\x00\x00modelh\x00s.", zip.Store})
	f := &file{}
	if err := f.decode(bytes.NewReader(data), int64(len(data))); err == nil || !strings.Contains(err.Error(), `none of them a tensor`) {
		t.Errorf("error %v", err)
	}
}

// readAll reads all that a file holds. It must not panic, and what it gives
// must not be larger than the file.
func readAll(t *testing.T, data []byte) {
	opened := &file{}
	if err := opened.decode(bytes.NewReader(data), int64(len(data))); err != nil {
		return
	}
	for i, info := range opened.Tensors {
		r, err := opened.elements(i)
		if err != nil {
			continue
		}
		n, err := io.Copy(io.Discard, r)
		if want, _ := info.bytes(); err == nil && n != want || want > int64(len(data)) {
			t.Errorf("tensor %q, %v: %d bytes of a file of %d, %v", info.Name, info, n, len(data), err)
		}
	}
}

func FuzzTorch(f *testing.F) {
	files, err := filepath.Glob("testdata/torch/*.p*t*")
	if err != nil || len(files) < 15 {
		f.Fatal(files, err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(readAll)
}

// FuzzTorchPickle is FuzzTorch for archives that are sound: it gets deeper.
func FuzzTorchPickle(f *testing.F) {
	storage := bytes.Repeat([]byte{1}, 24)
	f.Add([]byte(tensorPickle(6, 1, []int{2, 2}, []int{1, 2})), storage)
	f.Add([]byte(tensorPickle(6, 6, []int{2, 0}, []int{1, 1})), storage)
	f.Add([]byte(tensorPickle(6, 0, nil, nil)), storage)
	f.Fuzz(func(t *testing.T, pickle, storage []byte) {
		readAll(t, archiveOf(t, member{"a/data.pkl", string(pickle), zip.Store}, member{"a/data/0", string(storage), zip.Store}))
	})
}

func TestHalvesAreRead(t *testing.T) {
	for _, c := range []struct {
		dtype Dtype
		raw   string
		want  float64
	}{
		{F16, "\x00\x3c", 1}, {F16, "\x01\x00", 0x1p-24}, {F16, "\xff\x7b", 65504}, {F16, "\x00\xfc", math.Inf(-1)}, {BF16, "\x80\x3f", 1}, {BF16, "\x49\xc0", -3.140625},
		{I8, "\xff", -1}, {I16, "\xfe\xff", -2}, {Bool, "\x01", 1}, {U8, "\xff", 255}, {I32, "\xff\xff\xff\xff", -1}, {I64, "\xfd\xff\xff\xff\xff\xff\xff\xff", -3},
	} {
		if got := numbers([]byte(c.raw), c.dtype); len(got) != 1 || got[0] != c.want {
			t.Errorf("%s %q is %v, want %v", c.dtype, c.raw, got, c.want)
		}
	}
}

func TestSummarise(t *testing.T) {
	d := ref(t, kernels.Float64)
	path := filepath.Join(t.TempDir(), "f.safetensors")
	entries := []Entry{{"w", tensor.From(d, []float64{-3, 1, 2, 4, math.NaN(), math.Inf(1)}, 6)}, {"bad", tensor.From(d, []float64{math.NaN()}, 1)}, {"none", tensor.New(d, 0)}, {"large", tensor.From(d, []float64{-1.5e308, 1.5e308}, 2)}}
	if err := Export(path, map[string]string{"model": "m"}, entries); err != nil {
		t.Fatal(err)
	}
	s, err := Summarise(path)
	if err != nil || s.Format != Safetensors || s.Metadata["model"] != "m" {
		t.Fatalf("%v, %v", s, err)
	}
	// The root of (9 + 1 + 4 + 16) / 4; two of the numbers are not finite.
	want := []Stats{{6, 2, -3, 1, 4, 2.7386127875258306}, {1, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0}, {2, 0, -1.5e308, 0, 1.5e308, 1.5e308}}
	for i, got := range s.Stats {
		for j, pair := range [][2]float64{{got.Min, want[i].Min}, {got.Mean, want[i].Mean}, {got.Max, want[i].Max}, {got.RMS, want[i].RMS}} {
			if !(math.Abs(pair[0]-pair[1]) <= 1e-15*math.Abs(pair[1])) { // a few roundings
				t.Errorf("tensor %d, number %d: %v, want %v", i, j, pair[0], pair[1])
			}
		}
		if got.Elements != want[i].Elements || got.NonFinite != want[i].NonFinite {
			t.Errorf("tensor %d: %+v, want %+v", i, got, want[i])
		}
	}
}
