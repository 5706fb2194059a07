package checkpoint

import (
	"errors"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lbsam/kernels"
	"lbsam/kernels/kerneltest"
	"lbsam/tensor"
)

func ref(t *testing.T, precision kernels.Dtype) *kernels.Device {
	t.Helper()
	d, err := kernels.Open(kernels.Config{Name: "ref", Precision: precision})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// model is what a checkpoint of a small model holds, with random values, or
// zeros for seed 0.
func model(d *kernels.Device, seed int) []Entry {
	entries := []Entry{
		{"conv1.weight", tensor.New(d, 4, 3, 2, 5)},
		{"conv1.bias", tensor.New(d, 4)},
		{"bn1.num_batches_tracked", tensor.NewOf(d, kernels.Int32, 1)},
		{"linear.weight", tensor.New(d, 3, 4)},
	}
	if seed == 0 {
		return entries
	}
	r := kerneltest.Rng(seed)
	for _, e := range entries {
		if e.Tensor.Data.Dtype() == kernels.Int32 {
			kernels.Upload(e.Tensor.Data, []int32{int32(1000 + seed)})
			continue
		}
		e.Tensor.SetFloats(kerneltest.Randn[float64](r, e.Tensor.Len()))
	}
	return entries
}

// values are the bits of all elements.
func values(entries []Entry) (bits []uint64) {
	for _, e := range entries {
		if e.Tensor.Data.Dtype() == kernels.Int32 {
			n := make([]int32, e.Tensor.Len())
			kernels.Download(n, e.Tensor.Data)
			for _, v := range n {
				bits = append(bits, uint64(v))
			}
			continue
		}
		for _, v := range e.Tensor.Floats() {
			bits = append(bits, math.Float64bits(v))
		}
	}
	return bits
}

var metadata = map[string]string{"model": "small", "note": "two\nlines, \"quoted\" <&> ü"}

func TestExportRoundTrip(t *testing.T) {
	for _, precision := range []kernels.Dtype{kernels.Float32, kernels.Float64} {
		d := ref(t, precision)
		path := filepath.Join(t.TempDir(), "last.safetensors")
		saved, loaded := model(d, 1), model(d, 0)
		if err := Export(path, metadata, saved); err != nil {
			t.Fatal(err)
		}
		got, err := Import(path, "small", loaded)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(values(saved), values(loaded)) {
			t.Errorf("%v: Import does not give what was exported", precision)
		}
		want := maps.Clone(metadata)
		want["format"] = "pt"
		if !maps.Equal(got, want) {
			t.Errorf("%v: metadata %v, want %v", precision, got, want)
		}
	}
}

// A checkpoint of either precision fits a model of the other.
func TestImportConvertsPrecision(t *testing.T) {
	single, double := ref(t, kernels.Float32), ref(t, kernels.Float64)
	path := filepath.Join(t.TempDir(), "last.safetensors")
	a, b, c := model(single, 1), model(double, 0), model(single, 0)
	for _, step := range []func() error{
		func() error { return Export(path, nil, a) },
		func() error { _, err := Import(path, "small", b); return err },
		func() error { return Export(path, nil, b) },
		func() error { _, err := Import(path, "small", c); return err },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(values(a), values(b)) || !slices.Equal(values(a), values(c)) {
		t.Error("values changed on the way through float64")
	}
}

func TestStateRoundTrip(t *testing.T) {
	for _, precision := range []kernels.Dtype{kernels.Float32, kernels.Float64} {
		d := ref(t, precision)
		state := func(seed int) []Entry {
			long := tensor.New(d, 2*piece+5) // goes through the host in three pieces
			bytes := tensor.NewOf(d, kernels.Uint8, 3)
			if seed != 0 {
				long.SetFloats(kerneltest.Randn[float64](kerneltest.Rng(seed), long.Len()))
				odd := []float64{math.NaN(), math.Inf(-1), math.Copysign(0, -1), math.SmallestNonzeroFloat32}
				long.Part(piece-2, len(odd)).SetFloats(odd)
				kernels.Upload(bytes.Data, []uint8{1, 2, 255})
			}
			empty, scalar := tensor.New(d, 0, 3), tensor.New(d)
			scalar.Fill(float64(seed))
			return append(model(d, seed), Entry{"weights", long}, Entry{"empty", empty}, Entry{"bytes", bytes}, Entry{"scalar", scalar})
		}
		path := filepath.Join(t.TempDir(), "state.safetensors")
		saved, loaded := state(1), state(0)
		if err := SaveState(path, metadata, saved); err != nil {
			t.Fatal(err)
		}
		slices.Reverse(loaded) // the order of a file is its own
		got, err := LoadState(path, loaded)
		if err != nil {
			t.Fatal(err)
		}
		slices.Reverse(loaded)
		floats := func(list []Entry) []Entry {
			return slices.DeleteFunc(slices.Clone(list), func(e Entry) bool { return e.Name == "bytes" })
		}
		if !slices.Equal(values(floats(saved)), values(floats(loaded))) || !maps.Equal(got, metadata) {
			t.Errorf("%v: LoadState does not give what was saved; metadata %v", precision, got)
		}
		bytes := make([]uint8, 3)
		kernels.Download(bytes, loaded[6].Tensor.Data)
		if !slices.Equal(bytes, []uint8{1, 2, 255}) {
			t.Errorf("%v: bytes %v", precision, bytes)
		}
	}
}

// The same tensors make the same file, which others can read: the header is
// what the format's description says, byte for byte.
func TestFileByHand(t *testing.T) {
	d := ref(t, kernels.Float32)
	counter := tensor.NewOf(d, kernels.Int32, 1)
	kernels.Upload(counter.Data, []int32{7})
	path := filepath.Join(t.TempDir(), "last.safetensors")
	entries := []Entry{{"w", tensor.From(d, []float64{1, 2, 3, 4}, 1, 2, 1, 2)}, {"n", counter}}
	if err := Export(path, map[string]string{"model": "m"}, entries); err != nil {
		t.Fatal(err)
	}
	const header = `{"__metadata__":{"format":"pt","model":"m"},` +
		`"w":{"dtype":"F32","shape":[1,2,2,1],"data_offsets":[0,16]},"n":{"dtype":"I64","shape":[],"data_offsets":[16,24]}}`
	padded := header + strings.Repeat(" ", 7-(len(header)+7)%8)
	want := string([]byte{byte(len(padded)), 0, 0, 0, 0, 0, 0, 0}) + padded +
		"\x00\x00\x80?" + "\x00\x00@@" + "\x00\x00\x00@" + "\x00\x00\x80@" + // 1 3 2 4: both rows of channel 0 come first
		"\x07\x00\x00\x00\x00\x00\x00\x00"
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("error %v, file\n%q, want\n%q", err, got, want)
	}
	if h, err := Inspect(path); err != nil || len(h.Tensors) != 2 || h.Tensors[1].String() != "I64 []" || h.Metadata["model"] != "m" {
		t.Errorf("Inspect: %v, %v", h, err)
	}
}

// refuse checks that load fails with the message and leaves entries alone.
func refuse(t *testing.T, path string, entries []Entry, want string, load func() error) {
	t.Helper()
	before := values(entries)
	err := load()
	if err == nil || !strings.HasPrefix(err.Error(), "checkpoint: "+path+": ") || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %v, want one line with %s", err, want)
	}
	if !slices.Equal(values(entries), before) {
		t.Errorf("tensors changed in spite of %v", err)
	}
}

func TestAnotherModelIsRefused(t *testing.T) {
	d := ref(t, kernels.Float32)
	path := filepath.Join(t.TempDir(), "f.safetensors")
	if err := Export(path, metadata, model(d, 1)); err != nil {
		t.Fatal(err)
	}
	state := filepath.Join(t.TempDir(), "s.safetensors")
	if err := SaveState(state, metadata, model(d, 1)); err != nil {
		t.Fatal(err)
	}
	const another = `: a checkpoint of another model? (in the file: "small", wanted: "large")`
	for name, c := range map[string]struct {
		change            func(list []Entry) []Entry
		wanted, wantState string
	}{
		"shape": {func(list []Entry) []Entry { list[3].Tensor = tensor.New(d, 5, 4); return list },
			`tensor "linear.weight": found F32 [3 4], want F32 [5 4]` + another, `tensor "linear.weight": found F32 [3 4], want F32 [5 4]: `},
		"shape of a convolution": {func(list []Entry) []Entry { list[0].Tensor = tensor.New(d, 4, 3, 3, 5); return list },
			`tensor "conv1.weight": found F32 [4 5 3 2], want F32 [4 5 3 3]` + another, `found F32 [4 3 2 5], want F32 [4 3 3 5]`},
		"missing": {func(list []Entry) []Entry { return append(list, Entry{"linear.bias", tensor.New(d, 3)}) },
			`found no tensor "linear.bias", want F32 [3]` + another, `found no tensor "linear.bias", want F32 [3]: the state of another run?`},
		"unexpected": {func(list []Entry) []Entry { return list[:3] },
			`found tensor "linear.weight", F32 [3 4], want none of that name` + another, `found tensor "linear.weight", F32 [3 4], want none`},
		"counter": {func(list []Entry) []Entry { list[2].Tensor = tensor.New(d, 1); return list },
			`tensor "bn1.num_batches_tracked": found I64 [], want F32 [1]` + another, `found I32 [1], want F32 [1]`},
	} {
		t.Run(name, func(t *testing.T) {
			list := c.change(model(d, 2))
			refuse(t, path, list, c.wanted, func() error { _, err := Import(path, "large", list); return err })
			refuse(t, state, list, c.wantState, func() error { _, err := LoadState(state, list); return err })
		})
	}
	double := model(ref(t, kernels.Float64), 2)
	refuse(t, state, double, `found F32 [4 3 2 5], want F64 [4 3 2 5]`, func() error { _, err := LoadState(state, double); return err })
}

func TestCounterOutOfRange(t *testing.T) {
	d := ref(t, kernels.Float32)
	path := filepath.Join(t.TempDir(), "f.safetensors")
	for _, bad := range []string{"\x00\x00\x00\x80\x00\x00\x00\x00", "\xff\xff\xff\xff\xff\xff\xff\xff"} {
		h := Header{Tensors: []Info{{"w", F32, []int{1}}, {"n", I64, []int{}}}}
		err := write(path, h, func(w io.Writer, i int) error {
			_, err := io.WriteString(w, []string{"\x00\x00\x80?", bad}[i])
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		// The weight comes first, and still must not change.
		list := []Entry{{"w", tensor.New(d, 1)}, {"n", tensor.NewOf(d, kernels.Int32, 1)}}
		refuse(t, path, list, `tensor "n": found `, func() error { _, err := Import(path, "m", list); return err })
	}
}

func TestEveryTruncationIsAnError(t *testing.T) {
	d := ref(t, kernels.Float32)
	dir := t.TempDir()
	path, cut := filepath.Join(dir, "whole"), filepath.Join(dir, "cut")
	if err := SaveState(path, nil, model(d, 1)); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	list := model(d, 2)
	before := values(list)
	for n := range len(whole) + 2 {
		if n == len(whole) {
			continue
		}
		data := append(slices.Clone(whole), 0)[:n] // in the end, one byte too many
		if err := os.WriteFile(cut, data, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := LoadState(cut, list); err == nil || !slices.Equal(values(list), before) {
			t.Fatalf("%d bytes of %d: error %v", n, len(whole), err)
		}
	}
}

func TestOldFileSurvivesAFailedWrite(t *testing.T) {
	d := ref(t, kernels.Float32)
	dir := t.TempDir()
	path := filepath.Join(dir, "state.safetensors")
	saved, loaded := model(d, 1), model(d, 0)
	if err := SaveState(path, nil, saved); err != nil {
		t.Fatal(err)
	}
	full := errors.New("the disk is full")
	err := write(path, Header{Tensors: []Info{{"w", F32, []int{1 << 20}}}}, func(w io.Writer, _ int) error {
		w.Write(make([]byte, 3<<20))
		return full
	})
	if !errors.Is(err, full) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want one that names the file", err)
	}
	if _, err := LoadState(path, loaded); err != nil || !slices.Equal(values(saved), values(loaded)) {
		t.Errorf("the old file is gone: %v", err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("files left behind: %v", files)
	}
}

func TestPathsThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	if _, err := Inspect(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := Inspect(dir); err == nil || !strings.Contains(err.Error(), "found a directory") {
		t.Errorf("a directory: %v", err)
	}
	if err := SaveState(filepath.Join(dir, "none", "f"), nil, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder that is not there: %v", err)
	}
}

func TestLayout(t *testing.T) {
	// Two filters of 1x2 pixels and 3 channels: the element oc, kw, ic is the
	// number with these digits.
	ours, theirs := []float64{0, 1, 2, 10, 11, 12, 100, 101, 102, 110, 111, 112}, []float64{0, 10, 1, 11, 2, 12, 100, 110, 101, 111, 102, 112}
	shape, got := ToTorch([]int{2, 1, 2, 3}, ours)
	if !slices.Equal(shape, []int{2, 3, 1, 2}) || !slices.Equal(got, theirs) {
		t.Errorf("ToTorch: %v %v, want [2 3 1 2] %v", shape, got, theirs)
	}
	shape, got = FromTorch(shape, theirs)
	if !slices.Equal(shape, []int{2, 1, 2, 3}) || !slices.Equal(got, ours) {
		t.Errorf("FromTorch: %v %v, want [2 1 2 3] %v", shape, got, ours)
	}
	if shape, got = ToTorch([]int{3, 4}, ours); !slices.Equal(shape, []int{3, 4}) || !slices.Equal(got, ours) {
		t.Errorf("ToTorch of a matrix: %v %v", shape, got)
	}
}
