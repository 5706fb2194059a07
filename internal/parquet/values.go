package parquet

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math/bits"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
)

// plain gives use n values that lie one after the other: little-endian integers,
// or byte arrays behind their length.
func (c *chunk) plain(body []byte, n int, use func(v value) error) error {
	for range n {
		var v value
		size := 0
		switch c.kind {
		case typeInt32:
			size = 4
		case typeInt64:
			size = 8
		case typeBytes:
			if len(body) < 4 {
				return errCut
			}
			length := int64(binary.LittleEndian.Uint32(body))
			if body = body[4:]; length > int64(len(body)) {
				return errCut
			}
			size = int(length)
		default:
			return fmt.Errorf("its values are of type %d, want integers (1, 2) or byte arrays (6)", c.kind)
		}
		if len(body) < size {
			return errCut
		}
		switch c.kind {
		case typeInt32:
			v.integer = int64(int32(binary.LittleEndian.Uint32(body)))
		case typeInt64:
			v.integer = int64(binary.LittleEndian.Uint64(body))
		default:
			v.bytes = body[:size:size]
		}
		body = body[size:]
		if err := use(v); err != nil {
			return err
		}
	}
	return nil
}

// bitsFor is how many bits a number up to most takes.
func bitsFor(most int) int { return bits.Len(uint(most)) }

// hybrid gives use n numbers of the given width in bits, that come in runs: of one
// number that is repeated, or of groups of eight numbers, bit by bit.
func hybrid(data []byte, width int, n int64, use func(v uint64) error) error {
	if width > 32 {
		return fmt.Errorf("numbers of %d bits, want 32 at most", width)
	}
	r := &reader{data: data}
	for n > 0 {
		head, err := r.unsigned()
		if err != nil {
			return err
		}
		if head&1 == 0 {
			b, err := r.take(uint64((width + 7) / 8))
			if err != nil {
				return err
			}
			var word [8]byte
			copy(word[:], b)
			v, count := binary.LittleEndian.Uint64(word[:]), min(head>>1, uint64(n))
			if head>>1 == 0 {
				return fmt.Errorf("a run of no number")
			}
			for range count {
				if err := use(v); err != nil {
					return err
				}
			}
			n -= int64(count)
			continue
		}
		if head>>1 == 0 || head>>1 > uint64(len(data)) && width > 0 {
			return errCut
		}
		count := int64(min((head>>1)*8, uint64(n)))
		b, err := r.take(min((head>>1)*uint64(width), uint64(len(data)-r.at))) // the last group may be cut short
		if err != nil {
			return err
		}
		if int64(len(b))*8 < count*int64(width) {
			return errCut
		}
		for i := range count {
			if err := use(bitsAt(b, int(i)*width, width)); err != nil {
				return err
			}
		}
		n -= count
	}
	return nil
}

// bitsAt is the number of width bits that begins at bit i, the lowest first.
func bitsAt(b []byte, i, width int) (v uint64) {
	for k := range width {
		v |= uint64(b[(i+k)/8]>>((i+k)%8)&1) << k
	}
	return v
}

// The codecs.
const (
	codecNone   = 0
	codecSnappy = 1
	codecGzip   = 2
	codecZstd   = 6
)

// inflate returns the raw bytes of body.
func (c *chunk) inflate(body []byte, raw int64) ([]byte, error) {
	const ratio = 1 << 10 // that of zeros, for Snappy some 20
	if raw > ratio*int64(len(body))+ratio {
		return nil, fmt.Errorf("it claims %d bytes, made of %d", raw, len(body))
	}
	var out []byte
	var err error
	switch codec := c.meta.or(metaCodec, codecNone); codec {
	case codecNone:
		out = body
	case codecSnappy:
		if n, e := snappy.DecodedLen(body); e != nil || int64(n) != raw {
			return nil, fmt.Errorf("Snappy has %d bytes, want %d", n, raw)
		}
		out, err = snappy.Decode(nil, body)
	case codecGzip:
		var z *gzip.Reader
		if z, err = gzip.NewReader(bytes.NewReader(body)); err == nil {
			out, err = io.ReadAll(io.LimitReader(z, raw+1))
		}
	case codecZstd:
		var z *zstd.Decoder
		const window = 8 << 20 // that a frame may ask for
		if z, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(max(window, uint64(raw)))); err == nil {
			out, err = z.DecodeAll(body, nil)
			z.Close()
		}
	default:
		return nil, fmt.Errorf("it is compressed by codec %d, want none (0), Snappy (1), gzip (2) or Zstandard (6)", codec)
	}
	if err != nil {
		return nil, err
	}
	if int64(len(out)) != raw {
		return nil, fmt.Errorf("it has %d bytes, want %d", len(out), raw)
	}
	return out, nil
}
