package datasets

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"
)

// open opens the first of the part's files that is in folder.
func (p part) open(folder string) (*os.File, file, error) {
	var first error
	for _, f := range p.files {
		path := filepath.Join(folder, f.name)
		info, err := os.Stat(path)
		if err == nil && !info.Mode().IsRegular() {
			err = fmt.Errorf("%s is no regular file", path) // opening a pipe would wait
		}
		if err == nil {
			var r *os.File
			if r, err = os.Open(path); err == nil {
				return r, f, nil
			}
		}
		if first == nil || errors.Is(first, fs.ErrNotExist) && !errors.Is(err, fs.ErrNotExist) {
			first = err
		}
	}
	return nil, file{}, first
}

// inFolder reports whether the first part of the format is in folder.
func (f format) inFolder(folder string) bool {
	for _, file := range f.parts[0].files {
		if isFile(filepath.Join(folder, file.name)) {
			return true
		}
	}
	return false
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// readFolder fills d from the files in folder, several at once.
func (f format) readFolder(d *Dataset, title, folder string) ([]File, error) {
	found := make([]File, len(f.parts))
	errs := make([]error, len(f.parts))
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, p := range f.parts {
		g.Go(func() error {
			found[i], errs[i] = p.readFile(d, title, folder)
			return nil
		})
	}
	g.Wait()
	for _, err := range errs { // the first file's, not the first in time
		if err != nil {
			return found, err
		}
	}
	return found, nil
}

// readFile fills its part of d from the part's file in folder.
func (p part) readFile(d *Dataset, title, folder string) (File, error) {
	r, file, err := p.open(folder)
	if err != nil {
		return File{Name: p.files[0].name, Published: p.files[0].md5}, missing(title, err)
	}
	defer r.Close()
	return p.load(d, file, r, title+": "+r.Name())
}

// names lists the names of the part's files.
func (p part) names() string {
	var names []string
	for _, f := range p.files {
		names = append(names, f.name)
	}
	return strings.Join(names, " or ")
}
