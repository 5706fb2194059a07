package tensorboard

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// The files in testdata were written by TensorBoard's own code: python make.py
// there.
func TestFilesAreThoseOfTensorBoard(t *testing.T) {
	at := time.Unix(1700000000, 25e7)
	first := &Event{Time: at}
	first.Text("configuration", "    lr = 0.1\n")
	second := &Event{Time: at, Step: 300}
	second.Scalar("train/loss", 0.1)
	second.Scalar("lr", 0)
	second.PNG("images", 500, 2, []byte("\x89PNG no picture"))
	second.Histogram("alpha", []float64{2, -1, math.NaN(), 0.5, math.Inf(1), 2})
	for name, records := range map[string][][]byte{
		"first.tfevents":  {version(at), first.encode(), second.encode()},
		"second.tfevents": {version(at), restart(at, 7)},
	} {
		want, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), name)
		file, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		w := &Writer{file}
		for _, r := range records {
			if err := w.record(r); err != nil {
				t.Fatal(err)
			}
		}
		w.Close()
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s: %v\ngot  %q\nwant %q", name, err, got, want)
		}
	}
}

func TestHistogram(t *testing.T) {
	for _, c := range []struct {
		values         []float64
		limits, counts []float64
	}{
		{nil, nil, nil},
		{[]float64{math.NaN(), math.Inf(-1)}, nil, nil},
		{[]float64{3, 3}, []float64{3}, []float64{2}},
	} {
		h := newHistogram(c.values)
		if !slices.Equal(h.limits, c.limits) || !slices.Equal(h.counts, c.counts) || math.IsInf(h.min, 0) {
			t.Errorf("of %v: %+v", c.values, h)
		}
	}
	for _, wide := range [][]float64{{0, math.SmallestNonzeroFloat64}, {-math.MaxFloat64, math.MaxFloat64}} {
		if h := newHistogram(wide); h.n != 2 {
			t.Errorf("of %v: %+v", wide, h)
		}
	}
	var values []float64
	for i := range 301 {
		values = append(values, float64(i)/10)
	}
	h := newHistogram(values) // from 0 to 30: buckets of 1, and the last one has its end
	for i, n := range h.counts {
		want := 10.0
		if i == buckets-1 {
			want = 11
		}
		if n != want || math.Abs(h.limits[i]-float64(i+1)) > 1e-12 { // a rounding
			t.Errorf("bucket %d up to %v has %v, want %v", i, h.limits[i], n, want)
		}
	}
	if h.min != 0 || h.max != 30 || h.n != 301 || len(h.counts) != buckets {
		t.Errorf("%+v", h)
	}
}

// Files that are made within one second come one behind the other.
func TestNamesAreInOrder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a[b]*")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	var names []string
	for from := range int64(3) {
		w, err := Create(dir, from)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, filepath.Base(w.file.Name()))
		w.Close()
	}
	if !slices.IsSorted(names) || names[0] == names[1] || names[1] == names[2] {
		t.Errorf("%q", names)
	}
	if _, err := Create(filepath.Join(dir, "none"), 0); err == nil {
		t.Error("a file was made in a folder that is not there")
	}
}
