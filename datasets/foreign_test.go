package datasets

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The files in testdata were made by python3 foreign.py there, with the tools that
// made the published sets. This is the rule of their pixels.
func foreignPixel(i, y, x, c int) uint8 { return uint8(31*i + 7*y + 13*x + 101*c + x*y) }

// wantForeign checks that s holds the images of foreign.py, from first on.
func wantForeign(t *testing.T, s *Split, first int) {
	t.Helper()
	for i := range s.N {
		if got, want := s.Labels[i], uint8(3*(first+i)%10); got != want {
			t.Errorf("label %d is %d, want %d", i, got, want)
		}
		for p, got := range s.Image(i) {
			c, x, y := p%s.C, p/s.C%s.W, p/s.C/s.W
			if want := foreignPixel(first+i, y, x, c); got != want {
				t.Fatalf("image %d, y %d, x %d, c %d is %d, want %d", i, y, x, c, got, want)
			}
		}
	}
}

func testdata(t testing.TB, name string) []byte {
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// readBatch reads a pickle of four images.
func readBatch(data []byte, key string) (Split, error) {
	s := newSplit(4, cifarSide, cifarSide, cifarChannels)
	return s, cifar10Format().readPython(bytes.NewReader(data), "set: file", key, s.Images, s.Labels)
}

func TestPythonBatches(t *testing.T) {
	for name, key := range map[string]string{
		"cifar-protocol2": "labels", "cifar-protocol4": "fine_labels", "cifar-protocol5": "labels", "python2": "labels",
	} {
		data := python2(t)
		if name != "python2" {
			data = testdata(t, name+".pickle")
		}
		s, err := readBatch(data, key)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		wantForeign(t, &s, 0)
	}
}

// python2 is a batch as Python 2 pickled the published ones, where str are bytes.
func python2(t testing.TB) []byte {
	s, err := readBatch(testdata(t, "cifar-protocol4.pickle"), "labels")
	if err != nil {
		t.Fatal(err)
	}
	var planes strings.Builder
	for i := range s.N {
		for c := range 3 {
			for p := range cifarPlane {
				planes.WriteByte(s.Image(i)[3*p+c])
			}
		}
	}
	return []byte("\x80\x02}q\x01(U\x04dataq\x02cnumpy.core.multiarray\n_reconstruct\nq\x03cnumpy\nndarray\nq\x04" +
		"K\x00\x85U\x01b\x87Rq\x05(K\x01K\x04M\x00\x0c\x86cnumpy\ndtype\nq\x06U\x02u1K\x00K\x01\x87Rq\x07" +
		"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89T\x00\x30\x00\x00" + planes.String() +
		"tbU\x06labelsq\x08]q\x09(K\x00K\x03K\x06K\x09eu.")
}

func TestPythonBatchErrors(t *testing.T) {
	good := testdata(t, "cifar-protocol4.pickle")
	for name, c := range map[string]struct {
		data []byte
		key  string
		want string
	}{
		"int16":        {testdata(t, "cifar-int16.pickle"), "labels", "an array of [4 3072] of type i2, want an array of [4 3072] of type u1"},
		"fortran":      {testdata(t, "cifar-fortran.pickle"), "labels", "row by row"},
		"no labels":    {good, "coarse_labels", "its coarse_labels: not there with 0 numbers, want a list of 4"},
		"no dict":      {[]byte("\x80\x02]."), "labels", "holds a list of 0, want a dict"},
		"empty dict":   {[]byte("\x80\x02}."), "labels", "its data are not there"},
		"os.system":    {[]byte("cos\nsystem\n(S'true'\ntR."), "labels", `"os.system", which is not allowed`},
		"no pickle":    {records(cifar10Format(), 4), "labels", "the Python version?"},
		"wrong label":  {bytes.Replace(good, []byte("K\x00K\x03K\x06K\x09"), []byte("K\x00K\x03K\x0aK\x09"), -1), "labels", "label 2 is 10, want 0 to 9"},
		"None":         {bytes.Replace(good, []byte("K\x00K\x03K\x06K\x09"), []byte("K\x00K\x03NNK\x09"), -1), "labels", "a label is not there, want an int"},
		"other shape":  {bytes.Replace(good, []byte("K\x04M\x00\x0c"), []byte("K\x03M\x00\x0c"), 1), "labels", "has 12288 bytes, want 9216"},
		"five labels":  {bytes.Replace(good, []byte("K\x00K\x03K\x06K\x09"), []byte("K\x00K\x03K\x06K\x09K\x00"), -1), "labels", "5 numbers, want 4"},
		"far too long": {append(good, make([]byte, 5<<20)...), "labels", "too long"},
	} {
		_, err := readBatch(c.data, c.key)
		t.Run(name, func(t *testing.T) { wantError(t, err, "set: file", c.want) })
	}
	for n := 0; n < len(good); n += 1 + n/40 {
		if _, err := readBatch(good[:n], "labels"); err == nil {
			t.Fatalf("%d bytes of %d are no error", n, len(good))
		}
	}
}

func TestPythonNames(t *testing.T) {
	d := new(Dataset)
	f := cifarFormat{2, 2}
	if err := f.readNames(d, bytes.NewReader(testdata(t, "meta.pickle")), "set: meta", "fine_label_names"); err != nil {
		t.Fatal(err)
	}
	if len(d.Classes) != 2 || d.Classes[0] != "apple" || d.Classes[1] != "bear" {
		t.Errorf("classes %q", d.Classes)
	}
	err := cifar100Format().readNames(d, bytes.NewReader(testdata(t, "meta.pickle")), "set: meta", "fine_label_names")
	wantError(t, err, "set: meta", "a list of 2, want a list of 100 names")
}

// twoFiles is a format of two files with two records each.
func twoFiles() format {
	read := func(from int) func(d *Dataset, r io.Reader, what string) error {
		return func(d *Dataset, r io.Reader, what string) error {
			s := &d.Train
			return cifar10Format().read(r, what, s.Images[from*cifarPixels:(from+2)*cifarPixels], s.Labels[from:from+2])
		}
	}
	return format{"binary", []part{one("first.bin", "", read(0)), one("second.bin", "", read(2))}, 4 * 3073}
}

func fourImages() *Dataset { return &Dataset{Train: newSplit(4, cifarSide, cifarSide, cifarChannels)} }

func TestTarballs(t *testing.T) {
	for _, name := range []string{"ustar.tar.gz", "gnu.tar.gz", "pax.tar.gz"} {
		d := fourImages()
		found, err := twoFiles().readTarball(d, "set", filepath.Join("testdata", name), "set")
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		wantForeign(t, &d.Train, 0)
		if len(found) != 2 || found[0].Name != "second.bin" || found[0].Bytes != 2*3073 || len(found[0].MD5) != 32 {
			t.Errorf("%s: found %+v", name, found)
		}
	}
}

// readNPZ2 reads an archive of three training and two test images of 28x28.
func readNPZ2(data []byte) (*Dataset, error) {
	d := &Dataset{Classes: digits(), Train: newSplit(3, 28, 28, 1), Test: newSplit(2, 28, 28, 1)}
	return d, readNPZ(d, bytes.NewReader(data), "set: some.npz")
}

func TestNPZ(t *testing.T) {
	for _, name := range []string{"compressed.npz", "stored.npz"} {
		d, err := readNPZ2(testdata(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		wantForeign(t, &d.Train, 0)
		wantForeign(t, &d.Test, 0)
	}
}

// readMAT4 reads a file of four images.
func readMAT4(data []byte) (Split, error) {
	s := newSplit(4, cifarSide, cifarSide, cifarChannels)
	return s, readSVHN(&s, bytes.NewReader(data), "set: some.mat")
}

func TestMAT(t *testing.T) {
	for _, name := range []string{"compressed.mat", "stored.mat"} {
		s, err := readMAT4(testdata(t, name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		wantForeign(t, &s, 0)
	}
}

// A file that is cut anywhere is an error, of one line, that names it.
func TestCutForeignFiles(t *testing.T) {
	for name, read := range map[string]func([]byte) error{
		"compressed.mat": func(b []byte) error { _, err := readMAT4(b); return err },
		"stored.mat":     func(b []byte) error { _, err := readMAT4(b); return err },
		"compressed.npz": func(b []byte) error { _, err := readNPZ2(b); return err },
		"stored.npz":     func(b []byte) error { _, err := readNPZ2(b); return err },
		"pax.tar.gz":     func(b []byte) error { return readTarBytes(t, b) },
	} {
		data := testdata(t, name)
		step := 1
		if name == "pax.tar.gz" || name == "stored.mat" {
			step = 61 // each takes longer, and there are more
		}
		for n := 0; n < len(data); n += step {
			err := read(data[:n])
			if err == nil || !strings.HasPrefix(err.Error(), "datasets: set: ") || strings.Contains(err.Error(), "\n") {
				t.Fatalf("%d bytes of %d of %s: error %v", n, len(data), name, err)
			}
		}
	}
}

// readTarBytes reads an archive of twoFiles.
func readTarBytes(t testing.TB, b []byte) error {
	path := filepath.Join(t.TempDir(), "x.tar.gz")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := twoFiles().readTarball(fourImages(), "set", path, "set")
	return err
}

// A damaged file is an error where a checksum covers it.
func TestDamagedForeignFiles(t *testing.T) {
	for name, read := range map[string]func([]byte) error{
		"compressed.mat": func(b []byte) error { _, err := readMAT4(b); return err },
		"compressed.npz": func(b []byte) error { _, err := readNPZ2(b); return err },
		"ustar.tar.gz":   func(b []byte) error { return readTarBytes(t, b) },
	} {
		missed := 0
		data := testdata(t, name)
		for n := 200; n < len(data); n += 97 {
			damaged := bytes.Clone(data)
			damaged[n] ^= 0x10
			if read(damaged) == nil {
				missed++
				t.Logf("%s: no error with byte %d of %d changed", name, n, len(data))
			}
		}
		if missed > 3 { // headers of zip say some things that do not matter
			t.Errorf("%s: %d changed bytes are no error", name, missed)
		}
	}
}

var errTest = errors.New("test")

func TestForeignFormatsPassErrorsOn(t *testing.T) {
	r := io.MultiReader(bytes.NewReader(testdata(t, "stored.mat")[:5000]), failing{})
	s := newSplit(4, cifarSide, cifarSide, cifarChannels)
	if err := readSVHN(&s, r, "set: x"); !errors.Is(err, errTest) {
		t.Errorf("error %v, want %v", err, errTest)
	}
	_, err := readPickle(failing{}, "set: x", 10)
	if !errors.Is(err, errTest) {
		t.Errorf("error %v, want %v", err, errTest)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errTest }
