package cu

import "unsafe"

// A Stream is a queue of work for the device. Stream 0 is the default stream,
// which waits for the others and they for it, those with STREAM_NON_BLOCKING
// excepted.
type Stream uintptr

// A StreamFlag is an option of [StreamCreateWithPriority].
type StreamFlag uint

// The options of a stream.
const (
	STREAM_DEFAULT      StreamFlag = 0
	STREAM_NON_BLOCKING StreamFlag = 1 // do not wait for the default stream
)

var (
	procStreamCreate             = need("cuStreamCreate")
	procStreamDestroy            = need("cuStreamDestroy_v2")
	procStreamSynchronize        = need("cuStreamSynchronize")
	procStreamQuery              = need("cuStreamQuery")
	procStreamCreateWithPriority = want("cuStreamCreateWithPriority")
	procStreamGetPriority        = want("cuStreamGetPriority")
	procStreamWaitEvent          = want("cuStreamWaitEvent")
)

// StreamCreate creates a stream.
func StreamCreate() Stream {
	var s Stream
	must(procStreamCreate.call(uintptr(unsafe.Pointer(&s)), 0))
	return s
}

// StreamDestroy destroys a stream, after its work, and sets it to 0.
func StreamDestroy(stream *Stream) {
	must(procStreamDestroy.call(uintptr(*stream)))
	*stream = 0
}

// Destroy destroys the stream, after its work, and sets it to 0.
func (stream *Stream) Destroy() { StreamDestroy(stream) }

// StreamSynchronize waits until the work of a stream is done.
func StreamSynchronize(stream Stream) { must(procStreamSynchronize.call(uintptr(stream))) }

// Synchronize waits until the work of the stream is done.
func (stream Stream) Synchronize() { StreamSynchronize(stream) }

// StreamQuery returns SUCCESS if the work of a stream is done and
// ERROR_NOT_READY if it is not. It does not panic.
func StreamQuery(stream Stream) Result { return procStreamQuery.fast(uintptr(stream), 0, 0, 0, 0) }

// Query returns SUCCESS if the work of the stream is done and ERROR_NOT_READY
// if it is not. It does not panic.
func (stream Stream) Query() Result { return StreamQuery(stream) }

// StreamCreateWithPriority creates a stream. Smaller numbers come first: see
// [CtxGetStreamPriorityRange].
func StreamCreateWithPriority(flags StreamFlag, priority int) (Stream, error) {
	var s Stream
	err := procStreamCreateWithPriority.call(uintptr(unsafe.Pointer(&s)), uintptr(flags), uintptr(priority))
	return s, err
}

// Priority returns the priority of the stream.
func (stream Stream) Priority() (int, error) {
	var p int32
	err := procStreamGetPriority.call(uintptr(stream), uintptr(unsafe.Pointer(&p)))
	return int(p), err
}

// WaitEvent makes the work that follows in the stream wait for an event. The
// host does not wait.
func (stream Stream) WaitEvent(e Event) error {
	return procStreamWaitEvent.err(procStreamWaitEvent.fast(uintptr(stream), uintptr(e), 0, 0, 0))
}
