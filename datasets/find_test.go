package datasets

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The MD5 of what foreign.py puts into its archives.
const firstMD5, secondMD5 = "db87a3d7eee57912af73c8daaf19571c", "ccf9102e52e0b0025fdb70b2ce51f92a"

// small is a set of four images in two files, which may lie in four places.
func small(first, second string) set {
	f := twoFiles()
	f.parts[0].files[0].md5, f.parts[1].files[0].md5 = first, second
	return set{
		title: "small",
		empty: func() *Dataset { d := fourImages(); d.Classes = digits(); return d },
		here:  []place{{"", f, ""}, {"sub/folder", f, ""}, {"small.tar.gz", f, "set"}},
		keras: []place{{"small", f, ""}},
	}
}

// A disk has the places of small; put writes the set to one, in folder.
type disk struct {
	t                *testing.T
	data, keras, own string // the three roots
	first, second    []byte
}

func newDisk(t *testing.T) *disk {
	d := &disk{t: t, data: filepath.Join(t.TempDir(), "data")}
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("KERAS_HOME", filepath.Join(home, "other keras"))
	t.Setenv("XDG_CACHE_HOME", filepath.Join(home, "cache"))
	d.keras, d.own = filepath.Join(home, "other keras", "datasets"), filepath.Join(home, "cache", "lbsam")
	for i := range 4 {
		s, err := readBatch(testdata(t, "cifar-protocol4.pickle"), "labels")
		if err != nil {
			t.Fatal(err)
		}
		record := append([]byte{s.Labels[i]}, make([]byte, cifarPixels)...)
		for p, v := range s.Image(i) {
			record[1+p%3*cifarPlane+p/3] = v
		}
		if i < 2 {
			d.first = append(d.first, record...)
		} else {
			d.second = append(d.second, record...)
		}
	}
	return d
}

func (d *disk) put(folder string, first, second []byte) {
	d.t.Helper()
	zeros(d.t, filepath.Join(folder, "first.bin"), string(first), 0)
	zeros(d.t, filepath.Join(folder, "second.bin"), string(second), 0)
}

// wantSource opens the set and checks where it comes from.
func (d *disk) wantSource(s set, path string, intact bool, notes ...string) {
	d.t.Helper()
	got, err := s.open(d.data)
	if err != nil {
		d.t.Error(err)
		return
	}
	if got.Source.Path != path || got.Source.Intact() != intact || len(got.Notes) != len(notes) {
		d.t.Errorf("from %s, intact %v, notes %q; want %s, %v, %d notes", got.Source.Path, got.Source.Intact(), got.Notes, path, intact, len(notes))
		return
	}
	for i, note := range notes {
		if !strings.Contains(got.Notes[i], note) {
			d.t.Errorf("note %q does not mention %q", got.Notes[i], note)
		}
	}
}

func TestFindsTheFirstIntactPlace(t *testing.T) {
	d := newDisk(t)
	s := small(firstMD5, secondMD5)
	_, err := s.open(d.data)
	wantError(t, err, "small: found nothing in "+d.data+" or "+d.keras+" or "+d.own, "(looked for first.bin, sub/folder, small.tar.gz)", "--data DIR")
	if !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v is no fs.ErrNotExist", err)
	}

	// From the last place to the first one: each is taken as soon as it is there.
	for _, path := range []string{filepath.Join(d.own, "sub", "folder"), d.own, filepath.Join(d.keras, "small"),
		filepath.Join(d.data, "small.tar.gz"), filepath.Join(d.data, "sub", "folder"), d.data} {
		if strings.HasSuffix(path, ".tar.gz") {
			zeros(t, path, string(testdata(t, "gnu.tar.gz")), 0)
		} else {
			d.put(path, d.first, d.second)
		}
		d.wantSource(s, path, true)
	}
	if got := s.find(d.data); len(got) != 6 || got[0].Path != d.data || got[5].Path != filepath.Join(d.own, "sub", "folder") {
		t.Errorf("found %+v", got)
	}
}

func TestChangedFilesComeBehindIntactOnes(t *testing.T) {
	d := newDisk(t)
	s := small(firstMD5, secondMD5)
	changed := slices.Clone(d.first)
	changed[100]++
	d.put(d.data, changed, d.second)
	d.put(filepath.Join(d.keras, "small"), d.first, d.second)
	d.wantSource(s, d.data, false) // what a user has changed is his set
	d.put(filepath.Join(d.data, "sub", "folder"), d.first, d.second)
	d.wantSource(s, filepath.Join(d.data, "sub", "folder"), true)
	d.wantSource(small("", ""), d.data, false) // nothing is published
	if (File{}).Intact() {
		t.Error("a file that was not read is intact")
	}
}

func TestDamagedPlacesArePassedOver(t *testing.T) {
	d := newDisk(t)
	s := small(firstMD5, secondMD5)
	d.put(d.data, d.first, d.second[:100])
	_, err := s.open(d.data)
	wantError(t, err, "small: "+filepath.Join(d.data, "second.bin")+" has 100 bytes, want 6146")
	found := s.find(d.data)
	if len(found) != 1 || found[0].Err == nil || found[0].Intact() || found[0].Files[1].Bytes != 100 {
		t.Errorf("found %+v", found)
	}
	own := filepath.Join(d.own, "sub", "folder")
	d.put(own, d.first, d.second)
	d.wantSource(s, own, true, "passed over: datasets: small: "+filepath.Join(d.data, "second.bin"))
	os.Remove(filepath.Join(d.data, "second.bin"))
	d.wantSource(s, own, true, "archive unpacked completely?")
	s.check = func(*Dataset, string) error { return errors.New("datasets: another set") }
	_, err = s.open(d.data)
	wantError(t, err, "archive unpacked completely?")
	if found := s.find(d.data); len(found) != 2 || found[1].Err == nil {
		t.Errorf("found %+v", found)
	}
}

// A link, a folder or a device in the place of a file is none.
func TestOddPlaces(t *testing.T) {
	d := newDisk(t)
	s := small(firstMD5, secondMD5)
	if err := os.MkdirAll(filepath.Join(d.data, "small.tar.gz"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(d.data, "first.bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	if found := s.find(d.data); found != nil {
		t.Errorf("found %+v", found)
	}
	if err := makeOdd(filepath.Join(d.data, "second.bin")); err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(d.data, "first.bin"))
	zeros(t, filepath.Join(d.data, "first.bin"), string(d.first), 0)
	_, err := s.open(d.data)
	wantError(t, err, "second.bin is no regular file")
	real := filepath.Join(t.TempDir(), "real")
	d.put(real, d.first, d.second)
	if err := os.Mkdir(filepath.Join(d.data, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(real, filepath.Join(d.data, "sub", "folder")); err != nil {
		t.Fatal(err)
	}
	d.wantSource(s, filepath.Join(d.data, "sub", "folder"), true, "second.bin") // a link to a folder is one
}

// Keras keeps MNIST in one file, in the home folder.
func TestMNISTOfKeras(t *testing.T) {
	alone(t)
	labels := make([]byte, mnistTrain)
	for i := 5923; i < mnistTrain; i++ {
		labels[i] = byte(1 + i%9)
	}
	head := func(shape string) string {
		return "{'descr': '|u1', 'fortran_order': False, 'shape': (" + shape + "), }"
	}
	archive := npzOf(t, map[string][]byte{
		"x_train.npy": npy(head("60000, 28, 28"), make([]byte, mnistTrain*28*28)), "y_train.npy": npy(head("60000,"), labels),
		"x_test.npy": npy(head("10000, 28, 28"), make([]byte, mnistTest*28*28)), "y_test.npy": npy(head("10000,"), make([]byte, mnistTest)),
	})
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(home, ".keras", "datasets", "mnist.npz")
	zeros(t, path, string(archive), 0)
	d, err := Open("MNIST", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if d.Source.Path != path || d.Source.Format != "npz" || d.Train.Labels[5923] != 2 || d.Name != "MNIST" {
		t.Errorf("%+v, label 5923 is %d", d.Source, d.Train.Labels[5923])
	}
}
