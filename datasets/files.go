package datasets

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// locate returns the first of the folders dir and dir/sub that holds one of the
// files. set is the name of the data set, for the error, which lists the folders.
func locate(set, dir, sub string, files ...string) (string, error) {
	folders := []string{filepath.Clean(dir), filepath.Join(dir, sub)}
	for _, folder := range folders {
		for _, file := range files {
			if info, err := os.Stat(filepath.Join(folder, file)); err == nil && info.Mode().IsRegular() {
				return folder, nil
			}
		}
	}
	return "", notFound(fmt.Sprintf("datasets: %s: found no %s in %s; pass the folder that holds it, or the one above, with --data DIR",
		set, strings.Join(files, " or "), strings.Join(folders, " or ")))
}

// A notFound is the error about a data set of which nothing was found. It is an
// fs.ErrNotExist.
type notFound string

func (e notFound) Error() string { return string(e) }

func (notFound) Is(target error) bool { return target == fs.ErrNotExist }

// missing turns the error of opening a file of a set into one with advice.
func missing(set string, err error) error {
	return fmt.Errorf("datasets: %s: %w; is the archive unpacked completely?", set, err)
}

// readExactly reads count records of size bytes each from r and hands them to use
// one after the other with their index. It is an error if r ends early or goes
// on. what names set and file, hint ends the error messages.
func readExactly(r io.Reader, what, hint string, count, size int, use func(i int, record []byte) error) error {
	const chunk = 64 // records: about 200 KB, which stays in the cache
	buf := make([]byte, min(chunk, count)*size)
	want := count * size
	for i := 0; i < count; i += chunk {
		part := buf[:min(chunk, count-i)*size]
		n, err := io.ReadFull(r, part)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) && atEnd(r) {
			return fmt.Errorf("datasets: %s has %d bytes, want %d%s", what, i*size+n, want, hint)
		}
		if err != nil {
			return fmt.Errorf("datasets: %s: after %d bytes of %d: %w", what, i*size+n, want, err)
		}
		for j := range len(part) / size {
			if err := use(i+j, part[j*size:(j+1)*size]); err != nil {
				return fmt.Errorf("datasets: %s: %w", what, err)
			}
		}
	}
	return wantEnd(r, what, hint, want)
}

// atEnd reports whether r ends cleanly. A cut gzip stream does not: it goes on to
// fail with io.ErrUnexpectedEOF, which io.ReadFull also returns for a short file.
func atEnd(r io.Reader) bool {
	_, err := io.ReadFull(r, make([]byte, 1))
	return err == io.EOF
}

// wantEnd returns an error unless r, of which want bytes were read, ends here.
// On a gzip stream this is what checks its checksum.
func wantEnd(r io.Reader, what, hint string, want int) error {
	switch _, err := io.ReadFull(r, make([]byte, 1)); err {
	case io.EOF:
		return nil
	case nil:
		return fmt.Errorf("datasets: %s has more than %d bytes, want %d%s", what, want, want, hint)
	default:
		return fmt.Errorf("datasets: %s: after its %d bytes: %w", what, want, err)
	}
}
