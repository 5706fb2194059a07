package download

import (
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// content is bytes that no web server takes for text.
func content(n int) []byte {
	b := make([]byte, n)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// archiveOf is an archive of the given bytes, to be had at urls.
func archiveOf(b []byte, urls ...string) Archive {
	m, s := md5.Sum(b), sha256.Sum256(b)
	return Archive{Path: "Set/raw/file.gz", URLs: urls, Size: int64(len(b)), MD5: hex.EncodeToString(m[:]), SHA256: hex.EncodeToString(s[:])}
}

// A server answers with handle and remembers what it was asked.
type server struct {
	*httptest.Server
	mu    sync.Mutex
	asked []*http.Request
}

func serve(t *testing.T, handle http.HandlerFunc) *server {
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		s.asked = append(s.asked, r)
		s.mu.Unlock()
		handle(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

// requests is what the server was asked so far.
func (s *server) requests() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*http.Request(nil), s.asked...)
}

// send answers a request for b, or for its rest, and breaks off after limit bytes
// if limit is not negative.
func send(w http.ResponseWriter, r *http.Request, b []byte, limit int) {
	from := 0
	if text, ok := strings.CutPrefix(r.Header.Get("Range"), "bytes="); ok {
		from, _ = strconv.Atoi(strings.TrimSuffix(text, "-"))
		w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(b)-1, len(b)))
	}
	w.Header().Set("Content-Length", fmt.Sprint(len(b)-from))
	if from > 0 {
		w.WriteHeader(http.StatusPartialContent)
	}
	rest := b[from:]
	if limit < 0 || limit >= len(rest) {
		w.Write(rest)
		return
	}
	w.Write(rest[:limit])
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

// whole serves all of b, whatever the range.
func whole(b []byte) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", fmt.Sprint(len(b)))
		w.Write(b)
	}
}

// quick is a Fetcher that does not let tests wait.
func quick() *Fetcher { return &Fetcher{Pause: time.Millisecond, Stall: 5 * time.Second, Rounds: 3} }

// fetch runs f for one archive.
func fetch(t *testing.T, f *Fetcher, a Archive, dir string) (Result, error) {
	t.Helper()
	results, err := f.Fetch(t.Context(), Set{"Test", []Archive{a}}, dir)
	if err != nil {
		if strings.Contains(err.Error(), "\n") {
			t.Errorf("the error has several lines: %v", err)
		}
		return Result{}, err
	}
	return results[0], nil
}

// wantFile fails unless the archive's file has the content b and nothing lies beside it.
func wantFile(t *testing.T, a Archive, dir string, b []byte) {
	t.Helper()
	got, err := os.ReadFile(a.in(dir))
	if err != nil || string(got) != string(b) {
		t.Errorf("the file has %d bytes, error %v; want the %d of the server", len(got), err, len(b))
	}
	entries, _ := os.ReadDir(filepath.Dir(a.in(dir)))
	for _, e := range entries {
		if e.Name() != filepath.Base(a.Path) {
			t.Errorf("%s is left over", e.Name())
		}
	}
}

// wantError fails unless err has all parts in its text.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error %q does not mention %q", err, p)
		}
	}
}

// begin leaves a part of a file as an earlier call would.
func begin(t *testing.T, a Archive, dir string, b []byte, from string) {
	t.Helper()
	path := a.in(dir) + ".part"
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	if from != "" {
		if err := os.WriteFile(path+".json", []byte(from), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
