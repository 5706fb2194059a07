package checkpoint

import (
	"fmt"
	"io"
)

// Copy writes the tensors of a file, of whichever format, to another one in
// the given format, bit by bit, and returns what they are. Of metadata the
// format torch has none.
func Copy(path, from string, to Format) (Header, error) {
	f, err := open(from)
	if err != nil {
		return Header{}, err
	}
	defer f.Close()
	copied := f.Header
	body := func(w io.Writer, i int) error {
		r, err := f.elements(i)
		if err != nil {
			return err
		}
		n, _ := f.Tensors[i].bytes() // checked when f was opened
		_, err = io.CopyN(w, r, n)
		return err
	}
	switch to {
	case Torch:
		copied.Metadata = nil
		err = replace(path, func(w io.Writer) error { return writeTorchFile(w, copied.Tensors, body) })
	case Safetensors:
		if copied.Metadata == nil {
			copied.Metadata = map[string]string{"format": "pt"}
		}
		err = write(path, copied, body)
	default:
		panic(fmt.Sprintf("checkpoint: Copy to format %q", to))
	}
	return copied, err
}
