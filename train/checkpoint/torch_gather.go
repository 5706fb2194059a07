package checkpoint

import (
	"bytes"
	"io"
)

// gather reads the elements of v, the first of which is next in r and the last
// extent elements behind it, into memory, row after row.
func gather(r io.Reader, v view, extent int64) (io.Reader, error) {
	size := v.Dtype.size()
	raw := make([]byte, (extent+1)*size)
	if _, err := io.ReadFull(r, raw); err != nil {
		return nil, err
	}
	rows := make([]byte, 0, v.Info.elements()*size)
	var visit func(d int, at int64)
	visit = func(d int, at int64) {
		if d == len(v.Shape) {
			rows = append(rows, raw[at*size:(at+1)*size]...)
			return
		}
		for i := range int64(v.Shape[d]) {
			visit(d+1, at+i*v.strides[d])
		}
	}
	visit(0, 0)
	return bytes.NewReader(rows), nil
}
