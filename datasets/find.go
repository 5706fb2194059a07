package datasets

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A set is a data set that consists of files.
type set struct {
	title string                               // for errors
	empty func() *Dataset                      // with room for all that the files hold
	here  []place                              // below a data folder
	keras []place                              // below the folder of data sets of Keras
	hub   hubSet                               // in the cache of Hugging Face's hub; zero: it is not there
	check func(d *Dataset, where string) error // of what was read; nil: none
}

// A place is where a format may lie: path, with slashes, is a folder, or an
// archive whose members lie in the folder archived.
type place struct {
	path     string
	format   format
	archived string // "": path is a folder
}

// A Found is a data set on the disk, or what should be one.
type Found struct {
	Path   string // folder, archive or the only file
	Format string
	Files  []File
	Err    error // why it cannot be used; nil: it can
}

// Intact reports whether all files of which an MD5 is published are the published
// ones.
func (f Found) Intact() bool {
	known := 0
	for _, file := range f.Files {
		if file.Published != "" && !file.Intact() {
			return false
		}
		if file.Published != "" {
			known++
		}
	}
	return f.Err == nil && known > 0
}

// exists reports whether the first part of the format is at the place.
func (p place) exists() bool {
	if p.archived != "" {
		return isFile(p.path)
	}
	return p.format.inFolder(p.path)
}

// A root is a folder with the places below it.
type root struct {
	path   string
	places []place
}

// roots lists where the set may be, in the order in which it is looked for: dir,
// what Keras and Hugging Face's libraries have loaded, the cache of this program. All
// are only read.
func (s set) roots(dir string) []root {
	roots := []root{rootOf(dir, s.here)}
	if home := kerasHome(); home != "" && s.keras != nil {
		roots = append(roots, rootOf(filepath.Join(home, "datasets"), s.keras))
	}
	if hub := hubCache(); hub != "" && s.hub.folder != "" {
		if places := s.hub.places(hub); places != nil {
			roots = append(roots, root{hub, places})
		}
	}
	if cache, err := os.UserCacheDir(); err == nil {
		roots = append(roots, rootOf(filepath.Join(cache, "lbsam"), s.here))
	}
	return roots
}

// rootOf is a root with its places.
func rootOf(path string, places []place) root {
	r := root{path: filepath.Clean(path)}
	for _, p := range places {
		p.path = filepath.Join(r.path, filepath.FromSlash(p.path))
		r.places = append(r.places, p)
	}
	return r
}

// kerasHome is the folder of Keras; "": there is none.
func kerasHome() string {
	if home := os.Getenv("KERAS_HOME"); home != "" {
		return home
	}
	if home, err := os.UserHomeDir(); err == nil {
		return filepath.Join(home, ".keras")
	}
	return ""
}

// load reads the set from a place that exists.
func (s set) load(p place) (*Dataset, Found) {
	d := s.empty()
	found := Found{Path: p.path, Format: p.format.name}
	if parts := p.format.parts; len(parts) == 1 {
		found.Path = filepath.Join(p.path, parts[0].files[0].name)
	}
	if p.archived != "" {
		found.Format += " in .tar.gz"
		found.Files, found.Err = p.format.readTarball(d, s.title, p.path, p.archived)
	} else {
		found.Files, found.Err = p.format.readFolder(d, s.title, p.path)
	}
	if found.Err == nil && s.check != nil {
		found.Err = s.check(d, p.path)
	}
	d.Source = found
	return d, found
}

// open reads the set from the first place with the published files. Where a root,
// such as dir, has none but other files of the right size, those are taken: a set
// of one's own comes before the caches of other programs.
func (s set) open(dir string) (*Dataset, error) {
	var passed []error
	for _, root := range s.roots(dir) {
		var other *Dataset
		for _, p := range root.places {
			if !p.exists() {
				continue
			}
			d, found := s.load(p)
			switch {
			case found.Err != nil:
				passed = append(passed, found.Err)
			case found.Intact():
				return d.after(passed), nil
			case other == nil:
				other = d
			}
		}
		if other != nil {
			return other.after(passed), nil
		}
	}
	if len(passed) > 0 {
		return nil, passed[0]
	}
	return nil, s.notFound(dir)
}

// after notes what was passed over before d was found.
func (d *Dataset) after(passed []error) *Dataset {
	for _, err := range passed {
		d.Notes = append(d.Notes, fmt.Sprintf("passed over: %v", err))
	}
	return d
}

// find reads the set from every place that exists.
func (s set) find(dir string) (all []Found) {
	for _, root := range s.roots(dir) {
		for _, p := range root.places {
			if p.exists() {
				_, found := s.load(p)
				all = append(all, found)
			}
		}
	}
	return all
}

// notFound is the error about a set of which nothing was found.
func (s set) notFound(dir string) error {
	var names, roots []string
	for _, p := range s.here {
		name := p.path
		if name == "" {
			name = p.format.parts[0].names()
		}
		names = append(names, name)
	}
	for _, root := range s.roots(dir) {
		roots = append(roots, root.path)
	}
	return notFound(fmt.Sprintf("datasets: %s: found nothing in %s (looked for %s); pass the folder that holds it, or the one above, with --data DIR",
		s.title, strings.Join(roots, " or "), strings.Join(names, ", ")))
}
