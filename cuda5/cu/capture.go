package cu

import (
	"errors"
	"unsafe"
)

// A CaptureMode says which calls a capture forbids. Calls that are forbidden,
// such as MemAlloc, make it fail.
type CaptureMode int

// The modes of a capture.
const (
	CAPTURE_GLOBAL       CaptureMode = 0 // unsafe calls of any thread
	CAPTURE_THREAD_LOCAL CaptureMode = 1 // unsafe calls of the thread that captures
	CAPTURE_RELAXED      CaptureMode = 2 // none
)

// A CaptureStatus is the state of a stream's capture.
type CaptureStatus int

// The states of a capture.
const (
	CAPTURE_NONE        CaptureStatus = 0
	CAPTURE_ACTIVE      CaptureStatus = 1
	CAPTURE_INVALIDATED CaptureStatus = 2 // a call failed: only EndCapture is left
)

var (
	procStreamBeginCapture  = want("cuStreamBeginCapture_v2")
	procStreamEndCapture    = want("cuStreamEndCapture")
	procStreamIsCapturing   = want("cuStreamIsCapturing")
	procExchangeCaptureMode = want("cuThreadExchangeStreamCaptureMode")
)

// Capture returns a graph of the work that record puts into the stream, which
// is not done. Pointers and numbers are frozen. A Result with which record
// panics is returned.
func (stream Stream) Capture(mode CaptureMode, record func() error) (Graph, error) {
	if err := stream.BeginCapture(mode); err != nil {
		return 0, err
	}
	var recorded error
	err := Try(func() { recorded = record() })
	g, ended := stream.EndCapture()
	if err = errors.Join(recorded, err, ended); err != nil && g != 0 {
		g.Destroy()
		g = 0
	}
	return g, err
}

// BeginCapture makes the stream collect work instead of doing it. The default
// stream cannot. Other streams join the capture by [Stream.WaitEvent] for an
// event recorded in it, and must be joined back before its end.
func (stream Stream) BeginCapture(mode CaptureMode) error {
	return procStreamBeginCapture.call(uintptr(stream), uintptr(mode))
}

// EndCapture ends the capture and returns the graph. Except in mode
// CAPTURE_RELAXED it must be called from the OS thread that began the capture.
func (stream Stream) EndCapture() (Graph, error) {
	var g Graph
	err := procStreamEndCapture.call(uintptr(stream), uintptr(unsafe.Pointer(&g)))
	return g, err
}

// CaptureStatus returns the state of the stream's capture.
func (stream Stream) CaptureStatus() (CaptureStatus, error) {
	var status int32
	err := procStreamIsCapturing.call(uintptr(stream), uintptr(unsafe.Pointer(&status)))
	return CaptureStatus(status), err
}

// ExchangeCaptureMode sets which captures forbid unsafe calls of the calling
// OS thread, and returns what was set: CAPTURE_RELAXED lets it allocate during
// a capture.
func ExchangeCaptureMode(mode CaptureMode) (old CaptureMode, err error) {
	m := int32(mode)
	err = procExchangeCaptureMode.call(uintptr(unsafe.Pointer(&m)))
	return CaptureMode(m), err
}
