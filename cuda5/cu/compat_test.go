package cu_test

import (
	"unsafe"

	"github.com/barnex/cuda5/cu"
)

// The signatures of the published package: this file is a test by compiling.
var (
	_ func(int)                                                            = cu.Init
	_ func() int                                                           = cu.Version
	_ func(x, y int) int                                                   = cu.DivUp
	_ func(ordinal int) cu.Device                                          = cu.DeviceGet
	_ func() int                                                           = cu.DeviceGetCount
	_ func(cu.Device) string                                               = cu.DeviceGetName
	_ func(cu.Device) string                                               = cu.Device.Name
	_ func(cu.DeviceAttribute, cu.Device) int                              = cu.DeviceGetAttribute
	_ func(cu.Device, cu.DeviceAttribute) int                              = cu.Device.Attribute
	_ func(cu.Device) (major, minor int)                                   = cu.DeviceComputeCapability
	_ func(cu.Device) (major, minor int)                                   = cu.Device.ComputeCapability
	_ func(cu.Device) int64                                                = cu.DeviceTotalMem
	_ func(cu.Device) int64                                                = cu.Device.TotalMem
	_ func(cu.Device) cu.DevProp                                           = cu.DeviceGetProperties
	_ func(cu.Device) cu.DevProp                                           = cu.Device.Properties
	_ func(dev, peer cu.Device) bool                                       = cu.DeviceCanAccessPeer
	_ func(dev, peer cu.Device) bool                                       = cu.Device.CanAccessPeer
	_ func(uint, cu.Device) cu.Context                                     = cu.CtxCreate
	_ func(*cu.Context)                                                    = cu.CtxDestroy
	_ func(*cu.Context)                                                    = (*cu.Context).Destroy
	_ func(cu.Context) int                                                 = cu.CtxGetApiVersion
	_ func(cu.Context) int                                                 = cu.Context.ApiVersion
	_ func() cu.Context                                                    = cu.CtxGetCurrent
	_ func() cu.Device                                                     = cu.CtxGetDevice
	_ func(cu.Context)                                                     = cu.CtxSetCurrent
	_ func(cu.Context)                                                     = cu.Context.SetCurrent
	_ func()                                                               = cu.CtxSynchronize
	_ func(cu.Context)                                                     = cu.CtxEnablePeerAccess
	_ func(cu.Context)                                                     = cu.Context.EnablePeerAccess
	_ func(cu.Context)                                                     = cu.CtxDisablePeerAccess
	_ func(cu.Context)                                                     = cu.Context.DisablePeerAccess
	_ func(string) cu.Module                                               = cu.ModuleLoad
	_ func(string) cu.Module                                               = cu.ModuleLoadData
	_ func(cu.Module, string) cu.Function                                  = cu.ModuleGetFunction
	_ func(cu.Module, string) cu.Function                                  = cu.Module.GetFunction
	_ func(cu.FunctionAttribute, cu.Function) int                          = cu.FuncGetAttribute
	_ func(cu.Function, cu.FunctionAttribute) int                          = cu.Function.GetAttribute
	_ func(int64) cu.DevicePtr                                             = cu.MemAlloc
	_ func(cu.DevicePtr)                                                   = cu.MemFree
	_ func(cu.DevicePtr)                                                   = cu.DevicePtr.Free
	_ func(int64) unsafe.Pointer                                           = cu.MemAllocHost
	_ func(unsafe.Pointer)                                                 = cu.MemFreeHost
	_ func() (free, total int64)                                           = cu.MemGetInfo
	_ func(cu.DevicePtr) (int64, cu.DevicePtr)                             = cu.MemGetAddressRange
	_ func(cu.DevicePtr) (int64, cu.DevicePtr)                             = cu.DevicePtr.GetAddressRange
	_ func(cu.DevicePtr) int64                                             = cu.DevicePtr.Bytes
	_ func(cu.DevicePtr) string                                            = cu.DevicePtr.String
	_ func(cu.DevicePtr) (cu.MemoryType, cu.Result)                        = cu.PointerGetAttributeMemoryType
	_ func(cu.DevicePtr) cu.MemoryType                                     = cu.DevicePtr.MemoryType
	_ func(cu.MemoryType) string                                           = cu.MemoryType.String
	_ func(dst, src cu.DevicePtr, bytes int64)                             = cu.Memcpy
	_ func(dst, src cu.DevicePtr, bytes int64)                             = cu.MemcpyDtoD
	_ func(dst, src cu.DevicePtr, bytes int64, stream cu.Stream)           = cu.MemcpyAsync
	_ func(dst, src cu.DevicePtr, bytes int64, stream cu.Stream)           = cu.MemcpyDtoDAsync
	_ func(dst unsafe.Pointer, src cu.DevicePtr, bytes int64)              = cu.MemcpyDtoH
	_ func(dst unsafe.Pointer, src cu.DevicePtr, bytes int64, s cu.Stream) = cu.MemcpyDtoHAsync
	_ func(dst cu.DevicePtr, src unsafe.Pointer, bytes int64)              = cu.MemcpyHtoD
	_ func(dst cu.DevicePtr, src unsafe.Pointer, bytes int64, s cu.Stream) = cu.MemcpyHtoDAsync
	_ func(cu.DevicePtr, cu.Context, cu.DevicePtr, cu.Context, int64)      = cu.MemcpyPeer
	_ func(cu.DevicePtr, uint8, int64)                                     = cu.MemsetD8
	_ func(cu.DevicePtr, uint8, int64, cu.Stream)                          = cu.MemsetD8Async
	_ func(cu.DevicePtr, uint32, int64)                                    = cu.MemsetD32
	_ func(cu.DevicePtr, uint32, int64, cu.Stream)                         = cu.MemsetD32Async
	_ func() cu.Stream                                                     = cu.StreamCreate
	_ func(*cu.Stream)                                                     = cu.StreamDestroy
	_ func(*cu.Stream)                                                     = (*cu.Stream).Destroy
	_ func(cu.Stream)                                                      = cu.StreamSynchronize
	_ func(cu.Stream)                                                      = cu.Stream.Synchronize
	_ func(cu.Stream) cu.Result                                            = cu.StreamQuery
	_ func(cu.Stream) cu.Result                                            = cu.Stream.Query
	_ func(cu.Result) string                                               = cu.Result.String

	_ func(cu.DevicePtr, cu.Context, cu.DevicePtr, cu.Context, int64, cu.Stream) = cu.MemcpyPeerAsync

	_ func(f cu.Function, gx, gy, gz, bx, by, bz, shared int, stream cu.Stream, params []unsafe.Pointer) = cu.LaunchKernel
)

// The kinds of the types: programs convert them.
var (
	_ = int(cu.Device(0)) + int(cu.DeviceAttribute(0)) + int(cu.FunctionAttribute(0)) + int(cu.Result(0))
	_ = uintptr(cu.Context(0)) + uintptr(cu.Module(0)) + uintptr(cu.Function(0)) + uintptr(cu.DevicePtr(0)) + uintptr(cu.Stream(0))
	_ = cu.Dim3{X: 1, Y: 1, Z: 1}
	_ = cu.DevProp{MaxThreadsPerBlock: 1, MaxThreadsDim: [3]int{}, MaxGridSize: [3]int{}, SharedMemPerBlock: 1,
		TotalConstantMemory: 1, SIMDWidth: 1, MemPitch: 1, RegsPerBlock: 1, ClockRate: 1, TextureAlign: 1}
)

// Constants that programs use, with their types; the values are CUDA's.
const (
	_ uint                   = cu.CTX_SCHED_AUTO | cu.CTX_SCHED_SPIN | cu.CTX_SCHED_YIELD | cu.CTX_BLOCKING_SYNC | cu.CTX_MAP_HOST | cu.CTX_LMEM_RESIZE_TO_MAX
	_ cu.FunctionAttribute   = cu.FUNC_A_MAX_THREADS_PER_BLOCK + cu.FUNC_A_SHARED_SIZE_BYTES + cu.FUNC_A_CONST_SIZE_BYTES + cu.FUNC_A_LOCAL_SIZE_BYTES + cu.FUNC_A_NUM_REGS + cu.FUNC_A_PTX_VERSION + cu.FUNC_A_BINARY_VERSION
	_ cu.MemHostRegisterFlag = cu.MEMHOSTREGISTER_PORTABLE | cu.MEMHOSTREGISTER_DEVICEMAP
	_ int                    = cu.SIZEOF_FLOAT32 + cu.SIZEOF_FLOAT64 + cu.SIZEOF_COMPLEX64 + cu.SIZEOF_COMPLEX128
	_ cu.MemoryType          = cu.MemoryTypeHost + cu.MemoryTypeDevice + cu.MemoryTypeArray + cu.MemoryTypeUnified
	_ cu.DeviceAttribute     = cu.KERNEL_EXEC_TIMEOUT + cu.MAXIMUM_TEXTURE2D_LAYERED_LAYERS + cu.COMPUTE_CAPABILITY_MINOR
	_ cu.Result              = cu.ERROR_UNKNOWN + cu.ERROR_ASSERT + cu.ERROR_LAUNCH_INCOMPATIBLE_TEXTURING
)
