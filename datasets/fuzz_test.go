package datasets

import (
	"bytes"
	"strings"
	"testing"
)

// checkRead checks what every reader promises: an error of one line that names the
// file, or labels that are classes.
func checkRead(t *testing.T, err error, labels []uint8, classes int) {
	t.Helper()
	if err != nil {
		if text := err.Error(); !strings.HasPrefix(text, "datasets: set: ") || strings.Contains(text, "\n") {
			t.Errorf("error %q is not one line that names the file", text)
		}
		return
	}
	for i, label := range labels {
		if int(label) >= classes {
			t.Errorf("label %d is %d, want less than %d", i, label, classes)
		}
	}
}

func FuzzCIFAR(f *testing.F) {
	f.Add(records(cifar10Format(), 2))
	f.Add(records(cifar10Format(), 2)[:3073])
	f.Add(records(cifar100Format(), 2))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, format := range []cifarFormat{cifar10Format(), cifar100Format()} {
			s := newSplit(2, cifarSide, cifarSide, cifarChannels)
			checkRead(t, format.read(bytes.NewReader(data), "set: file", s.Images, s.Labels), s.Labels, format.classes)
		}
	})
}

func FuzzIDX(f *testing.F) {
	f.Add(idx("abcdefghijkl", 2051, 3, 2, 2), idx("\x03\x00\x01", 2049, 3))
	f.Add(idx("abcdefghijkl", 2051, 3, 4, 1), idx("\x03\x04\x01", 2049, 3))
	f.Fuzz(func(t *testing.T, images, labels []byte) {
		s, err := readTiny(images, labels)
		checkRead(t, err, s.Labels, 4)
	})
}

// FuzzGzip reads an IDX file of labels, plain or packed, as it lies in a folder.
func FuzzGzip(f *testing.F) {
	f.Add(gzipped(f, idx("\x03\x00\x01", 2049, 3)))
	f.Add(append(gzipped(f, idx("\x03", 2049, 3)), gzipped(f, []byte("\x00\x01"))...))
	part := mnist().here[0].format.parts[1]
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, file := range part.files {
			d := &Dataset{Classes: digits(), Train: newSplit(3, 1, 1, 1)}
			_, err := part.load(d, file, bytes.NewReader(data), "set: file")
			checkRead(t, err, d.Train.Labels, 10)
		}
	})
}

func FuzzPython(f *testing.F) {
	for _, name := range []string{"cifar-protocol2", "cifar-protocol4", "cifar-protocol5", "cifar-int16", "cifar-fortran"} {
		f.Add(testdata(f, name+".pickle"))
	}
	f.Add(python2(f))
	f.Add([]byte("\x80\x02}U\x04datacnumpy.core.multiarray\n_reconstruct\n)R(NK\x00\x85cnumpy\ndtype\nU\x02u1\x85R\x89U\x00tbs."))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := readBatch(data, "labels")
		checkRead(t, err, s.Labels, 10)
	})
}

func FuzzTar(f *testing.F) {
	f.Add(tarOf(f, goodTar(f)...))
	f.Add(tarOf(f, member{name: "set/first.bin", kind: '2'}, member{name: "../set/second.bin", body: []byte("x")}))
	f.Fuzz(func(t *testing.T, data []byte) {
		d := fourImages()
		_, err := twoFiles().readTar(d, bytes.NewReader(data), "set: file", "set")
		checkRead(t, err, d.Train.Labels, 10)
	})
}

func FuzzNPZ(f *testing.F) {
	f.Add(testdata(f, "compressed.npz"))
	f.Add(testdata(f, "stored.npz"))
	f.Add(npzOf(f, nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := readNPZ2(data)
		checkRead(t, err, d.Train.Labels, 10)
	})
}

func FuzzNPY(f *testing.F) {
	f.Add(npy("{'descr': '|u1', 'fortran_order': False, 'shape': (3,), }", []byte{1, 2, 3}))
	f.Add(npy("{'descr': '>f8', 'fortran_order': False, 'shape': (3,), }", make([]byte, 24)))
	f.Fuzz(func(t *testing.T, data []byte) {
		labels := make([]uint8, 3)
		err := readNPY(bytes.NewReader(data), "set: file", []int{3}, func(i int, row []byte, e element) (err error) {
			labels[i], err = label(e.number(row), i, 10)
			return err
		})
		checkRead(t, err, labels, 10)
	})
}

func FuzzMAT(f *testing.F) {
	f.Add(testdata(f, "compressed.mat"))
	f.Add(testdata(f, "stored.mat"))
	f.Add(matOf(matMatrixOf(9, []int32{4, 1}, "y", matUint8, []byte{1, 2, 3, 4})))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := readMAT4(data)
		checkRead(t, err, s.Labels, 10)
	})
}
