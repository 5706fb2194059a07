package cuda

import (
	"errors"
	"time"

	"github.com/barnex/cuda5/cu"
)

// Marks are events behind pieces of a queue's work. They show progress, and
// bound how much work is queued, so that a launch does not block in the driver
// for want of room.
const (
	maxMarks  = 8  // in a queue that are not done
	markEvery = 64 // launches; a graph counts as so many
)

// How a wait asks for the end of work.
const (
	spin     = 50 * time.Microsecond  // ask without a pause at first
	minPause = 20 * time.Microsecond  // then with pauses that double
	maxPause = 200 * time.Microsecond // up to this
	maxStep  = 10 * time.Millisecond  // a longer pause counts as this: the program was stopped, or had no processor
)

// A queue is a stream and the marks in its work.
type queue struct {
	stream cu.Stream
	ring   [maxMarks]cu.Event // 0: not created yet
	first  int                // the oldest mark that is not done
	marks  int                // that are not done
	since  int                // launches behind the last mark
}

// given notes launches that a queue was given, and marks their end now and
// then. Where too many marks are not done it waits for the oldest.
func (d *Device) given(what string, q *queue, launches int) error {
	if d.capture != nil {
		return nil
	}
	if d.config.Wait {
		return d.wait(what, q)
	}
	if q.since += launches; q.since < markEvery {
		return nil
	}
	q.since = 0
	if q.marks == maxMarks {
		oldest := q.ring[q.first]
		if err := d.poll(what, oldest.Query); err != nil {
			return err
		}
		q.progress()
	}
	e := &q.ring[(q.first+q.marks)%maxMarks]
	if *e == 0 {
		var err error
		if *e, err = cu.EventCreate(cu.EVENT_DISABLE_TIMING); err != nil {
			return d.check(what, err)
		}
	}
	q.marks++
	return d.check(what, e.Record(q.stream))
}

// progress forgets the marks that are done and reports whether there were any.
func (q *queue) progress() (any bool) {
	for q.marks > 0 && q.ring[q.first].Query() == cu.SUCCESS {
		q.first, q.marks, any = (q.first+1)%maxMarks, q.marks-1, true
	}
	return any
}

// free destroys the stream and the marks.
func (q *queue) free() error {
	err := cu.Try(q.stream.Destroy)
	for i := range q.ring {
		if q.ring[i] != 0 {
			err = errors.Join(err, q.ring[i].Destroy())
		}
	}
	return err
}

// wait waits until all work of a queue is done.
func (d *Device) wait(what string, q *queue) error {
	if err := d.poll(what, q.stream.Query); err != nil {
		return err
	}
	q.marks, q.since = 0, 0
	return nil
}

// poll asks until the answer is not that work is not done. The device is lost
// after Config.Timeout without a mark that gets done in any of its queues.
func (d *Device) poll(what string, query func() cu.Result) error {
	r := query()
	if r == cu.SUCCESS {
		return nil
	}
	begin := time.Now()
	before, silent, pause := begin, time.Duration(0), minPause
	for r == cu.ERROR_NOT_READY {
		now := time.Now()
		if now.Sub(begin) > spin {
			if silent += min(now.Sub(before), maxStep); d.progress() {
				silent = 0
			}
			if silent > d.config.Timeout {
				return d.hang(what)
			}
			time.Sleep(pause)
			pause = min(2*pause, maxPause)
		}
		before = now
		r = query()
	}
	if r == cu.SUCCESS {
		return nil
	}
	return d.check(what, r)
}

// progress reports whether a mark of any queue is newly done.
func (d *Device) progress() (any bool) {
	for _, q := range d.queues {
		any = q.progress() || any
	}
	return any
}
