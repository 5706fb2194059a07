package picture

import (
	"errors"
	"image"
	"io"
	"strings"
)

// explain says in words what the decoders leave unsaid, on one line.
func explain(err error) error {
	switch {
	case errors.Is(err, image.ErrFormat):
		return errors.New("found no image, want a PNG, JPEG, WebP, GIF, BMP or TIFF file")
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("the file is cut off")
	}
	return errors.New(strings.ReplaceAll(err.Error(), "\n", " "))
}
