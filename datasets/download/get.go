package download

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// get asks s for the bytes from the size of the part on and appends them.
func (t *transfer) get(ctx context.Context, s *source) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stall := or(t.Stall, 30*time.Second)
	watchdog := time.AfterFunc(stall, func() { cancel(fmt.Errorf("nothing came for %v", stall)) })
	defer watchdog.Stop()
	request, err := t.request(ctx, s)
	if err != nil {
		s.gone = true
		return err
	}
	response, err := or(t.Client, http.DefaultClient).Do(request)
	if err != nil {
		return reason(ctx, err)
	}
	defer response.Body.Close()
	if err := t.accept(s, response); err != nil {
		return err
	}
	if err := t.append(response.Body, func() { watchdog.Reset(stall) }); err != nil {
		return reason(ctx, err)
	}
	return t.wantEnd(s, response.Body)
}

// request asks for what is missing, if it is still of the same version.
func (t *transfer) request(ctx context.Context, s *source) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url, nil)
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept-Encoding", "identity") // sizes and ranges are those of the file
	if t.part.size == 0 || s.whole {
		return r, nil
	}
	r.Header.Set("Range", fmt.Sprintf("bytes=%d-", t.part.size))
	if from := t.part.from; from.URL == s.url {
		switch {
		case from.ETag != "" && !strings.HasPrefix(from.ETag, "W/"): // weak ones do not promise the same bytes
			r.Header.Set("If-Range", from.ETag)
		case from.Modified != "":
			r.Header.Set("If-Range", from.Modified)
		}
	}
	return r, nil
}

// accept looks at the head of a response and prepares the part for its body.
func (t *transfer) accept(s *source, r *http.Response) error {
	switch code := r.StatusCode; {
	case code == http.StatusOK, code == http.StatusPartialContent && r.Request.Header.Get("Range") != "":
	case code == http.StatusRequestedRangeNotSatisfiable:
		s.whole = true
		return fmt.Errorf("has no bytes from %d on", t.part.size)
	default:
		temporary := code >= 500 || code == http.StatusTooManyRequests || code == http.StatusRequestTimeout
		s.gone = !temporary
		return fmt.Errorf("answers %s", r.Status)
	}
	if kind := r.Header.Get("Content-Type"); strings.HasPrefix(kind, "text/html") {
		return errors.New("sends a web page in the place of the file") // some networks want a login first
	}
	version := origin{s.url, r.Header.Get("ETag"), r.Header.Get("Last-Modified")}
	if r.StatusCode == http.StatusOK {
		return t.acceptAll(s, r, version)
	}
	return t.acceptRest(s, r, version)
}

// acceptAll accepts a response that has the file from its first byte on.
func (t *transfer) acceptAll(s *source, r *http.Response, version origin) error {
	if r.ContentLength >= 0 && r.ContentLength != t.archive.Size {
		s.gone = true
		return fmt.Errorf("has %d bytes, want %d", r.ContentLength, t.archive.Size)
	}
	// A .gz file is sometimes sent with its own compression for an encoding: then
	// the length is that of the file.
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" && r.ContentLength < 0 {
		s.gone = true
		return fmt.Errorf("sends the file with encoding %s, want it as it is", encoding)
	}
	if t.part.size > 0 {
		t.news("%s sends the file from its beginning", s.url)
		if err := t.part.restart(); err != nil {
			return localError{err}
		}
	}
	t.oneGo = true
	return t.remember(version)
}

// acceptRest accepts a response that goes on where the part ends.
func (t *transfer) acceptRest(s *source, r *http.Response, version origin) error {
	found := r.Header.Get("Content-Range")
	total := fmt.Sprint(t.archive.Size)
	if want := fmt.Sprintf("bytes %d-%d/", t.part.size, t.archive.Size-1); found != want+total && found != want+"*" {
		s.whole = true
		return fmt.Errorf("answers with %q, want %q", found, want+total)
	}
	if old := t.part.from; old.URL == s.url {
		if old.isOther(version) {
			if err := t.part.restart(); err != nil {
				return localError{err}
			}
			return errors.New("the file changed between two parts")
		}
		version = origin{s.url, or(version.ETag, old.ETag), or(version.Modified, old.Modified)}
	}
	t.oneGo = false
	return t.remember(version)
}

// remember keeps beside the part where it comes from.
func (t *transfer) remember(version origin) error {
	if err := t.part.remember(version); err != nil {
		return localError{err}
	}
	return nil
}

// append adds what body has to the part, as far as the file goes. It calls alive
// whenever something came.
func (t *transfer) append(body io.Reader, alive func()) error {
	p := t.part
	buffer := make([]byte, 64<<10)
	for p.size < t.archive.Size {
		n, err := body.Read(buffer[:min(int64(len(buffer)), t.archive.Size-p.size)])
		if n > 0 {
			alive()
			if _, err := p.Write(buffer[:n]); err != nil {
				return localError{err}
			}
			t.fetched += int64(n)
			t.tell(Progress{Archive: t.archive, Done: p.size})
		}
		if p.size == t.archive.Size {
			return nil
		}
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return fmt.Errorf("broke off after %d of %d bytes: %w", p.size, t.archive.Size, err)
		}
	}
	return nil
}

// wantEnd returns an error if body goes on behind the last byte of the file.
func (t *transfer) wantEnd(s *source, body io.Reader) error {
	if n, _ := io.ReadFull(body, make([]byte, 1)); n == 0 {
		return nil
	}
	s.gone = true
	if err := t.part.restart(); err != nil {
		return localError{err}
	}
	return fmt.Errorf("has more than %d bytes", t.archive.Size)
}

// reason is why a request failed: without the address, which the caller knows,
// and with the watchdog's word if it was that.
func reason(ctx context.Context, err error) error {
	if errors.As(err, new(localError)) {
		return err
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}
