package cu

import (
	"runtime"
	"sync"
)

// maxParams is the largest size in bytes of a kernel's arguments.
const maxParams = 32764

// A block is the memory of one call: the arguments of the driver's function,
// and for a launch the arguments of the kernel. Blocks are reused, so that
// calls do not allocate, and pinned, because the driver sees pointers in them.
type block struct {
	args   [11]uintptr
	extra  launchExtra
	config launchConfig
	attrs  [3]launchAttribute
	size   uintptr // of what is used of params
	params [maxParams]byte
	pin    runtime.Pinner
}

// A launchExtra is the way to pass packed arguments: a list of keys, with a
// value after each.
type launchExtra struct {
	pointerKey uintptr
	pointer    *byte
	sizeKey    uintptr
	size       *uintptr
	end        uintptr
}

var blocks struct {
	sync.Mutex
	free []*block
}

// getBlock returns an unused block; putBlock must follow.
func getBlock() *block {
	blocks.Lock()
	defer blocks.Unlock()
	if n := len(blocks.free); n > 0 {
		b := blocks.free[n-1]
		blocks.free = blocks.free[:n-1]
		return b
	}
	b := new(block)
	b.pin.Pin(b)
	b.extra = launchExtra{1, &b.params[0], 2, &b.size, 0}
	return b
}

func putBlock(b *block) {
	blocks.Lock()
	blocks.free = append(blocks.free, b)
	blocks.Unlock()
}

// pack copies the packed arguments of a kernel into b and returns what to pass
// to the driver for them, nil if there are none.
func (b *block) pack(args []byte) *launchExtra {
	if len(args) == 0 {
		return nil
	}
	b.size = uintptr(copy(b.params[:], args))
	return &b.extra
}

// launch calls cuLaunchKernel. params and extra are pointers.
//
//go:uintptrescapes
func (b *block) launch(f Function, grid, block Dim3, shared int, stream Stream, params, extra uintptr) Result {
	address, r := procLaunchKernel.find()
	if r != SUCCESS {
		return r
	}
	b.args = [11]uintptr{uintptr(f), uintptr(grid.X), uintptr(grid.Y), uintptr(grid.Z),
		uintptr(block.X), uintptr(block.Y), uintptr(block.Z), uintptr(shared), uintptr(stream), params, extra}
	return Result(int32(syscallN(address, b.args[:]...)))
}
