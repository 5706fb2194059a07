package download

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"testing"
)

func TestFetch(t *testing.T) {
	b, dir := content(300_000), t.TempDir()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { send(w, r, b, -1) })
	a := archiveOf(b, s.URL+"/file.gz")
	var last Progress
	f := quick()
	f.Progress = func(p Progress) { last = p }
	r, err := fetch(t, f, a, dir)
	if err != nil || r != (Result{a.in(dir), 300_000, 300_000}) {
		t.Errorf("%+v, %v", r, err)
	}
	if last.Done != a.Size || last.Archive.Path != a.Path {
		t.Errorf("last progress %+v", last)
	}
	wantFile(t, a, dir, b)
	if r, err = fetch(t, f, a, dir); err != nil || r.Fetched != 0 || len(s.requests()) != 1 {
		t.Errorf("again: %+v, %v after %d requests", r, err, len(s.requests()))
	}
}

// A server breaks off at random places, sometimes before the first byte.
func TestBreaksOffAndGoesOn(t *testing.T) {
	b, dir := content(500_000), t.TempDir()
	rng := rand.New(rand.NewPCG(3, 4))
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"one"`)
		send(w, r, b, max(0, rng.IntN(90_000)-20_000))
	})
	a := archiveOf(b, s.URL)
	f := quick()
	f.Rounds = 20
	r, err := fetch(t, f, a, dir)
	if err != nil || r.Fetched != a.Size {
		t.Fatalf("%+v, %v", r, err)
	}
	wantFile(t, a, dir, b)
	if n := len(s.requests()); n < 6 {
		t.Errorf("only %d requests: does the server break off?", n)
	}
	for _, r := range s.requests()[1:] {
		if r.Header.Get("Range") != "" && r.Header.Get("If-Range") != `"one"` {
			t.Errorf("asks for %s without its ETag", r.Header.Get("Range"))
		}
	}
}

// The next call goes on where a cancelled one stopped.
func TestCancelLeavesAPart(t *testing.T) {
	b, dir := content(400_000), t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Range") == "" {
			w.Header().Set("Content-Length", fmt.Sprint(len(b)))
			w.Write(b[:150_000])
			w.(http.Flusher).Flush()
			<-r.Context().Done()
			return
		}
		send(w, r, b, -1)
	})
	a := archiveOf(b, s.URL)
	f := quick()
	f.Progress = func(p Progress) {
		if p.Done == 150_000 {
			cancel()
		}
	}
	_, err := f.Fetch(ctx, Set{"Test", []Archive{a}}, dir)
	wantError(t, err, "context canceled", "150000 of 400000 bytes are kept in "+a.in(dir)+".part")
	if _, err := os.Stat(a.in(dir)); err == nil {
		t.Error("half a file has the name of a whole one")
	}
	r, err := fetch(t, quick(), a, dir)
	if err != nil || r.Fetched != 250_000 {
		t.Errorf("%+v, %v: want the rest only", r, err)
	}
	wantFile(t, a, dir, b)
}

func TestServerWithoutRanges(t *testing.T) {
	b, dir := content(100_000), t.TempDir()
	s := serve(t, whole(b))
	a := archiveOf(b, s.URL)
	begin(t, a, dir, b[:40_000], "")
	r, err := fetch(t, quick(), a, dir)
	if err != nil || r.Fetched != a.Size {
		t.Errorf("%+v, %v", r, err)
	}
	wantFile(t, a, dir, b)
}

// A server answers a range with another one: the bytes must not be appended.
func TestWrongRange(t *testing.T) {
	b := content(100_000)
	for _, answer := range []string{"bytes 0-59999/100000", "bytes 39999-99999/100000", "bytes 40000-99999/99999", "bytes 40000-50000/100000", "", "40000"} {
		dir := t.TempDir()
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Range") == "" {
				send(w, r, b, -1)
				return
			}
			w.Header().Set("Content-Range", answer)
			w.WriteHeader(http.StatusPartialContent)
			w.Write(b[:60_000])
		})
		a := archiveOf(b, s.URL)
		begin(t, a, dir, b[:40_000], "")
		if r, err := fetch(t, quick(), a, dir); err != nil || r.Fetched != a.Size {
			t.Errorf("%q: %+v, %v: want no byte of the wrong answer", answer, r, err)
		}
		wantFile(t, a, dir, b)
		if requests := s.requests(); len(requests) != 2 || requests[1].Header.Get("Range") != "" {
			t.Errorf("%q: %d requests, want a second one for the whole file", answer, len(requests))
		}
	}
}

// The part is of an older version of the file: the server says so by sending
// all of the new one, or does not look at If-Range and only its ETag tells.
func TestFileChangesBetweenParts(t *testing.T) {
	b, old, dir := content(100_000), make([]byte, 40_000), ""
	for name, honest := range map[string]bool{"If-Range is looked at": true, "If-Range is ignored": false} {
		t.Run(name, func(t *testing.T) {
			dir = t.TempDir()
			s := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("ETag", `"new"`)
				if honest && r.Header.Get("If-Range") == `"old"` {
					r.Header.Del("Range")
				}
				send(w, r, b, -1)
			})
			a := archiveOf(b, s.URL)
			begin(t, a, dir, old, fmt.Sprintf(`{"url": %q, "etag": "\"old\""}`, s.URL))
			r, err := fetch(t, quick(), a, dir)
			if err != nil || r.Fetched != a.Size {
				t.Errorf("%+v, %v", r, err)
			}
			wantFile(t, a, dir, b)
			if got := s.requests()[0].Header.Get("If-Range"); got != `"old"` {
				t.Errorf("If-Range is %q", got)
			}
		})
	}
}

// Of a part without a known origin, or with one that is damaged, the checksum
// finds that its bytes are wrong.
func TestWrongBytesInThePart(t *testing.T) {
	b := content(100_000)
	for _, origin := range []string{"", "{", `{"url": "http://other/"}`} {
		for _, size := range []int{40_000, 100_000, 120_000} {
			dir := t.TempDir()
			s := serve(t, func(w http.ResponseWriter, r *http.Request) { send(w, r, b, -1) })
			a := archiveOf(b, s.URL)
			begin(t, a, dir, make([]byte, size), origin)
			if _, err := fetch(t, quick(), a, dir); err != nil {
				t.Errorf("origin %q, %d bytes: %v", origin, size, err)
			}
			wantFile(t, a, dir, b)
		}
	}
}

// A crash before the last step leaves a part that is whole.
func TestWholePart(t *testing.T) {
	b, dir := content(1000), t.TempDir()
	a := archiveOf(b, "http://127.0.0.1:1/nothing-listens")
	begin(t, a, dir, b, "")
	if r, err := fetch(t, quick(), a, dir); err != nil || r.Fetched != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	wantFile(t, a, dir, b)
}

// Weak ETags do not promise the same bytes; the time of change may.
func TestIfRange(t *testing.T) {
	b := content(1000)
	for origin, want := range map[string]string{
		`"etag": "W/\"x\""`: "",
		`"etag": "W/\"x\"", "last_modified": "Thu, 26 Nov 2026 11:00:00 GMT"`: "Thu, 26 Nov 2026 11:00:00 GMT",
		`"etag": "\"x\"", "last_modified": "Thu, 26 Nov 2026 11:00:00 GMT"`:   `"x"`,
		`"etag": ""`: "",
	} {
		dir := t.TempDir()
		s := serve(t, func(w http.ResponseWriter, r *http.Request) { send(w, r, b, -1) })
		a := archiveOf(b, s.URL)
		begin(t, a, dir, b[:500], fmt.Sprintf(`{"url": %q, %s}`, s.URL, origin))
		if _, err := fetch(t, quick(), a, dir); err != nil {
			t.Error(err)
		}
		if got := s.requests()[0].Header.Get("If-Range"); got != want {
			t.Errorf("%s: If-Range is %q, want %q", origin, got, want)
		}
	}
}
