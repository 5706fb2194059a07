package download

import (
	"compress/gzip"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestMirrorAfterNotFound(t *testing.T) {
	b, dir := content(10_000), t.TempDir()
	empty := serve(t, http.NotFound)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { send(w, r, b, -1) })
	a := archiveOf(b, empty.URL, s.URL)
	if _, err := fetch(t, quick(), a, dir); err != nil {
		t.Error(err)
	}
	wantFile(t, a, dir, b)
	if n := len(empty.requests()); n != 1 {
		t.Errorf("asks %d times for what is not there", n)
	}
}

// The rest of a file comes from another server than its beginning.
func TestMirrorGoesOn(t *testing.T) {
	b, dir := content(100_000), t.TempDir()
	first := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") != "" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("ETag", `"one"`)
		send(w, r, b, 30_000)
	})
	second := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"two"`)
		send(w, r, b, -1)
	})
	a := archiveOf(b, first.URL, second.URL)
	r, err := fetch(t, quick(), a, dir)
	if err != nil || r.Fetched != a.Size {
		t.Errorf("%+v, %v", r, err)
	}
	wantFile(t, a, dir, b)
	if h := second.requests()[0].Header; h.Get("Range") != "bytes=30000-" || h.Get("If-Range") != "" {
		t.Errorf("asks the second server with %v", h)
	}
}

func TestGivenMirrorComesFirst(t *testing.T) {
	b, dir := content(10_000), t.TempDir()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/sets/file.gz" {
			http.NotFound(w, r)
			return
		}
		send(w, r, b, -1)
	})
	a := archiveOf(b, s.URL+"/official")
	f := quick()
	f.Mirror = s.URL + "/sets/"
	if _, err := fetch(t, f, a, dir); err != nil {
		t.Error(err)
	}
	var asked []string
	for _, r := range s.requests() {
		asked = append(asked, r.URL.Path)
	}
	if got := strings.Join(asked, " "); got != "/sets/Set/raw/file.gz /sets/file.gz" {
		t.Errorf("asks for %s", got)
	}
}

func TestServerErrorsPass(t *testing.T) {
	b, dir := content(10_000), t.TempDir()
	var s *server
	s = serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch len(s.requests()) {
		case 1:
			http.Error(w, "busy", http.StatusServiceUnavailable)
		case 2:
			w.Header().Set("Content-Type", "text/html")
			fmt.Fprint(w, "<html>Log in to this network")
		default:
			send(w, r, b, -1)
		}
	})
	a := archiveOf(b, s.URL)
	begin(t, a, dir, b[:4000], "")
	if r, err := fetch(t, quick(), a, dir); err != nil || r.Fetched != 6000 {
		t.Errorf("%+v, %v: a web page must not replace what is there", r, err)
	}
	wantFile(t, a, dir, b)
}

// What no server of the list can cure ends with an error that says of each why.
func TestErrors(t *testing.T) {
	b := content(50_000)
	chunked := func(b []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.(http.Flusher).Flush() // so that there is no Content-Length
			w.Write(b)
		}
	}
	wrong := append([]byte("x"), b[1:]...)
	for name, c := range map[string]struct {
		handle   http.HandlerFunc
		requests int
		want     []string
	}{
		"circle":        {func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.Path, http.StatusFound) }, 30, []string{"stopped after 10 redirects"}},
		"forbidden":     {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusForbidden) }, 1, []string{"answers 403 Forbidden"}},
		"busy":          {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusBadGateway) }, 3, []string{"answers 502 Bad Gateway"}},
		"wrong bytes":   {whole(wrong), 1, []string{"the file has the SHA-256 ", ", want "}},
		"too long":      {whole(append(b[:len(b):len(b)], 0)), 1, []string{"has 50001 bytes, want 50000"}},
		"too short":     {whole(b[1:]), 1, []string{"has 49999 bytes, want 50000"}},
		"chunked long":  {chunked(append(b[:len(b):len(b)], 0)), 1, []string{"has more than 50000 bytes"}},
		"chunked short": {chunked(b[:49_999]), 4, []string{"broke off after 49999 of 50000 bytes", "are kept in"}},
		"partial":       {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusPartialContent) }, 1, []string{"answers 206"}},
		"nothing":       {func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }, 3, []string{"EOF"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := serve(t, c.handle)
			a := archiveOf(b, s.URL+"/file.gz")
			_, err := fetch(t, quick(), a, dir)
			wantError(t, err, append(c.want, "download: Test: "+s.URL+"/file.gz: ")...)
			left := map[bool]int{true: 2, false: 0}[strings.Contains(err.Error(), "are kept in")] // the part and its origin
			if entries, _ := os.ReadDir(filepath.Dir(a.in(dir))); len(entries) != left {
				t.Errorf("%v are left, want %d files", entries, left)
			}
			if n := len(s.requests()); n != c.requests {
				t.Errorf("%d requests, want %d", n, c.requests)
			}
		})
	}
}

func TestNothingListens(t *testing.T) {
	a := archiveOf(content(10), "http://127.0.0.1:1/a", "no address:", "http://127.0.0.1:1/b")
	_, err := fetch(t, quick(), a, t.TempDir())
	wantError(t, err, "http://127.0.0.1:1/a: dial tcp", "connection refused; no address:: ", "; http://127.0.0.1:1/b: dial")
}

// A server sends a part and then nothing more; the next one helps.
func TestStall(t *testing.T) {
	b, dir := content(100_000), t.TempDir()
	for _, first := range []int{0, 60_000} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if first > 0 {
				w.Header().Set("Content-Length", fmt.Sprint(len(b)))
				w.Write(b[:first])
				w.(http.Flusher).Flush()
			}
			<-r.Context().Done()
		})
		a := archiveOf(b, s.URL)
		f := quick()
		f.Stall, f.Rounds = 50*time.Millisecond, 1
		_, err := fetch(t, f, a, dir)
		wantError(t, err, "nothing came for 50ms")
		if first > 0 {
			wantError(t, err, "60000 of 100000 bytes are kept")
		}
	}
}

// A slow server is no stalled one.
func TestSlowIsNotStalled(t *testing.T) {
	b, dir := content(60), t.TempDir()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for i := range b {
			w.Write(b[i : i+1])
			w.(http.Flusher).Flush()
			time.Sleep(5 * time.Millisecond)
		}
	})
	a := archiveOf(b, s.URL)
	f := quick()
	f.Stall = 150 * time.Millisecond // half of what the file takes
	if _, err := fetch(t, f, a, dir); err != nil || len(s.requests()) != 1 {
		t.Errorf("%d requests: %v", len(s.requests()), err)
	}
}

// A server compresses for whom allows it, or calls a .gz file compressed: the
// bytes and sizes must be those of the file all the same.
func TestContentEncoding(t *testing.T) {
	b := content(20_000)
	for name, handle := range map[string]http.HandlerFunc{
		"for whom allows it": func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
				w.Header().Set("Content-Encoding", "gzip")
				z := gzip.NewWriter(w)
				z.Write(b)
				z.Close()
				return
			}
			send(w, r, b, -1)
		},
		"in name only": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			send(w, r, b, -1)
		},
	} {
		dir := t.TempDir()
		a := archiveOf(b, serve(t, handle).URL)
		if _, err := fetch(t, quick(), a, dir); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		wantFile(t, a, dir, b)
	}
	always := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		w.(http.Flusher).Flush()
		z := gzip.NewWriter(w)
		z.Write(b)
		z.Close()
	})
	_, err := fetch(t, quick(), archiveOf(b, always.URL), t.TempDir())
	wantError(t, err, "sends the file with encoding gzip")
}
