package cu

import (
	"time"
	"unsafe"
)

// An Event is a mark in the work of a stream.
type Event uintptr

// An EventFlag is an option of [EventCreate]; options are added.
type EventFlag uint

// The options of an event.
const (
	EVENT_DEFAULT        EventFlag = 0
	EVENT_BLOCKING_SYNC  EventFlag = 1 // Synchronize blocks instead of spinning
	EVENT_DISABLE_TIMING EventFlag = 2 // cheaper; Elapsed fails
)

var (
	procEventCreate      = want("cuEventCreate")
	procEventDestroy     = want("cuEventDestroy_v2")
	procEventRecord      = want("cuEventRecord")
	procEventSynchronize = want("cuEventSynchronize")
	procEventQuery       = want("cuEventQuery")
	procEventElapsedTime = want("cuEventElapsedTime")
)

// EventCreate creates an event.
func EventCreate(flags EventFlag) (Event, error) {
	var e Event
	err := procEventCreate.call(uintptr(unsafe.Pointer(&e)), uintptr(flags))
	return e, err
}

// Destroy destroys the event, after the work ahead of it, and sets it to 0.
func (e *Event) Destroy() error {
	err := procEventDestroy.call(uintptr(*e))
	*e = 0
	return err
}

// Record puts the event behind the work that is in a stream now.
func (e Event) Record(stream Stream) error {
	return procEventRecord.err(procEventRecord.fast(uintptr(e), uintptr(stream), 0, 0, 0))
}

// Synchronize waits until the work ahead of the event is done.
func (e Event) Synchronize() error {
	return procEventSynchronize.err(procEventSynchronize.fast(uintptr(e), 0, 0, 0, 0))
}

// Query returns SUCCESS if the work ahead of the event is done,
// ERROR_NOT_READY if it is not, and otherwise what failed.
func (e Event) Query() Result { return procEventQuery.fast(uintptr(e), 0, 0, 0, 0) }

// Elapsed returns the time on the device from one event to another. Both must
// be done: call Synchronize on the later one.
func Elapsed(start, end Event) (time.Duration, error) {
	var ms float32
	err := procEventElapsedTime.call(uintptr(unsafe.Pointer(&ms)), uintptr(start), uintptr(end))
	return time.Duration(float64(ms) * float64(time.Millisecond)), err
}
