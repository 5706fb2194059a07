package checkpoint

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// The format: the length of the header, uint64; the header, a JSON object
// padded with spaces; the elements of the tensors, one after the other.
// Numbers are little-endian, arrays row-major.
const (
	lengthBytes = 8
	headerAlign = 8              // the elements start at a multiple of it
	maxHeader   = 100_000_000    // bytes: the limit of the format's own implementation
	metadataKey = "__metadata__" // the one member of the header that is no tensor
)

// A record is a tensor's member of the header. Offsets are where its elements
// begin and end, counted from the end of the header.
type record struct {
	Dtype   Dtype   `json:"dtype"`
	Shape   []int   `json:"shape"`
	Offsets []int64 `json:"data_offsets"`
}

// encode returns the header behind its length. The tensors lie in their order.
func (h Header) encode() []byte {
	buf := append(make([]byte, lengthBytes), '{')
	if h.Metadata != nil {
		buf = appendMember(buf, metadataKey, h.Metadata)
	}
	seen := map[string]bool{metadataKey: true}
	at := int64(0)
	for _, t := range h.Tensors {
		n, err := t.bytes()
		if err != nil || seen[t.Name] {
			panic(fmt.Sprintf("checkpoint: tensor %q, %v, cannot be written or is there twice (error %v)", t.Name, t, err))
		}
		seen[t.Name] = true
		buf = appendMember(buf, t.Name, record{t.Dtype, t.Shape, []int64{at, at + n}})
		at += n
	}
	buf = append(buf, '}')
	for len(buf)%headerAlign != 0 {
		buf = append(buf, ' ')
	}
	binary.LittleEndian.PutUint64(buf, uint64(len(buf)-lengthBytes))
	return buf
}

// appendMember appends a member to a JSON object that has its opening brace.
func appendMember(buf []byte, key string, value any) []byte {
	k, err1 := json.Marshal(key)
	v, err2 := json.Marshal(value)
	if err := errors.Join(err1, err2); err != nil {
		panic(fmt.Sprintf("checkpoint: member %q of the header: %v", key, err))
	}
	if buf[len(buf)-1] != '{' {
		buf = append(buf, ',')
	}
	return append(append(append(buf, k...), ':'), v...)
}

// decodeHeader reads the header of a file of the given size. starts[i] is
// where tensor i begins in the file. Nothing in the file is believed: a tensor
// that is returned lies in it.
func decodeHeader(r io.ReaderAt, size int64) (h Header, starts []int64, err error) {
	var length [lengthBytes]byte
	if size < lengthBytes {
		return h, nil, fmt.Errorf("found %d bytes, want a safetensors file", size)
	}
	if _, err := r.ReadAt(length[:], 0); err != nil {
		return h, nil, err
	}
	n := binary.LittleEndian.Uint64(length[:])
	if most := uint64(size - lengthBytes); n > most || n > maxHeader {
		return h, nil, fmt.Errorf("found a header of %d bytes in a file of %d, want at most %d: no safetensors file, or cut off",
			n, size, min(most, maxHeader))
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(io.NewSectionReader(r, lengthBytes, int64(n)), text); err != nil {
		return h, nil, err
	}
	h, records, err := parseHeader(text)
	if err != nil {
		return h, nil, err
	}
	first := lengthBytes + int64(n)
	if err := checkExtents(h.Tensors, records, size-first); err != nil {
		return h, nil, err
	}
	for _, rec := range records {
		starts = append(starts, first+rec.Offsets[0])
	}
	return h, starts, nil
}

// parseHeader reads the JSON object: metadata, tensors and their records.
func parseHeader(text []byte) (h Header, records []record, err error) {
	if !bytes.HasPrefix(text, []byte("{")) {
		return h, nil, fmt.Errorf("found a header that begins with %.10q, want {: no safetensors file", text)
	}
	dec := json.NewDecoder(bytes.NewReader(text))
	seen := map[string]bool{}
	dec.Token() // the brace
	for dec.More() {
		name, err := memberName(dec)
		if err != nil {
			return h, nil, err
		}
		if seen[name] {
			return h, nil, fmt.Errorf("found %.100q twice in the header", name)
		}
		seen[name] = true
		if name == metadataKey {
			err = dec.Decode(&h.Metadata)
		} else {
			var rec record
			err = dec.Decode(&rec)
			records = append(records, rec)
			h.Tensors = append(h.Tensors, Info{name, rec.Dtype, rec.Shape})
		}
		if err != nil {
			return h, nil, fmt.Errorf("header, %.100q: %.100s", name, err)
		}
	}
	if _, err := dec.Token(); err != nil { // the closing brace
		return h, nil, fmt.Errorf("header: %.100s", err)
	}
	if rest := bytes.TrimSpace(text[dec.InputOffset():]); len(rest) > 0 {
		return h, nil, fmt.Errorf("found %.10q behind the header, want nothing", rest)
	}
	return h, records, nil
}

func memberName(dec *json.Decoder) (string, error) {
	token, err := dec.Token()
	if err != nil {
		return "", fmt.Errorf("header: %.100s", err)
	}
	name, ok := token.(string)
	if !ok {
		return "", fmt.Errorf("found %.10v in the header, want the name of a tensor", token)
	}
	return name, nil
}

// checkExtents fails unless the tensors have the sizes that their shapes say
// and fill size bytes without gap or overlap, in any order.
func checkExtents(tensors []Info, records []record, size int64) error {
	order := make([]int, len(records))
	for i, rec := range records {
		if len(rec.Offsets) != 2 {
			return fmt.Errorf("tensor %.100q: found %d offsets, want 2", tensors[i].Name, len(rec.Offsets))
		}
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { // an empty tensor goes before the one that begins there
		return slices.Compare(records[i].Offsets, records[j].Offsets)
	})
	at := int64(0)
	for _, i := range order {
		n, err := tensors[i].bytes()
		if err != nil {
			return fmt.Errorf("tensor %.100q: %w", tensors[i].Name, err)
		}
		begin, end := records[i].Offsets[0], records[i].Offsets[1]
		if begin != at {
			return fmt.Errorf("tensor %.100q: found its elements at %d, want them at %d, where the ones before end", tensors[i].Name, begin, at)
		}
		if end < begin || end-begin != n {
			return fmt.Errorf("tensor %.100q: found bytes %d to %d, want %d for %v", tensors[i].Name, begin, end, n, tensors[i])
		}
		if end > size {
			return fmt.Errorf("found %d bytes of elements, want %d for tensor %.100q: the file is cut off", size, end, tensors[i].Name)
		}
		at = end
	}
	if at != size {
		return fmt.Errorf("found %d bytes of elements, want %d", size, at)
	}
	return nil
}
