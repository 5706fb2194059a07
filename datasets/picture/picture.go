// Package picture reads image files: PNG, JPEG, WebP, GIF (its first frame),
// BMP and TIFF, whatever the name of the file says.
//
// A picture is an opaque image.RGBA whose bounds begin at 0. What a file has
// beside red, green and blue is dropped as Pillow's convert("RGB") drops it: an
// alpha channel is left out, not blended with a background, and of 16 bits the
// upper 8 stay.
package picture

import (
	"bytes"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // the formats that Decode knows
	_ "image/jpeg"
	_ "image/png"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	_ "golang.org/x/image/bmp"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"
)

// Extensions are those of files that are taken for images, in lower case.
func Extensions() []string {
	return []string{".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}
}

// IsName reports whether a file of that name is taken for an image.
func IsName(name string) bool {
	return slices.Contains(Extensions(), strings.ToLower(filepath.Ext(name)))
}

// What is refused before memory is asked for: a small file can claim to hold
// an image of any size.
const (
	maxPixels = 1 << 27 // a square of 11,585
	maxFile   = 1 << 29 // bytes
)

// Size returns height and width of the image in a file, from its header.
func Size(path string) (h, w int, err error) {
	file, err := open(path)
	if err != nil {
		return 0, 0, err
	}
	defer file.Close()
	return size(file, maxPixels)
}

// Read returns the image in a file.
func Read(path string) (*image.RGBA, error) {
	file, err := open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	data, err := io.ReadAll(file)
	if err != nil {
		return nil, err
	}
	return Decode(data)
}

// open opens a regular file of an acceptable size: a pipe could block for ever.
func open(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return nil, e.Err // the caller names the file
	}
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("found a folder or a device, want a file")
	}
	if info.Size() == 0 {
		return nil, fmt.Errorf("the file is empty")
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("found %d bytes, want at most %d", info.Size(), maxFile)
	}
	return os.Open(path)
}

// Decode returns the image in the bytes of a file.
func Decode(data []byte) (*image.RGBA, error) { return decode(data, maxPixels) }

func decode(data []byte, most int) (*image.RGBA, error) {
	h, w, err := size(bytes.NewReader(data), most)
	if err != nil {
		return nil, err
	}
	m, format, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", format, explain(err))
	}
	dst := image.NewRGBA(image.Rect(0, 0, w, h))
	// The first frame of a GIF may cover a part of its screen: the rest is black.
	if b := m.Bounds(); b != dst.Rect && format != "gif" {
		return nil, fmt.Errorf("%s: found %dx%d pixels, want the %dx%d of the header", format, b.Dx(), b.Dy(), w, h)
	}
	for i := 3; i < len(dst.Pix); i += 4 {
		dst.Pix[i] = 0xff
	}
	setRGB(dst, m, format)
	return dst, nil
}

// size reads the header of an image of at most so many pixels.
func size(r io.Reader, most int) (h, w int, err error) {
	c, format, err := image.DecodeConfig(r)
	if format == "" { // of an unknown format, or too short to tell
		return 0, 0, explain(err)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("%s: %w", format, explain(err))
	}
	if c.Width < 1 || c.Height < 1 || c.Width > most/c.Height {
		return 0, 0, fmt.Errorf("%s: found %dx%d pixels, want 1 to %d of them", format, c.Width, c.Height, most)
	}
	return c.Height, c.Width, nil
}
