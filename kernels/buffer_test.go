package kernels

import (
	"strings"
	"testing"
	"unsafe"
)

func TestAllocIsAlignedAndZero(t *testing.T) {
	r := openRig(t, Config{Name: "cpu"})
	for _, dtype := range []Dtype{Float32, Float64, Int32, Uint8} {
		for _, n := range []int{0, 1, 7, 64, 1000} {
			before := r.dev.Allocated()
			b := r.dev.Alloc(dtype, n)
			if uintptr(b.host)%lineBytes != 0 || b.Len() != n || b.Dtype() != dtype || b.Device() != r.dev || b.IsNil() {
				t.Errorf("Alloc(%v, %d) gave %+v", dtype, n, b)
			}
			if got := r.dev.Allocated() - before; got != int64(n*dtype.Size()) {
				t.Errorf("Alloc(%v, %d) counted %d bytes", dtype, n, got)
			}
			for i, v := range bytes(b, dtype.Size()) {
				if v != 0 {
					t.Fatalf("Alloc(%v, %d): byte %d is %d", dtype, n, i, v)
				}
			}
		}
	}
}

func TestSlice(t *testing.T) {
	r := openRig(t, Config{Name: "ref"})
	b := r.ints(0, 1, 2, 3, 4)
	view := b.Slice(1, 4).Slice(1, 3)
	if got := i32(view); len(got) != 2 || got[0] != 2 || got[1] != 3 {
		t.Errorf("the slice of a slice is %v", got)
	}
	i32(view)[0] = 9
	if i32(b)[2] != 9 {
		t.Error("a slice is not a view")
	}
	if end := b.Slice(5, 5); end.Len() != 0 || uintptr(end.host) >= uintptr(b.host)+5*unsafe.Sizeof(int32(0)) {
		t.Errorf("an empty slice at the end points out of the buffer: %+v", end)
	}
	if nothing := (Buffer{}); !nothing.Slice(0, 0).IsNil() || f32(nothing) != nil {
		t.Error("the zero Buffer is not absent")
	}
	for _, bounds := range [][2]int{{-1, 2}, {3, 2}, {0, 6}} {
		if message := mustPanic(t, "Slice", func() { b.Slice(bounds[0], bounds[1]) }); !strings.Contains(message, "of a buffer of 5 elements") {
			t.Errorf("Slice(%v) panics with %q", bounds, message)
		}
	}
}

func TestUploadDownload(t *testing.T) {
	for _, c := range []Config{{Name: "ref", Precision: Float64}, {Name: "ref"}} {
		r := openRig(t, c)
		b := r.floats(0.1, 2)
		want := 0.1
		if c.Precision == Float32 {
			want = float64(float32(0.1))
		}
		if got := Floats(b); got[0] != want || got[1] != 2 {
			t.Errorf("%v: came back as %v", c.Precision, got)
		}
		mustPanic(t, "Upload of the wrong length", func() { UploadFloats(b, []float64{1}) })
		mustPanic(t, "Upload of the wrong type", func() { Upload(b, []int32{1, 2}) })
		mustPanic(t, "Download of the wrong length", func() { Download(make([]float64, 3), r.floats(1, 2)) })
		mustPanic(t, "Alloc below 0", func() { r.dev.Alloc(Float32, -1) })
	}
}

// A mismatch panics and says what came and what was wanted.
func TestMismatchesPanic(t *testing.T) {
	r, other := openRig(t, Config{Name: "cpu"}), openRig(t, Config{Name: "ref"})
	s := NewSegments(r.dev, 4, []Segment{{Len: 4}})
	four := func(r rig) Buffer { return r.junk(4) }
	for _, c := range []struct {
		want string
		f    func()
	}{
		{"kernels: Add: argument 2 has 3 elements of float32, want 4 of float32", func() { Add(r.junk(3), four(r), four(r)) }},
		{"kernels: Add: arguments live on two devices, cpu and ref", func() { Add(four(r), four(r), four(other)) }},
		{"kernels: Add: argument 1 has 4 elements of int32, want 4 of float32", func() { Add(four(r), four(r), r.ints(1, 2, 3, 4)) }},
		{"kernels: Copy: argument 1 has 4", func() { Copy(four(r), r.junk(5)) }},
		{"kernels: Scale: arguments live on two devices", func() { Scale(four(r), four(r), other.junk(1)) }},
		{"kernels: Scale: argument 0 has 2", func() { Scale(four(r), four(r), r.junk(2)) }},
		{"kernels: Dropout: arguments live on two devices", func() { Dropout(four(r), four(r), other.ints(1, 2, 3), 0.5) }},
		{"kernels: Increment: argument 0 has 2", func() { Increment(r.ints(1, 2), 1) }},
		{"kernels: ScaledNorm: arguments live on two devices", func() { ScaledNorm(other.junk(1), four(r), four(r), s, 0) }},
		{"kernels: Ascend: argument 1 has 3", func() { Ascend(four(r), r.junk(3), r.junk(1), r.junk(1), s, 0) }},
		{"kernels: Interpolate: arguments live on two devices", func() { Interpolate(four(r), four(r), four(r), other.junk(1), s) }},
		{"kernels: Alignment: argument 0 has 2", func() { Alignment(r.junk(2), four(r), four(r), four(r), s, false) }},
		{"kernels: BatchNormStatistics: arguments live on two devices", func() {
			BatchNormStatistics(other.junk(2), other.junk(2), four(r), BatchNormRunning{}, BatchNorm{Rows: 2, C: 2})
		}},
		{"kernels: BatchNormStatistics: arguments live on two devices", func() {
			running := BatchNormRunning{Mean: r.junk(2), Var: r.junk(2), Count: other.ints(0), Momentum: .1, Times: 1}
			BatchNormStatistics(r.junk(2), r.junk(2), four(r), running, BatchNorm{Rows: 2, C: 2})
		}},
		{"kernels: MaxPool2d: arguments live on two devices", func() {
			MaxPool2d(r.junk(1), other.ints(0), r.junk(1), Pool{N: 1, H: 1, W: 1, C: 1, KH: 1, KW: 1, Stride: 1})
		}},
		{"kernels: Flatten: argument 0 has 4 elements of float32, want 6", func() { Flatten(four(r), four(r), 1, 2, 3) }},
		{"kernels: Summary of no elements", func() { Summary(r.junk(3), r.junk(0)) }},
		{"kernels: SGDStep with momentum 0.9 needs its arena", func() {
			SGDStep(four(r), four(r), Buffer{}, four(r), r.junk(1), r.junk(1), Buffer{}, SGD{Momentum: 0.9}, s)
		}},
	} {
		if message := mustPanic(t, c.want, c.f); !strings.HasPrefix(message, c.want) {
			t.Errorf("panic says %q, want %q", message, c.want)
		}
	}
}
