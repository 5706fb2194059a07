package download

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// A source is an address of an archive, and what came of asking it.
type source struct {
	url    string
	whole  bool  // ask it for all bytes: it does not send the rest of a file
	gone   bool  // it is no use to ask again
	failed error // why it did not work the last time
}

// A transfer brings the missing bytes of one archive.
type transfer struct {
	*Fetcher
	archive Archive
	part    *part
	most    int64 // size that the part once had: more is a step forward
	fetched int64 // bytes
	oneGo   bool  // all bytes of the part came with one response
}

// A localError is one of this machine's, which no other server helps against.
type localError struct{ error }

func (e localError) Unwrap() error { return e.error }

// fill makes p the whole file and returns how many bytes that took. It asks one
// source after the other, each as long as something new comes from it, then all of
// them again, with growing pauses.
func (f *Fetcher) fill(ctx context.Context, a Archive, p *part) (int64, error) {
	t := &transfer{Fetcher: f, archive: a, part: p, most: p.size}
	if p.size >= a.Size {
		if err := t.verify(); err == nil || errors.As(err, new(localError)) {
			return 0, err
		}
	}
	sources := f.sources(a)
	for round := 0; round < or(f.Rounds, 4) && !allGone(sources); round++ {
		if round > 0 {
			t.sleep(ctx, or(f.Pause, time.Second)<<(round-1))
		}
		for _, s := range sources {
			for again := true; again && !s.gone; {
				err := t.try(ctx, s)
				if err == nil {
					return t.fetched, nil
				}
				if ctx.Err() != nil || errors.As(err, new(localError)) {
					return t.fetched, t.kept(err)
				}
				if s.failed == nil || s.failed.Error() != err.Error() {
					t.news("%s: %v", s.url, err)
				}
				s.failed = err
				if again = t.part.size > t.most; again {
					t.most, round = t.part.size, 0
					t.sleep(ctx, or(f.Pause, time.Second))
				}
			}
		}
	}
	return t.fetched, t.kept(gaveUp(sources))
}

// try asks s for the bytes that are missing and checks the file.
func (t *transfer) try(ctx context.Context, s *source) error {
	if err := t.get(ctx, s); err != nil {
		return err
	}
	err := t.verify()
	if err != nil && t.oneGo {
		s.gone = true // else some of the bytes may be another version's, or another server's
	}
	return err
}

// verify checks the whole file, and empties the part if it is wrong.
func (t *transfer) verify() error {
	p := t.part
	if _, err := p.file.Seek(0, io.SeekStart); err != nil {
		return localError{err}
	}
	err := t.archive.check(p.file)
	if err == nil {
		return nil
	}
	if e := p.restart(); e != nil {
		return localError{e}
	}
	return fmt.Errorf("the file %w", err)
}

// kept adds to err what is left for the next call.
func (t *transfer) kept(err error) error {
	if t.part.size == 0 {
		return err
	}
	return fmt.Errorf("%w; %d of %d bytes are kept in %s: the same command goes on from there",
		err, t.part.size, t.archive.Size, t.part.file.Name())
}

// gaveUp says why no source helped.
func gaveUp(sources []*source) error {
	var reasons []string
	for _, s := range sources {
		reasons = append(reasons, fmt.Sprintf("%s: %v", s.url, s.failed))
	}
	return errors.New(strings.Join(reasons, "; "))
}

func allGone(sources []*source) bool {
	for _, s := range sources {
		if !s.gone {
			return false
		}
	}
	return true
}

// news tells what happened.
func (t *transfer) news(format string, args ...any) {
	t.tell(Progress{t.archive, t.part.size, fmt.Sprintf(format, args...)})
}

// sleep waits for d, half a minute at most, or until ctx ends.
func (t *transfer) sleep(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(min(d, 30*time.Second)):
	}
}

// or is v, or byDefault where v is zero.
func or[T comparable](v, byDefault T) T {
	if v == *new(T) {
		return byDefault
	}
	return v
}
