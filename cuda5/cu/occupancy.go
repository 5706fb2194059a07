package cu

import "unsafe"

var (
	procMaxActiveBlocks       = want("cuOccupancyMaxActiveBlocksPerMultiprocessorWithFlags")
	procMaxPotentialBlockSize = want("cuOccupancyMaxPotentialBlockSize")
	procMaxActiveClusters     = want("cuOccupancyMaxActiveClusters")
)

// MaxActiveBlocks returns how many blocks of blockSize threads, with so many
// bytes of dynamic shared memory each, run on a multiprocessor at a time.
func (f Function) MaxActiveBlocks(blockSize, sharedMemBytes int) (int, error) {
	var n int32
	err := procMaxActiveBlocks.call(uintptr(unsafe.Pointer(&n)), uintptr(f), uintptr(blockSize), uintptr(sharedMemBytes), 0)
	return int(n), err
}

// MaxPotentialBlockSize returns the number of threads of a block with which
// the kernel keeps the device busiest, at most limit if that is not 0, and the
// smallest grid that does.
func (f Function) MaxPotentialBlockSize(sharedMemBytes, limit int) (grid, block int, err error) {
	var g, b int32
	err = procMaxPotentialBlockSize.call(uintptr(unsafe.Pointer(&g)), uintptr(unsafe.Pointer(&b)), uintptr(f), 0,
		uintptr(sharedMemBytes), uintptr(limit))
	return int(g), int(b), err
}

// MaxActiveClusters returns how many clusters of a launch run on the device at
// a time.
func (f Function) MaxActiveClusters(c LaunchConfig) (int, error) {
	var n int32
	b := getBlock()
	err := procMaxActiveClusters.call(uintptr(unsafe.Pointer(&n)), uintptr(f), uintptr(unsafe.Pointer(b.configure(c))))
	putBlock(b)
	return int(n), err
}
