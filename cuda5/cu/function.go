package cu

import "unsafe"

// A Function is a kernel of a loaded module.
type Function uintptr

// A FunctionAttribute is a property of a kernel.
type FunctionAttribute int

// The attributes of a kernel. Those from FUNC_A_MAX_DYNAMIC_SHARED_SIZE_BYTES
// on can be set.
const (
	FUNC_A_MAX_THREADS_PER_BLOCK         FunctionAttribute = 0
	FUNC_A_SHARED_SIZE_BYTES             FunctionAttribute = 1 // static shared memory of a block
	FUNC_A_CONST_SIZE_BYTES              FunctionAttribute = 2
	FUNC_A_LOCAL_SIZE_BYTES              FunctionAttribute = 3 // of a thread: not 0 if registers are spilled
	FUNC_A_NUM_REGS                      FunctionAttribute = 4 // of a thread
	FUNC_A_PTX_VERSION                   FunctionAttribute = 5
	FUNC_A_BINARY_VERSION                FunctionAttribute = 6
	FUNC_A_CACHE_MODE_CA                 FunctionAttribute = 7
	FUNC_A_MAX_DYNAMIC_SHARED_SIZE_BYTES FunctionAttribute = 8 // launches with more than 48 kB need it
	FUNC_A_PREFERRED_SHARED_CARVEOUT     FunctionAttribute = 9 // percent of the L1 cache, or -1
	FUNC_A_NON_PORTABLE_CLUSTER_SIZE     FunctionAttribute = 14
	FUNC_A_CLUSTER_SCHEDULING_POLICY     FunctionAttribute = 15
)

var (
	procFuncGetAttribute = need("cuFuncGetAttribute")
	procFuncSetAttribute = want("cuFuncSetAttribute")
	procFuncGetModule    = want("cuFuncGetModule")
)

// FuncGetAttribute returns an attribute of a kernel.
func FuncGetAttribute(attrib FunctionAttribute, function Function) int {
	var value int32
	must(procFuncGetAttribute.call(uintptr(unsafe.Pointer(&value)), uintptr(attrib), uintptr(function)))
	return int(value)
}

// GetAttribute returns an attribute of the kernel.
func (f Function) GetAttribute(attrib FunctionAttribute) int { return FuncGetAttribute(attrib, f) }

// SetAttribute sets an attribute of the kernel.
func (f Function) SetAttribute(attrib FunctionAttribute, value int) error {
	return procFuncSetAttribute.call(uintptr(f), uintptr(attrib), uintptr(value))
}

// Module returns the module of the kernel.
func (f Function) Module() (Module, error) {
	var m Module
	err := procFuncGetModule.call(uintptr(unsafe.Pointer(&m)), uintptr(f))
	return m, err
}
