package picture

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// samples are the pictures in testdata.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	entries, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	files := map[string][]byte{}
	for _, e := range entries {
		if !IsName(e.Name()) {
			continue
		}
		data, err := os.ReadFile(filepath.Join("testdata", e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = data
	}
	if len(files) < 20 {
		t.Fatalf("%d pictures in testdata", len(files))
	}
	return files
}

// A file that is cut anywhere is an error, or nothing that matters is missing.
func TestCutAnywhere(t *testing.T) {
	for name, data := range samples(t) {
		whole, err := Decode(data)
		if err != nil {
			t.Fatal(name, err)
		}
		for n := range data {
			m, err := Decode(data[:n])
			if err != nil {
				if text := err.Error(); text == "" || strings.ContainsAny(text, "\n") {
					t.Errorf("%s, %d bytes: error %q", name, n, text)
				}
				continue
			}
			if m.Rect != whole.Rect || !bytes.Equal(m.Pix, whole.Pix) {
				t.Errorf("%s, %d bytes of %d: another picture, and no error", name, n, len(data))
			}
		}
	}
}

// claim is a PNG whose header says that it is w by h pixels.
func claim(w, h uint32) []byte {
	header := append([]byte("IHDR"), binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, w), h)...)
	header = append(header, 8, 6, 0, 0, 0)
	data := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), header...)
	return binary.BigEndian.AppendUint32(data, crc32.ChecksumIEEE(header))
}

// What claims to be huge is refused before memory is asked for it.
func TestBombs(t *testing.T) {
	for _, size := range [][2]uint32{{100_000, 100_000}, {1, 1 << 30}, {1 << 30, 1}, {1<<31 - 1, 1<<31 - 1}, {11_586, 11_586}} {
		data := claim(size[0], size[1])
		var err error
		grown := testing.AllocsPerRun(1, func() { _, err = Decode(data) })
		if err == nil || !strings.Contains(err.Error(), "pixels, want 1 to 134217728 of them") && !strings.Contains(err.Error(), "dimension") {
			t.Errorf("%v: %v, want an error about the size", size, err)
		}
		if grown > 100 {
			t.Errorf("%v: %v allocations", size, grown)
		}
	}
	if _, err := Fit(image.NewRGBA(image.Rect(0, 0, 1, 1<<24)), 64, 64); err == nil || !strings.Contains(err.Error(), "1x16777216 pixels") {
		t.Errorf("%v, want an error about a picture that is too narrow", err)
	}
}

func TestWhatIsNoPicture(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "text.png")
	if err := os.WriteFile(text, []byte("PNG"), 0o644); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(folder, "empty.png")
	if err := os.WriteFile(empty, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		folder: "want a file", text: "found no image, want a PNG", empty: "the file is empty", filepath.Join(folder, "none"): "no such file",
	} {
		for what, read := range map[string]func(string) error{
			"Read": func(path string) error { _, err := Read(path); return err },
			"Size": func(path string) error { _, _, err := Size(path); return err },
		} {
			if err := read(path); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s of %s: %v, want %q", what, path, err, want)
			}
		}
	}
}

// Whatever the bytes are, Decode returns a picture of the size that they claim,
// or an error.
func FuzzDecode(f *testing.F) {
	for _, data := range samples(f) {
		f.Add(data)
	}
	f.Add(claim(100_000, 100_000))
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := decode(data, 1<<16)
		if err != nil {
			return
		}
		h, w, err := size(bytes.NewReader(data), 1<<16)
		if err != nil || m.Rect != image.Rect(0, 0, w, h) || len(m.Pix) != 4*h*w {
			t.Errorf("picture %v, header %dx%d, %v", m.Rect, w, h, err)
		}
	})
}
