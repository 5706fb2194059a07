package download

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

func TestOffline(t *testing.T) {
	b, dir := content(1000), t.TempDir()
	s := serve(t, whole(b))
	one, two := archiveOf(b, s.URL), archiveOf(b, s.URL)
	two.Path = "Set/raw/other.gz"
	f := quick()
	f.Offline = true
	_, err := f.Fetch(t.Context(), Set{"Test", []Archive{one, two}}, dir)
	wantError(t, err, "Test: found no "+one.in(dir)+", "+two.in(dir), "--offline")
	if entries, _ := os.ReadDir(dir); !errors.As(err, new(OfflineError)) || len(s.requests()) > 0 || len(entries) > 0 {
		t.Errorf("%v after %d requests and %d new files", err, len(s.requests()), len(entries))
	}
	fetch(t, quick(), one, dir)
	if _, err := fetch(t, f, one, dir); err != nil {
		t.Errorf("the file is there: %v", err)
	}
	_, err = f.Fetch(t.Context(), Set{"Test", []Archive{one, two}}, dir)
	if err == nil || strings.Contains(err.Error(), one.in(dir)) {
		t.Errorf("only the second file is missing: %v", err)
	}
}

// A file under the right name that is wrong is the user's: it stays.
func TestWrongFileIsKept(t *testing.T) {
	b, dir := content(1000), t.TempDir()
	a := archiveOf(b, serve(t, whole(b)).URL)
	for mine, want := range map[string]string{"my own": "has 6 bytes, want 1000", string(b[1:]) + "x": "has the SHA-256 "} {
		os.MkdirAll(filepath.Dir(a.in(dir)), 0o755)
		os.WriteFile(a.in(dir), []byte(mine), 0o644)
		_, err := fetch(t, quick(), a, dir)
		wantError(t, err, a.in(dir)+" "+want, "move it away")
		if got, _ := os.ReadFile(a.in(dir)); string(got) != mine {
			t.Errorf("the file is %q now", got)
		}
	}
}

// The second of two waits for the first and finds its file.
func TestTwoAtOnce(t *testing.T) {
	b, dir := content(200_000), t.TempDir()
	waiting := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(b)))
		w.Write(b[:100_000])
		w.(http.Flusher).Flush()
		select {
		case <-waiting:
		case <-time.After(5 * time.Second):
			t.Error("nobody waits")
		}
		w.Write(b[100_000:])
	})
	a := archiveOf(b, s.URL)
	var once sync.Once
	var both sync.WaitGroup
	fetched := make(chan int64, 2)
	for range 2 {
		both.Go(func() {
			f := quick()
			f.Progress = func(p Progress) {
				if strings.Contains(p.News, "another process") {
					once.Do(func() { close(waiting) })
				}
			}
			r, err := fetch(t, f, a, dir)
			if err != nil {
				t.Error(err)
			}
			fetched <- r.Fetched
		})
	}
	both.Wait()
	if sum := <-fetched + <-fetched; sum != a.Size || len(s.requests()) != 1 {
		t.Errorf("%d bytes in %d requests, want one that brings %d", sum, len(s.requests()), a.Size)
	}
	wantFile(t, a, dir, b)
}

// Whoever waited for a lock has one on the file that others try, though the owner
// before removed the file.
func TestLockAfterRemovedLock(t *testing.T) {
	target := filepath.Join(t.TempDir(), "file.gz")
	unlock, err := quick().lock(t.Context(), Archive{}, target)
	if err != nil {
		t.Fatal(err)
	}
	f := quick()
	f.Progress = func(Progress) { // it waits
		unlock()
		os.WriteFile(target+".lock", nil, 0o644) // somebody else's
	}
	second, err := f.lock(t.Context(), Archive{}, target)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := flock.New(target + ".lock").TryLock(); ok || err != nil {
		t.Errorf("a third one gets the lock too: %v", err)
	}
	second()
	if _, err := os.Stat(target + ".lock"); err == nil {
		t.Error("the lock's file is left over")
	}
}

// A fullDisk takes a number of bytes.
type fullDisk struct {
	w    io.Writer
	free int
}

func (d *fullDisk) Write(b []byte) (int, error) {
	n, err := d.w.Write(b[:min(len(b), d.free)])
	d.free -= n
	if err == nil && n < len(b) {
		err = syscall.ENOSPC
	}
	return n, err
}

func TestFullDisk(t *testing.T) {
	b, dir := content(200_000), t.TempDir()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { send(w, r, b, -1) })
	a := archiveOf(b, s.URL, s.URL)
	f := quick()
	f.sink = func(file *os.File) io.Writer { return &fullDisk{file, 123_456} }
	_, err := fetch(t, f, a, dir)
	wantError(t, err, "no space left on device", "123456 of 200000 bytes are kept")
	if n := len(s.requests()); n != 1 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("%d requests, %v: another server is no help", n, err)
	}
	if r, err := fetch(t, quick(), a, dir); err != nil || r.Fetched != 200_000-123_456 {
		t.Errorf("%+v, %v: want the rest", r, err)
	}
	wantFile(t, a, dir, b)
}

// TestFullFileSystem is TestFullDisk on a real file system, where one can be mounted.
func TestFullFileSystem(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("no small file system can be mounted: %v: %s", err, out)
	}
	t.Cleanup(func() { exec.Command("umount", dir).Run() })
	b := content(400_000)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { send(w, r, b, -1) })
	a := archiveOf(b, s.URL)
	_, err := fetch(t, quick(), a, dir)
	wantError(t, err, "no space left on device", "are kept in")
	if out, err := exec.Command("mount", "-o", "remount,size=1m", dir).CombinedOutput(); err != nil {
		t.Skipf("the file system cannot grow: %v: %s", err, out)
	}
	if r, err := fetch(t, quick(), a, dir); err != nil || r.Fetched >= a.Size {
		t.Errorf("%+v, %v: want the rest only", r, err)
	}
	wantFile(t, a, dir, b)
}

func TestReadOnlyFolder(t *testing.T) {
	if os.Getuid() == 0 && runtime.GOOS != "linux" {
		t.Skip("root may write everywhere")
	}
	dir := t.TempDir()
	readOnly(t, dir)
	b := content(1000)
	s := serve(t, whole(b))
	_, err := fetch(t, quick(), archiveOf(b, s.URL), dir)
	wantError(t, err, dir)
	if len(s.requests()) > 0 {
		t.Error("fetches what it cannot keep")
	}
}

// readOnly lets nobody write to dir; root needs a mount for that.
func readOnly(t *testing.T, dir string) {
	if os.Getuid() != 0 {
		if err := os.Chmod(dir, 0o555); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.Chmod(dir, 0o755) })
		return
	}
	if out, err := exec.Command("mount", "-t", "tmpfs", "-o", "ro,size=64k", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("root may write everywhere, and no read-only file system can be mounted: %v: %s", err, out)
	}
	t.Cleanup(func() { exec.Command("umount", dir).Run() })
}

// No more than the pause lies between two tries, and the pauses grow.
func TestPauses(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	f := quick()
	f.Pause = 20 * time.Millisecond
	began := time.Now()
	fetch(t, f, archiveOf(content(10), s.URL), t.TempDir())
	if d := time.Since(began); d < 60*time.Millisecond {
		t.Errorf("three rounds with pauses of 20 and 40 ms took %v", d)
	}
}
