package cu

import (
	"fmt"
	"unsafe"
)

// A GraphExec is a graph that can be launched.
type GraphExec uintptr

// An InstantiateFlag is an option of [Graph.Instantiate]; options are added.
type InstantiateFlag uint

// The options of [Graph.Instantiate].
const (
	INSTANTIATE_DEFAULT             InstantiateFlag = 0
	INSTANTIATE_AUTO_FREE_ON_LAUNCH InstantiateFlag = 1 // free what the launch before allocated
	INSTANTIATE_USE_NODE_PRIORITY   InstantiateFlag = 8 // the priorities of the streams, not of the launch
)

var (
	procGraphInstantiate   = want("cuGraphInstantiateWithFlags")
	procGraphUpload        = want("cuGraphUpload")
	procGraphLaunch        = want("cuGraphLaunch")
	procGraphExecUpdate    = want("cuGraphExecUpdate_v2")
	procGraphExecSetKernel = want("cuGraphExecKernelNodeSetParams_v2")
	procGraphExecDestroy   = want("cuGraphExecDestroy")
)

// Instantiate returns an executable copy of the graph. It needs CUDA 11.4.
func (g Graph) Instantiate(flags InstantiateFlag) (GraphExec, error) {
	var x GraphExec
	err := procGraphInstantiate.call(uintptr(unsafe.Pointer(&x)), uintptr(g), uintptr(flags))
	return x, err
}

// Upload brings the graph to the device, so that the first launch is as fast
// as the others.
func (x GraphExec) Upload(stream Stream) error {
	return procGraphUpload.call(uintptr(x), uintptr(stream))
}

// Launch puts the work of the graph into a stream.
func (x GraphExec) Launch(stream Stream) error {
	return procGraphLaunch.err(procGraphLaunch.fast(uintptr(x), uintptr(stream), 0, 0, 0))
}

// Update gives the nodes of x the numbers and pointers of g, which must have
// the same nodes. Launches ahead are not changed. It needs CUDA 12.
func (x GraphExec) Update(g Graph) error {
	var info struct {
		result     int32
		node, from GraphNode
	}
	err := procGraphExecUpdate.call(uintptr(x), uintptr(g), uintptr(unsafe.Pointer(&info)))
	reasons := []string{2: "the topology differs", 3: "the type of a node differs", 4: "the function of a node differs",
		5: "the parameters of a node cannot be changed", 6: "a node cannot be updated",
		7: "the function of a node cannot be changed", 8: "the attributes of a node cannot be changed"}
	if r := int(info.result); err != nil && r < len(reasons) && r >= 0 && reasons[r] != "" {
		return fmt.Errorf("%w (%s)", err, reasons[r])
	}
	return err
}

// SetKernel changes how node, of the graph that x was made from, launches its
// kernel in x; args are packed as for [Function.Launch]. Launches ahead are
// not changed. It needs CUDA 12.
func (x GraphExec) SetKernel(node GraphNode, k KernelNode, args []byte) error {
	if len(args) > maxParams {
		return &Error{procGraphExecSetKernel.name, ERROR_INVALID_VALUE}
	}
	b := getBlock()
	p := kernelNodeParams{function: k.Function, grid: k.Grid.words(), block: k.Block.words(),
		shared: uint32(k.SharedMemBytes), extra: unsafe.Pointer(b.pack(args))} // b is pinned
	err := procGraphExecSetKernel.call(uintptr(x), uintptr(node), uintptr(unsafe.Pointer(&p)))
	putBlock(b)
	return err
}

// Destroy destroys the executable graph and sets it to 0.
func (x *GraphExec) Destroy() error {
	err := procGraphExecDestroy.call(uintptr(*x))
	*x = 0
	return err
}
