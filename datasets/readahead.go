package datasets

import "io"

// An aheadReader reads from a goroutine of its own, a few blocks ahead, so that
// unpacking and what comes behind it run at the same time.
type aheadReader struct {
	blocks chan block
	free   chan []byte
	done   chan struct{}
	now    block
	at     int // of the next byte of now
}

// A block is what was read, and the error behind it.
type block struct {
	b   []byte
	err error
}

// readAhead returns a reader of r; Close ends its goroutine.
func readAhead(r io.Reader) *aheadReader {
	const blocks, size = 4, 256 << 10
	a := &aheadReader{blocks: make(chan block, blocks), free: make(chan []byte, blocks), done: make(chan struct{})}
	for range blocks {
		a.free <- make([]byte, size)
	}
	go a.fill(r)
	return a
}

func (a *aheadReader) fill(r io.Reader) {
	defer close(a.blocks)
	for {
		var b []byte
		select {
		case b = <-a.free:
		case <-a.done:
			return
		}
		n, err := 0, error(nil)
		for n < len(b) && err == nil {
			var more int
			more, err = r.Read(b[n:])
			n += more
		}
		a.blocks <- block{b[:n], err} // has room for all blocks
		if err != nil {
			return
		}
	}
}

func (a *aheadReader) Read(b []byte) (int, error) {
	for a.at == len(a.now.b) {
		if a.now.err != nil {
			return 0, a.now.err
		}
		if a.now.b != nil {
			a.free <- a.now.b
		}
		a.now, a.at = <-a.blocks, 0
	}
	n := copy(b, a.now.b[a.at:])
	a.at += n
	return n, nil
}

// Close ends the goroutine and waits for it.
func (a *aheadReader) Close() error {
	close(a.done)
	for range a.blocks {
	}
	return nil
}
