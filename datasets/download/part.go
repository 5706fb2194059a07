package download

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// A part is a file on its way.
type part struct {
	file *os.File
	sink io.Writer // writes to file
	size int64
	from origin
}

// An origin says where the first bytes of a part came from and which version of
// the file they are of.
type origin struct {
	URL      string `json:"url"`
	ETag     string `json:"etag,omitempty"`
	Modified string `json:"last_modified,omitempty"`
}

// isOther reports whether o and now, of the same address, are different versions. A
// server may leave out either mark.
func (o origin) isOther(now origin) bool {
	differ := func(a, b string) bool { return a != "" && b != "" && a != b }
	return differ(o.ETag, now.ETag) || differ(o.Modified, now.Modified)
}

// openPart opens the part of the file at target, or begins one.
func openPart(target string, sink func(*os.File) io.Writer) (*part, error) {
	path := target + ".part"
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	p := &part{file: file, sink: file}
	if sink != nil {
		p.sink = sink(file)
	}
	if p.size, err = file.Seek(0, io.SeekEnd); err != nil {
		file.Close()
		return nil, err
	}
	if text, err := os.ReadFile(p.origin()); err != nil || json.Unmarshal(text, &p.from) != nil {
		p.from = origin{} // unknown: the checksum will tell
	}
	return p, nil
}

// origin is the path of the file that remembers p.from.
func (p *part) origin() string { return p.file.Name() + ".json" }

// remember sets p.from.
func (p *part) remember(from origin) error {
	if from == p.from {
		return nil
	}
	p.from = from
	text, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return os.WriteFile(p.origin(), append(text, '\n'), 0o644)
}

// restart empties the part.
func (p *part) restart() error {
	p.size = 0
	if err := p.file.Truncate(0); err != nil {
		return err
	}
	_, err := p.file.Seek(0, io.SeekStart)
	return err
}

// Write appends to the part.
func (p *part) Write(b []byte) (int, error) {
	n, err := p.sink.Write(b)
	p.size += int64(n)
	return n, err
}

// close leaves what there is for the next call, if there is something.
func (p *part) close() {
	p.file.Close()
	if p.size == 0 {
		os.Remove(p.file.Name())
		os.Remove(p.origin())
	}
}

// finish gives the part the name target; it must be whole. A crash leaves the one
// or the other.
func (p *part) finish(target string) error {
	if err := p.file.Sync(); err != nil {
		return err
	}
	if err := p.file.Close(); err != nil { // Windows renames no file that is open
		return err
	}
	if err := os.Rename(p.file.Name(), target); err != nil {
		return err
	}
	if err := os.Remove(p.origin()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if runtime.GOOS == "windows" {
		return nil // which does not sync folders
	}
	folder, err := os.Open(filepath.Dir(target))
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

// check compares what r gives with size and checksum of the archive.
func (a Archive) check(r io.Reader) error {
	hash, name, want := md5.New(), "MD5", a.MD5
	if a.SHA256 != "" {
		hash, name, want = sha256.New(), "SHA-256", a.SHA256
	}
	n, err := io.Copy(hash, r)
	if err != nil {
		return err
	}
	if n != a.Size {
		return fmt.Errorf("has %d bytes, want %d", n, a.Size)
	}
	if got := hex.EncodeToString(hash.Sum(nil)); got != want {
		return fmt.Errorf("has the %s %s, want %s", name, got, want)
	}
	return nil
}
