package datasets

import (
	"fmt"
	"image"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"

	"lbsam/datasets/picture"
	"lbsam/internal/parquet"
)

// A hubSet is how a set lies on the hub of Hugging Face: in repositories, of which
// the set has had several names, in a folder, as Parquet. Each row has an image
// as a PNG file, and a label.
type hubSet struct {
	repositories []string // OWNER--NAME, or NAME
	folder       string
	image, label string // columns
}

// places lists where the set may be below the cache of the hub, which keeps each
// version of a repository that was loaded.
func (h hubSet) places(hub string) (places []place) {
	for _, repository := range h.repositories {
		// The only error is one of the pattern.
		found, _ := filepath.Glob(filepath.Join(escaped(hub), "datasets--"+repository, "snapshots", "*", h.folder))
		for _, path := range found {
			places = append(places, place{path, h.format(), ""})
		}
	}
	return places
}

// escaped is a path as a pattern of itself.
func escaped(path string) string {
	var b []byte
	for i := range len(path) {
		if c := path[i]; c == '*' || c == '?' || c == '[' || c == '\\' && filepath.Separator != '\\' {
			b = append(b, '\\')
		}
		b = append(b, path[i])
	}
	return string(b)
}

// hubCache is where the hub's files are kept; "": there is no such place.
func hubCache() string {
	if hub := os.Getenv("HF_HUB_CACHE"); hub != "" {
		return hub
	}
	if home := os.Getenv("HF_HOME"); home != "" {
		return filepath.Join(home, "hub")
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".cache", "huggingface", "hub")
	}
	return ""
}

// format is the two files of the set. No MD5 of them is published.
func (h hubSet) format() format {
	return format{"Parquet", []part{
		one("train-00000-of-00001.parquet", "", func(d *Dataset, r io.Reader, what string) error { return h.read(&d.Train, d.Classes, r, what) }),
		one("test-00000-of-00001.parquet", "", func(d *Dataset, r io.Reader, what string) error { return h.read(&d.Test, d.Classes, r, what) }),
	}, cifarMost}
}

// read fills s from a Parquet file.
func (h hubSet) read(s *Split, classes []string, r io.Reader, what string) error {
	data, err := io.ReadAll(limit(r, cifarMost))
	if err == nil {
		err = h.take(s, len(classes), data)
	}
	if err != nil {
		return fmt.Errorf("datasets: %s: %w", what, err)
	}
	return nil
}

func (h hubSet) take(s *Split, classes int, data []byte) error {
	f, err := parquet.Open(data)
	if err != nil {
		return err
	}
	if f.Rows != s.N {
		return fmt.Errorf("it has %d rows, want %d", f.Rows, s.N)
	}
	err = f.Integers(h.label, func(i int, v int64) (err error) {
		s.Labels[i], err = label(float64(v), i, classes)
		return err
	})
	if err != nil {
		return err
	}
	files := make([][]byte, s.N)
	if err := f.Bytes(h.image+".bytes", func(i int, png []byte) error { files[i] = png; return nil }); err != nil {
		return err
	}
	return s.decode(files)
}

// decode sets the images to those in files, on all processors.
func (s *Split) decode(files [][]byte) error {
	errs := make([]error, len(files))
	var g errgroup.Group
	const piece = 500 // images
	g.SetLimit(runtime.GOMAXPROCS(0))
	for lo := 0; lo < len(files); lo += piece {
		g.Go(func() error {
			for i := lo; i < min(lo+piece, len(files)); i++ {
				errs[i] = s.decodeOne(i, files[i])
			}
			return nil
		})
	}
	g.Wait() // the errors are kept one by one
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Split) decodeOne(i int, file []byte) error {
	m, err := picture.Decode(file)
	if err != nil {
		return fmt.Errorf("image %d: %w", i, err)
	}
	if want := image.Rect(0, 0, s.W, s.H); m.Bounds() != want {
		return fmt.Errorf("image %d has %dx%d pixels, want %dx%d", i, m.Bounds().Dx(), m.Bounds().Dy(), s.W, s.H)
	}
	picture.Store(s.Image(i), m, s.C)
	return nil
}
