package cu

import "unsafe"

// A Module is device code that was loaded into the current context.
type Module uintptr

var (
	procModuleLoad        = need("cuModuleLoad")
	procModuleLoadData    = need("cuModuleLoadData")
	procModuleGetFunction = need("cuModuleGetFunction")
	procModuleUnload      = need("cuModuleUnload")
	procModuleGetGlobal   = need("cuModuleGetGlobal_v2")
)

// ModuleLoad loads a file with PTX text, a cubin or a fatbin.
func ModuleLoad(fname string) Module {
	var m Module
	must(procModuleLoad.call(uintptr(unsafe.Pointer(&m)), uintptr(unsafe.Pointer(cstring(fname)))))
	return m
}

// ModuleLoadData loads PTX text, a cubin or a fatbin. [ModuleLoadDataEx] says
// why it failed.
func ModuleLoadData(image string) Module {
	var m Module
	must(procModuleLoadData.call(uintptr(unsafe.Pointer(&m)), uintptr(unsafe.Pointer(cstring(image)))))
	return m
}

// ModuleGetFunction returns a kernel of a module. It panics with
// [ERROR_NOT_FOUND] where there is none of the name.
func ModuleGetFunction(module Module, name string) Function {
	var f Function
	must(procModuleGetFunction.call(uintptr(unsafe.Pointer(&f)), uintptr(module), uintptr(unsafe.Pointer(cstring(name)))))
	return f
}

// GetFunction returns a kernel of the module.
func (m Module) GetFunction(name string) Function { return ModuleGetFunction(m, name) }

// Unload unloads the module; its functions and variables are invalid then.
func (m Module) Unload() error { return procModuleUnload.call(uintptr(m)) }

// Global returns the address and the size in bytes of a variable of the module
// in global or constant memory.
func (m Module) Global(name string) (p DevicePtr, bytes int64, err error) {
	var n uintptr
	err = procModuleGetGlobal.call(uintptr(unsafe.Pointer(&p)), uintptr(unsafe.Pointer(&n)), uintptr(m),
		uintptr(unsafe.Pointer(cstring(name))))
	return p, int64(n), err
}
