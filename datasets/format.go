package datasets

import (
	"crypto/md5"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// A format is one way in which the files of a data set are made. The first of its
// parts is what tells that it is there.
type format struct {
	name  string // for the user
	parts []part
	most  int64 // bytes that the files may have, all together
}

// A part is one file of a format: the first of files that is there. read fills its
// part of d from r, up to the end of r; what names set and file in errors.
type part struct {
	files []file
	read  func(d *Dataset, r io.Reader, what string) error
}

// A file is a name with the MD5, in hex, of the published file; "": none is known.
// One that ends with .gz is unpacked as it is read.
type file struct{ name, md5 string }

// one is a part that has one name.
func one(name, md5 string, read func(d *Dataset, r io.Reader, what string) error) part {
	return part{[]file{{name, md5}}, read}
}

// A File is a file of a data set as it was found.
type File struct {
	Name      string `json:"name"`      // in its folder or archive
	Bytes     int64  `json:"bytes"`     // as they lie there, maybe compressed
	MD5       string `json:"md5"`       // of these bytes, in hex; "": it was not read to its end
	Published string `json:"published"` // MD5 of the published file; "": none is known
}

// Intact reports whether the file is the published one.
func (f File) Intact() bool { return f.MD5 != "" && f.MD5 == f.Published }

// A tally counts and hashes what is read through it.
type tally struct {
	r    io.Reader
	n    int64
	hash hash.Hash
}

func (t *tally) Read(b []byte) (int, error) {
	n, err := t.r.Read(b)
	t.n += int64(n)
	t.hash.Write(b[:n])
	return n, err
}

// load fills its part of d from the file f, whose bytes are raw.
func (p part) load(d *Dataset, f file, raw io.Reader, what string) (File, error) {
	t := &tally{r: raw, hash: md5.New()}
	found := File{Name: f.name, Published: f.md5}
	var r io.Reader = t
	if strings.HasSuffix(f.name, ".gz") {
		z, err := gzip.NewReader(t)
		if err != nil {
			return found, fmt.Errorf("datasets: %s: %w", what, err)
		}
		r = z
	}
	err := p.read(d, r, what)
	found.Bytes = t.n
	if err == nil {
		found.MD5 = hex.EncodeToString(t.hash.Sum(nil))
	}
	return found, err
}

// named returns the part with a file of that name.
func (f format) named(name string) (part, file, bool) {
	for _, p := range f.parts {
		for _, file := range p.files {
			if file.name == name {
				return p, file, true
			}
		}
	}
	return part{}, file{}, false
}

// A limited reader fails where more than most bytes come, instead of ending there.
type limited struct {
	r    io.Reader
	left int64
	most int64
}

var errTooLong = errors.New("it is too long")

func limit(r io.Reader, most int64) *limited { return &limited{r, most, most} }

func (l *limited) Read(b []byte) (int, error) {
	if int64(len(b)) > l.left+1 { // one more tells whether it goes on
		b = b[:l.left+1]
	}
	n, err := l.r.Read(b)
	if int64(n) > l.left {
		n = int(l.left)
		err = fmt.Errorf("%w: it has more than %d bytes", errTooLong, l.most)
	}
	l.left -= int64(n)
	return n, err
}
