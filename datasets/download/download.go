// Package download fetches the archives of data sets.
//
// A file grows under the name PATH.part and gets its own name when size and
// checksum are right, so that what has its name is whole. Where a download
// breaks off, the next one goes on, from the same server or from another one:
// PATH.part.json remembers from where the part came and which version of the
// file it was. What was there before is never touched.
package download

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/gofrs/flock"
)

// A Fetcher fetches archives. Its zero value can be used.
type Fetcher struct {
	Mirror   string         // folder on a server that is asked first; "": none
	Offline  bool           // fetch nothing: what is not there is an error
	Stall    time.Duration  // without a byte until a connection is given up; 0: 30 s
	Pause    time.Duration  // before the first new try, doubled for each further one; 0: 1 s
	Rounds   int            // over all addresses, without a new byte, until it gives up; 0: 4
	Client   *http.Client   // nil: one with the proxies of the environment
	Progress func(Progress) // called now and then, by the goroutine that fetches; nil: not at all

	sink func(*os.File) io.Writer // where the bytes go; nil: the file itself
}

// A Progress is how far a file has come.
type Progress struct {
	Archive Archive
	Done    int64  // bytes of Archive.Size that are there
	News    string // what went wrong and what is done about it; "": nothing
}

// A Result is a file that is there.
type Result struct {
	Path    string `json:"path"`
	Bytes   int64  `json:"bytes"`   // of the file
	Fetched int64  `json:"fetched"` // of these, by this call; 0: it was there
}

// An OfflineError lists the files that are missing and may not be fetched.
type OfflineError struct {
	Set   string
	Files []string
}

func (e OfflineError) Error() string {
	return fmt.Sprintf("download: %s: found no %s, and offline nothing is fetched: leave out --offline, or put the files there",
		e.Set, strings.Join(e.Files, ", "))
}

// Fetch brings the files of a set to the folder dir, those that are there
// already excepted. When ctx ends it stops; what has come stays for the next call.
func (f *Fetcher) Fetch(ctx context.Context, s Set, dir string) (results []Result, err error) {
	if f.Offline {
		if err := lookFor(s, dir); err != nil {
			return nil, err
		}
	}
	for _, a := range s.Archives {
		r, err := f.fetch(ctx, a, dir)
		if err != nil {
			return results, fmt.Errorf("download: %s: %w", s.Name, err)
		}
		results = append(results, r)
	}
	return results, nil
}

// lookFor returns an OfflineError if a file of the set is missing.
func lookFor(s Set, dir string) error {
	var missing []string
	for _, a := range s.Archives {
		path := a.in(dir)
		if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
			missing = append(missing, path)
		}
	}
	if missing != nil {
		return OfflineError{s.Name, missing}
	}
	return nil
}

// in is the path of the archive in a data folder.
func (a Archive) in(dir string) string { return filepath.Join(dir, filepath.FromSlash(a.Path)) }

// fetch brings one file to dir.
func (f *Fetcher) fetch(ctx context.Context, a Archive, dir string) (Result, error) {
	target := a.in(dir)
	r := Result{Path: target, Bytes: a.Size}
	if there, err := a.there(target); there || err != nil {
		return r, err
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return r, err
	}
	unlock, err := f.lock(ctx, a, target)
	if err != nil {
		return r, err
	}
	defer unlock()
	if there, err := a.there(target); there || err != nil { // another process was faster
		return r, err
	}
	p, err := openPart(target, f.sink)
	if err != nil {
		return r, err
	}
	defer p.close()
	r.Fetched, err = f.fill(ctx, a, p)
	if err != nil {
		return r, err
	}
	return r, p.finish(target)
}

// there reports whether the whole file is at path. One that is wrong is an error:
// it is the user's.
func (a Archive) there(path string) (bool, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer file.Close()
	if err := a.check(file); err != nil {
		return false, fmt.Errorf("%s %w; move it away to fetch it anew", path, err)
	}
	return true, nil
}

// lock makes sure that no other process fetches the file at target at the same
// time, for which it may have to wait.
func (f *Fetcher) lock(ctx context.Context, a Archive, target string) (unlock func(), err error) {
	for {
		lock := flock.New(target+".lock", flock.SetPermissions(0o644))
		ok, err := lock.TryLock()
		if err == nil && !ok {
			f.tell(Progress{Archive: a, News: "another process is at it: waiting"})
			_, err = lock.TryLockContext(ctx, 200*time.Millisecond)
		}
		if err != nil {
			lock.Close()
			return nil, err
		}
		unlock := func() {
			os.Remove(lock.Path())
			lock.Unlock()
			if runtime.GOOS == "windows" { // which removes no file that is open, so that nobody loses a lock by it
				os.Remove(lock.Path())
			}
		}
		// A lock on a file that its last owner removed keeps nobody out.
		held, err1 := lock.Stat()
		named, err2 := os.Stat(lock.Path())
		if err1 == nil && err2 == nil && os.SameFile(held, named) {
			return unlock, nil
		}
		lock.Unlock()
	}
}

func (f *Fetcher) tell(p Progress) {
	if f.Progress != nil {
		f.Progress(p)
	}
}

// sources returns the addresses of an archive, those of the mirror first: it may
// be a copy of a data folder, or have the files side by side.
func (f *Fetcher) sources(a Archive) (all []*source) {
	urls := a.URLs
	if mirror := strings.TrimSuffix(f.Mirror, "/"); mirror != "" {
		own := []string{mirror + "/" + a.Path}
		if base := path.Base(a.Path); base != a.Path {
			own = append(own, mirror+"/"+base)
		}
		urls = append(own, urls...)
	}
	for _, url := range urls {
		all = append(all, &source{url: url})
	}
	return all
}
