package datasets

import (
	"encoding/binary"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// wantError fails the test unless err has all parts in its text, on one line.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, part := range append(parts, "datasets: ") {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not mention %q", err, part)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q has several lines", err)
	}
}

// alone hides the data sets that this computer may have.
func alone(t testing.TB) {
	none := t.TempDir()
	t.Setenv("HOME", none)
	t.Setenv("KERAS_HOME", "")
	t.Setenv("XDG_CACHE_HOME", "")
}

// zeros makes a file of size zero bytes after head, sparse so that it costs nothing.
func zeros(t testing.TB, path, head string, size int64) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(head), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, int64(len(head))+size); err != nil {
		t.Fatal(err)
	}
}

// blackCIFAR10 makes the files of CIFAR-10 in folder, every image black.
func blackCIFAR10(t testing.TB, folder string) {
	for _, name := range []string{"data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"} {
		zeros(t, filepath.Join(folder, name+".bin"), "", 30_730_000)
	}
}

func TestOpenUnknownName(t *testing.T) {
	_, err := Open("cifra-10", "")
	wantError(t, err, `"cifra-10"`, "did you mean CIFAR10?", "CIFAR100, MNIST, FashionMNIST, SVHN, Synthetic")
	_, err = Open("landscapes", "")
	wantError(t, err, `"landscapes"`, "Synthetic")
	if strings.Contains(err.Error(), "mean") {
		t.Errorf("%v: nothing is near", err)
	}
}

func TestOpenMissingFolder(t *testing.T) {
	alone(t)
	dir := t.TempDir()
	for name, sub := range map[string]string{
		"cifar_10": "cifar-10-batches-bin", "CIFAR-100": "cifar-100-binary", "mnist": "MNIST/raw", "fashion-mnist": "FashionMNIST/raw",
	} {
		_, err := Open(name, dir)
		wantError(t, err, "found nothing in "+dir, sub, "--data DIR")
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%v is no fs.ErrNotExist", err)
		}
	}
}

func TestOpenCIFAR10(t *testing.T) {
	alone(t)
	dir := t.TempDir()
	folder := filepath.Join(dir, "cifar-10-batches-bin")
	blackCIFAR10(t, folder)
	file, err := os.OpenFile(filepath.Join(folder, "data_batch_3.bin"), os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	file.WriteAt([]byte{7, 11, 12}, 5*3073) // label and first red values of its record 5
	file.Close()
	for _, dir := range []string{dir, folder} {
		d, err := Open("cifar-10", dir)
		if err != nil {
			t.Fatal(err)
		}
		if d.Train.N != 50_000 || d.Test.N != 10_000 || len(d.Classes) != 10 || d.Crop != 4 || !d.Flip {
			t.Errorf("unexpected data set: %d train, %d test, %d classes", d.Train.N, d.Test.N, len(d.Classes))
		}
		if pixels := d.Train.Image(20_005); d.Train.Labels[20_005] != 7 || pixels[0] != 11 || pixels[3] != 12 {
			t.Errorf("record 5 of batch 3 has label %d, pixels %v", d.Train.Labels[20_005], pixels[:6])
		}
	}
	os.Truncate(filepath.Join(folder, "data_batch_4.bin"), 30_729_999)
	_, err = Open("cifar-10", dir)
	wantError(t, err, "CIFAR-10", "data_batch_4.bin has 30729999 bytes, want 30730000")
	os.Remove(filepath.Join(folder, "data_batch_4.bin"))
	_, err = Open("cifar-10", dir)
	wantError(t, err, "CIFAR-10", "data_batch_4.bin", "archive")
}

func TestOpenCIFAR100(t *testing.T) {
	alone(t)
	dir := t.TempDir()
	zeros(t, filepath.Join(dir, "train.bin"), "\x13\x63", 153_700_000-2) // labels 19 and 99
	zeros(t, filepath.Join(dir, "test.bin"), "", 30_740_000)
	names := filepath.Join(dir, "fine_label_names.txt")
	zeros(t, names, strings.Repeat("name\n", 99), 0)
	_, err := Open("CIFAR100", dir)
	wantError(t, err, names+" has 99 names, want 100")
	zeros(t, names, strings.Repeat("name\n", 99)+"last\n", 0)
	d, err := Open("CIFAR100", dir)
	if err != nil {
		t.Fatal(err)
	}
	if d.Train.Labels[0] != 99 || d.Classes[99] != "last" || d.Test.N != 10_000 {
		t.Errorf("first label %d, last class %s, %d test images", d.Train.Labels[0], d.Classes[99], d.Test.N)
	}
}

func TestOpenMNIST(t *testing.T) {
	alone(t)
	dir := t.TempDir()
	raw := filepath.Join(dir, "FashionMNIST", "raw")
	big := func(words ...uint32) (s []byte) {
		for _, w := range words {
			s = binary.BigEndian.AppendUint32(s, w)
		}
		return s
	}
	labels := append(big(2049, 60_000), make([]byte, 60_000)...)
	for i := 6000; i < 60_000; i++ {
		labels[8+i] = byte(1 + i%9)
	}
	zeros(t, filepath.Join(raw, "train-images-idx3-ubyte"), string(big(2051, 60_000, 28, 28)), 60_000*28*28)
	zeros(t, filepath.Join(raw, "t10k-images-idx3-ubyte"), string(big(2051, 10_000, 28, 28)), 10_000*28*28)
	zeros(t, filepath.Join(raw, "train-labels-idx1-ubyte.gz"), string(gzipped(t, labels)), 0)
	zeros(t, filepath.Join(raw, "t10k-labels-idx1-ubyte"), string(big(2049, 10_000)), 10_000)
	for _, dir := range []string{dir, raw} {
		d, err := Open("Fashion_MNIST", dir)
		if err != nil {
			t.Fatal(err)
		}
		if d.Train.N != 60_000 || d.Test.N != 10_000 || d.Train.C != 1 || d.Train.Labels[6000] != 7 {
			t.Errorf("unexpected data set: %d train, %d test, label %d", d.Train.N, d.Test.N, d.Train.Labels[6000])
		}
	}
	_, err := Open("MNIST", raw)
	wantError(t, err, raw, "6000 training labels 0, want 5923", "another set")
}

// TestPublishedData checks facts about the published files: how often the labels
// come, and mean and standard deviation of the training pixels.
func TestPublishedData(t *testing.T) {
	dir := os.Getenv("LBSAM_DATA")
	if dir == "" {
		t.Skip("LBSAM_DATA is not set; it names the folder of the published data sets")
	}
	all := func(n, of int) []int {
		counts := make([]int, n)
		for i := range counts {
			counts[i] = of
		}
		return counts
	}
	for name, want := range map[string]struct{ train, test []int }{
		"CIFAR10":      {all(10, 5000), all(10, 1000)},
		"CIFAR100":     {all(100, 500), all(100, 100)},
		"FashionMNIST": {all(10, 6000), all(10, 1000)},
		"MNIST": {[]int{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949},
			[]int{980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}},
	} {
		d, err := Open(name, dir)
		if err != nil {
			t.Error(err)
			continue
		}
		checkLabels(t, name+" train", &d.Train, want.train)
		checkLabels(t, name+" test", &d.Test, want.test)
		checkMoments(t, d, 0.0002)
	}
}

func checkLabels(t *testing.T, name string, s *Split, want []int) {
	t.Helper()
	counts := make([]int, len(want))
	for _, label := range s.Labels {
		counts[label]++
	}
	for label, n := range counts {
		if n != want[label] {
			t.Errorf("%s has label %d %d times, want %d", name, label, n, want[label])
		}
	}
}

// checkMoments compares Mean and Std with the training pixels. CIFAR's published
// Std are those; others in circulation are means over images of their deviation.
func checkMoments(t *testing.T, d *Dataset, tolerance float64) {
	t.Helper()
	s := &d.Train
	for c := range s.C {
		var sum, squares uint64
		for i := c; i < len(s.Images); i += s.C {
			v := uint64(s.Images[i])
			sum, squares = sum+v, squares+v*v
		}
		n := float64(s.N * s.H * s.W)
		mean := float64(sum) / n / 255
		std := math.Sqrt(float64(squares)/n/255/255 - mean*mean)
		if !(math.Abs(mean-d.Mean[c]) <= tolerance && math.Abs(std-d.Std[c]) <= tolerance) {
			t.Errorf("%s: channel %d has mean %.4f, std %.4f, but Mean and Std say %v, %v", d.Name, c, mean, std, d.Mean[c], d.Std[c])
		}
	}
}

// BenchmarkOpen reads every set in every format in which it is in LBSAM_DATA, and
// black images in the binary format of CIFAR-10.
func BenchmarkOpen(b *testing.B) {
	b.Run("black", func(b *testing.B) {
		dir := b.TempDir()
		blackCIFAR10(b, dir)
		b.SetBytes(6 * 30_730_000)
		for b.Loop() {
			if _, err := Open("CIFAR10", dir); err != nil {
				b.Fatal(err)
			}
		}
	})
	dir := os.Getenv("LBSAM_DATA")
	if dir == "" {
		b.Skip("LBSAM_DATA is not set; it names the folder of the published data sets")
	}
	for _, name := range []string{"CIFAR10", "CIFAR100", "MNIST", "FashionMNIST", "SVHN"} {
		s, err := setOf(name)
		if err != nil {
			b.Fatal(err)
		}
		for _, p := range rootOf(dir, s.here).places {
			if !p.exists() {
				continue
			}
			b.Run(name+"/"+filepath.Base(p.path), func(b *testing.B) {
				began := processor()
				for b.Loop() {
					if _, found := s.load(p); found.Err != nil {
						b.Fatal(found.Err)
					}
				}
				b.ReportMetric((processor()-began).Seconds()/float64(b.N), "cpu-s/op") // of all cores, whatever else they do
			})
		}
	}
}
