package cu

import (
	"bytes"
	"unsafe"
)

var (
	procLinkCreate   = want("cuLinkCreate_v2")
	procLinkAddData  = want("cuLinkAddData_v2")
	procLinkComplete = want("cuLinkComplete")
	procLinkDestroy  = want("cuLinkDestroy")
)

const jitInputPTX = 1

// CompilePTX compiles PTX text to a cubin for the device of the current
// context. A program keeps the cubin in a file, because the compiler takes
// seconds for large kernels.
func CompilePTX(ptx string, settings ...JITSetting) (cubin []byte, log JITLog, err error) {
	c := newJITCall(settings)
	defer c.free() // after cuLinkDestroy: the driver keeps the options until then
	var link uintptr
	err = procLinkCreate.call(uintptr(len(c.options)), uintptr(unsafe.Pointer(&c.options[0])),
		uintptr(unsafe.Pointer(&c.values[0])), uintptr(unsafe.Pointer(&link)))
	if err != nil {
		return nil, JITLog{}, err
	}
	defer procLinkDestroy.call(link)
	err = procLinkAddData.call(link, jitInputPTX, uintptr(unsafe.Pointer(cstring(ptx))), uintptr(len(ptx)+1),
		uintptr(unsafe.Pointer(cstring("ptx"))), 0, 0, 0)
	var start *byte // in memory of the driver, which cuLinkDestroy frees
	var size uintptr
	if err == nil {
		err = procLinkComplete.call(link, uintptr(unsafe.Pointer(&start)), uintptr(unsafe.Pointer(&size)))
	}
	if err != nil {
		return nil, c.log(), c.explain(err)
	}
	return bytes.Clone(unsafe.Slice(start, size)), c.log(), nil
}
