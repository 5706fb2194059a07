package main

import (
	"fmt"
	"io"
	"time"
)

// A meter shows how far a measurement is: on a terminal in one line that is
// overwritten, elsewhere with a line now and then.
type meter struct {
	out      io.Writer
	terminal bool
	quiet    bool
	every    time.Duration // between lines where there is no terminal
	kind     string
	began    time.Time

	first int // parts that were finished before
	some  bool
	shown time.Time
}

// tell says that so many of the parts are done.
func (m *meter) tell(done, total int) {
	if m.quiet {
		return
	}
	if !m.some {
		m.some, m.first, m.shown = true, done-1, m.began
	}
	wait := m.every
	if m.terminal {
		wait = time.Second / 5
	}
	if time.Since(m.shown) < wait && done < total {
		return
	}
	m.shown = time.Now()
	left := time.Duration(float64(time.Since(m.began)) / float64(done-m.first) * float64(total-done))
	text := fmt.Sprintf("%s  %d/%d  eta %s", m.kind, done, total, duration(left))
	if m.terminal {
		fmt.Fprintf(m.out, "\r\x1b[K%s", text)
	} else {
		fmt.Fprintln(m.out, text)
	}
}

// end leaves the line.
func (m *meter) end() {
	if m.terminal && m.some && !m.quiet {
		fmt.Fprintln(m.out)
	}
}
