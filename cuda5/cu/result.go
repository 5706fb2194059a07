package cu

import (
	"strconv"
	"unsafe"
)

// A Result is what a function of the driver returns. The functions of the
// compatible part of this package panic with it.
type Result int

var (
	procGetErrorName   = need("cuGetErrorName")
	procGetErrorString = need("cuGetErrorString")
)

// String returns the driver's name of the result, like CUDA_ERROR_NO_DEVICE.
func (r Result) String() string {
	if name, ok := resultNames[r]; ok {
		return name
	}
	if name := r.ask(procGetErrorName); name != "" {
		return name
	}
	return "CUDA_ERROR_" + strconv.Itoa(int(r))
}

// Error returns the name of the result and the driver's description.
func (r Result) Error() string {
	text := ""
	switch r {
	case ERROR_NO_LIBRARY:
		text = "no CUDA driver"
		if err := openError(); err != nil {
			text = err.Error()
		}
	case ERROR_NO_FUNCTION:
		text = "the CUDA driver is too old for this function"
	case ERROR_INVALID_CONTEXT:
		text = r.ask(procGetErrorString) + " (is a context current to this OS thread?)"
	default:
		text = r.ask(procGetErrorString)
	}
	if text == "" {
		return r.String()
	}
	return r.String() + ": " + text
}

// ask returns what p, cuGetErrorName or cuGetErrorString, says of r, and
// nothing if the library is not open.
func (r Result) ask(p *proc) string {
	if r < 0 || !isOpen() {
		return ""
	}
	var text *byte
	if p.result(uintptr(r), uintptr(unsafe.Pointer(&text))) != SUCCESS {
		return ""
	}
	return goString(text)
}

// The results. Those below zero are of this package, not of the driver.
const (
	ERROR_NO_LIBRARY  Result = -1 // the driver library cannot be used
	ERROR_NO_FUNCTION Result = -2 // the driver library lacks the function

	SUCCESS                              Result = 0
	ERROR_INVALID_VALUE                  Result = 1
	ERROR_OUT_OF_MEMORY                  Result = 2
	ERROR_NOT_INITIALIZED                Result = 3
	ERROR_DEINITIALIZED                  Result = 4
	ERROR_PROFILER_DISABLED              Result = 5
	ERROR_PROFILER_NOT_INITIALIZED       Result = 6
	ERROR_PROFILER_ALREADY_STARTED       Result = 7
	ERROR_PROFILER_ALREADY_STOPPED       Result = 8
	ERROR_STUB_LIBRARY                   Result = 34
	ERROR_DEVICE_UNAVAILABLE             Result = 46
	ERROR_NO_DEVICE                      Result = 100
	ERROR_INVALID_DEVICE                 Result = 101
	ERROR_DEVICE_NOT_LICENSED            Result = 102
	ERROR_INVALID_IMAGE                  Result = 200
	ERROR_INVALID_CONTEXT                Result = 201
	ERROR_CONTEXT_ALREADY_CURRENT        Result = 202
	ERROR_MAP_FAILED                     Result = 205
	ERROR_UNMAP_FAILED                   Result = 206
	ERROR_ARRAY_IS_MAPPED                Result = 207
	ERROR_ALREADY_MAPPED                 Result = 208
	ERROR_NO_BINARY_FOR_GPU              Result = 209
	ERROR_ALREADY_ACQUIRED               Result = 210
	ERROR_NOT_MAPPED                     Result = 211
	ERROR_NOT_MAPPED_AS_ARRAY            Result = 212
	ERROR_NOT_MAPPED_AS_POINTER          Result = 213
	ERROR_ECC_UNCORRECTABLE              Result = 214
	ERROR_UNSUPPORTED_LIMIT              Result = 215
	ERROR_CONTEXT_ALREADY_IN_USE         Result = 216
	ERROR_PEER_ACCESS_UNSUPPORTED        Result = 217
	ERROR_INVALID_PTX                    Result = 218
	ERROR_INVALID_GRAPHICS_CONTEXT       Result = 219
	ERROR_NVLINK_UNCORRECTABLE           Result = 220
	ERROR_JIT_COMPILER_NOT_FOUND         Result = 221
	ERROR_UNSUPPORTED_PTX_VERSION        Result = 222
	ERROR_JIT_COMPILATION_DISABLED       Result = 223
	ERROR_UNSUPPORTED_EXEC_AFFINITY      Result = 224
	ERROR_UNSUPPORTED_DEVSIDE_SYNC       Result = 225
	ERROR_INVALID_SOURCE                 Result = 300
	ERROR_FILE_NOT_FOUND                 Result = 301
	ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND Result = 302
	ERROR_SHARED_OBJECT_INIT_FAILED      Result = 303
	ERROR_OPERATING_SYSTEM               Result = 304
	ERROR_INVALID_HANDLE                 Result = 400
	ERROR_ILLEGAL_STATE                  Result = 401
	ERROR_NOT_FOUND                      Result = 500
	ERROR_NOT_READY                      Result = 600
	ERROR_ILLEGAL_ADDRESS                Result = 700
	ERROR_LAUNCH_OUT_OF_RESOURCES        Result = 701
	ERROR_LAUNCH_TIMEOUT                 Result = 702
	ERROR_LAUNCH_INCOMPATIBLE_TEXTURING  Result = 703
	ERROR_PEER_ACCESS_ALREADY_ENABLED    Result = 704
	ERROR_PEER_ACCESS_NOT_ENABLED        Result = 705
	ERROR_PRIMARY_CONTEXT_ACTIVE         Result = 708
	ERROR_CONTEXT_IS_DESTROYED           Result = 709
	ERROR_ASSERT                         Result = 710
	ERROR_TOO_MANY_PEERS                 Result = 711
	ERROR_HOST_MEMORY_ALREADY_REGISTERED Result = 712
	ERROR_HOST_MEMORY_NOT_REGISTERED     Result = 713
	ERROR_HARDWARE_STACK_ERROR           Result = 714
	ERROR_ILLEGAL_INSTRUCTION            Result = 715
	ERROR_MISALIGNED_ADDRESS             Result = 716
	ERROR_INVALID_ADDRESS_SPACE          Result = 717
	ERROR_INVALID_PC                     Result = 718
	ERROR_LAUNCH_FAILED                  Result = 719
	ERROR_COOPERATIVE_LAUNCH_TOO_LARGE   Result = 720
	ERROR_NOT_PERMITTED                  Result = 800
	ERROR_NOT_SUPPORTED                  Result = 801
	ERROR_SYSTEM_NOT_READY               Result = 802
	ERROR_SYSTEM_DRIVER_MISMATCH         Result = 803
	ERROR_COMPAT_NOT_SUPPORTED_ON_DEVICE Result = 804
	ERROR_STREAM_CAPTURE_UNSUPPORTED     Result = 900
	ERROR_STREAM_CAPTURE_INVALIDATED     Result = 901
	ERROR_STREAM_CAPTURE_MERGE           Result = 902
	ERROR_STREAM_CAPTURE_UNMATCHED       Result = 903
	ERROR_STREAM_CAPTURE_UNJOINED        Result = 904
	ERROR_STREAM_CAPTURE_ISOLATION       Result = 905
	ERROR_STREAM_CAPTURE_IMPLICIT        Result = 906
	ERROR_CAPTURED_EVENT                 Result = 907
	ERROR_STREAM_CAPTURE_WRONG_THREAD    Result = 908
	ERROR_TIMEOUT                        Result = 909
	ERROR_GRAPH_EXEC_UPDATE_FAILURE      Result = 910
	ERROR_EXTERNAL_DEVICE                Result = 911
	ERROR_INVALID_CLUSTER_SIZE           Result = 912
	ERROR_UNKNOWN                        Result = 999
)
