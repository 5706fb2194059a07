package cu

import (
	"bytes"
	"fmt"
	"runtime"
	"unsafe"
)

var procModuleLoadDataEx = need("cuModuleLoadDataEx")

// A JITOption is an option of the compiler from PTX to machine code.
type JITOption int32

// The options of the compiler that take a number.
const (
	JIT_MAX_REGISTERS       JITOption = 0  // of a thread
	JIT_THREADS_PER_BLOCK   JITOption = 1  // at least
	JIT_OPTIMIZATION_LEVEL  JITOption = 7  // 0 to 4, 4 by default
	JIT_GENERATE_DEBUG_INFO JITOption = 11 // 0 or 1
	JIT_LOG_VERBOSE         JITOption = 12 // 0 or 1
	JIT_GENERATE_LINE_INFO  JITOption = 13 // 0 or 1
	JIT_CACHE_MODE          JITOption = 14 // 0: default, 1: loads in L2 only, 2: loads in L1 and L2
)

// These are set by the package itself.
const (
	jitInfoLogBuffer      JITOption = 3
	jitInfoLogBufferSize  JITOption = 4
	jitErrorLogBuffer     JITOption = 5
	jitErrorLogBufferSize JITOption = 6
)

// A JITSetting is the value of an option.
type JITSetting struct {
	Option JITOption
	Value  uint32
}

// A JITLog is what the compiler wrote: registers and spilled bytes of each
// kernel in Info if JIT_LOG_VERBOSE is 1, and the reason of a failure with the
// line of the PTX in Errors.
type JITLog struct {
	Info, Errors string
}

// jitLogBytes is the size of each log; the compiler cuts longer ones.
const jitLogBytes = 32 << 10

// jitCall holds the options of a call and the buffers of its logs. The driver
// sees their addresses, so they stay pinned until free.
type jitCall struct {
	options      []JITOption
	values       []uintptr
	info, errors [jitLogBytes]byte
	pins         runtime.Pinner
}

func newJITCall(settings []JITSetting) *jitCall {
	c := new(jitCall)
	c.pins.Pin(c)
	c.add(jitInfoLogBuffer, uintptr(unsafe.Pointer(&c.info)))
	c.add(jitInfoLogBufferSize, jitLogBytes)
	c.add(jitErrorLogBuffer, uintptr(unsafe.Pointer(&c.errors)))
	c.add(jitErrorLogBufferSize, jitLogBytes)
	for _, s := range settings {
		c.add(s.Option, uintptr(s.Value))
	}
	c.pins.Pin(&c.options[0])
	c.pins.Pin(&c.values[0])
	return c
}

func (c *jitCall) add(option JITOption, value uintptr) {
	c.options = append(c.options, option)
	c.values = append(c.values, value)
}

func (c *jitCall) free() { c.pins.Unpin() }

func (c *jitCall) log() JITLog {
	text := func(b []byte) string {
		b, _, _ = bytes.Cut(b, []byte{0})
		return string(bytes.TrimSpace(b))
	}
	return JITLog{text(c.info[:]), text(c.errors[:])}
}

// explain adds the error log to an error.
func (c *jitCall) explain(err error) error {
	if log := c.log(); err != nil && log.Errors != "" {
		return fmt.Errorf("%w\n%s", err, log.Errors)
	}
	return err
}

// ModuleLoadDataEx loads PTX text, a cubin or a fatbin with options for the
// compiler, and returns its log. The error includes the log's errors.
func ModuleLoadDataEx(image string, settings ...JITSetting) (Module, JITLog, error) {
	c := newJITCall(settings)
	defer c.free()
	var m Module
	err := procModuleLoadDataEx.call(uintptr(unsafe.Pointer(&m)), uintptr(unsafe.Pointer(cstring(image))),
		uintptr(len(c.options)), uintptr(unsafe.Pointer(&c.options[0])), uintptr(unsafe.Pointer(&c.values[0])))
	return m, c.log(), c.explain(err)
}
