package cu

// A DeviceAttribute is a property of a device that is an integer.
type DeviceAttribute int

// The attributes of a device; sizes are in bytes and clock rates in kHz.
const (
	MAX_THREADS_PER_BLOCK                DeviceAttribute = 1
	MAX_BLOCK_DIM_X                      DeviceAttribute = 2
	MAX_BLOCK_DIM_Y                      DeviceAttribute = 3
	MAX_BLOCK_DIM_Z                      DeviceAttribute = 4
	MAX_GRID_DIM_X                       DeviceAttribute = 5
	MAX_GRID_DIM_Y                       DeviceAttribute = 6
	MAX_GRID_DIM_Z                       DeviceAttribute = 7
	MAX_SHARED_MEMORY_PER_BLOCK          DeviceAttribute = 8
	TOTAL_CONSTANT_MEMORY                DeviceAttribute = 9
	WARP_SIZE                            DeviceAttribute = 10
	MAX_PITCH                            DeviceAttribute = 11
	MAX_REGISTERS_PER_BLOCK              DeviceAttribute = 12
	CLOCK_RATE                           DeviceAttribute = 13
	TEXTURE_ALIGNMENT                    DeviceAttribute = 14
	MULTIPROCESSOR_COUNT                 DeviceAttribute = 16
	KERNEL_EXEC_TIMEOUT                  DeviceAttribute = 17
	INTEGRATED                           DeviceAttribute = 18
	CAN_MAP_HOST_MEMORY                  DeviceAttribute = 19
	COMPUTE_MODE                         DeviceAttribute = 20
	MAXIMUM_TEXTURE1D_WIDTH              DeviceAttribute = 21
	MAXIMUM_TEXTURE2D_WIDTH              DeviceAttribute = 22
	MAXIMUM_TEXTURE2D_HEIGHT             DeviceAttribute = 23
	MAXIMUM_TEXTURE3D_WIDTH              DeviceAttribute = 24
	MAXIMUM_TEXTURE3D_HEIGHT             DeviceAttribute = 25
	MAXIMUM_TEXTURE3D_DEPTH              DeviceAttribute = 26
	MAXIMUM_TEXTURE2D_LAYERED_WIDTH      DeviceAttribute = 27
	MAXIMUM_TEXTURE2D_LAYERED_HEIGHT     DeviceAttribute = 28
	MAXIMUM_TEXTURE2D_LAYERED_LAYERS     DeviceAttribute = 29
	SURFACE_ALIGNMENT                    DeviceAttribute = 30
	CONCURRENT_KERNELS                   DeviceAttribute = 31
	ECC_ENABLED                          DeviceAttribute = 32
	PCI_BUS_ID                           DeviceAttribute = 33
	PCI_DEVICE_ID                        DeviceAttribute = 34
	TCC_DRIVER                           DeviceAttribute = 35
	MEMORY_CLOCK_RATE                    DeviceAttribute = 36
	GLOBAL_MEMORY_BUS_WIDTH              DeviceAttribute = 37
	L2_CACHE_SIZE                        DeviceAttribute = 38
	MAX_THREADS_PER_MULTIPROCESSOR       DeviceAttribute = 39
	ASYNC_ENGINE_COUNT                   DeviceAttribute = 40
	UNIFIED_ADDRESSING                   DeviceAttribute = 41
	MAXIMUM_TEXTURE1D_LAYERED_WIDTH      DeviceAttribute = 42
	MAXIMUM_TEXTURE1D_LAYERED_LAYERS     DeviceAttribute = 43
	COMPUTE_CAPABILITY_MAJOR             DeviceAttribute = 75
	COMPUTE_CAPABILITY_MINOR             DeviceAttribute = 76
	STREAM_PRIORITIES_SUPPORTED          DeviceAttribute = 78
	MAX_SHARED_MEMORY_PER_MULTIPROCESSOR DeviceAttribute = 81
	MAX_REGISTERS_PER_MULTIPROCESSOR     DeviceAttribute = 82
	COOPERATIVE_LAUNCH                   DeviceAttribute = 95
	MAX_SHARED_MEMORY_PER_BLOCK_OPTIN    DeviceAttribute = 97 // with FUNC_A_MAX_DYNAMIC_SHARED_SIZE_BYTES
	MAX_BLOCKS_PER_MULTIPROCESSOR        DeviceAttribute = 106
	MAX_PERSISTING_L2_CACHE_SIZE         DeviceAttribute = 108
	MEMORY_POOLS_SUPPORTED               DeviceAttribute = 115 // for MemAllocAsync
	CLUSTER_LAUNCH                       DeviceAttribute = 120
	TENSOR_MAP_ACCESS_SUPPORTED          DeviceAttribute = 127
)
