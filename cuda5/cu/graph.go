package cu

import "unsafe"

// A Graph is work that was captured, and what depends on what.
type Graph uintptr

// A GraphNode is a piece of the work of a graph.
type GraphNode uintptr

// A NodeType is the kind of a node.
type NodeType int

// The kinds of nodes.
const (
	NODE_KERNEL       NodeType = 0
	NODE_MEMCPY       NodeType = 1
	NODE_MEMSET       NodeType = 2
	NODE_HOST         NodeType = 3
	NODE_GRAPH        NodeType = 4
	NODE_EMPTY        NodeType = 5
	NODE_WAIT_EVENT   NodeType = 6
	NODE_EVENT_RECORD NodeType = 7
	NODE_MEM_ALLOC    NodeType = 10
	NODE_MEM_FREE     NodeType = 11
)

var (
	procGraphGetNodes            = want("cuGraphGetNodes")
	procGraphNodeGetType         = want("cuGraphNodeGetType")
	procGraphKernelNodeGetParams = want("cuGraphKernelNodeGetParams_v2")
	procGraphDebugDotPrint       = want("cuGraphDebugDotPrint")
	procGraphDestroy             = want("cuGraphDestroy")
)

// Nodes returns the nodes of the graph.
func (g Graph) Nodes() ([]GraphNode, error) {
	var n uintptr
	err := procGraphGetNodes.call(uintptr(g), 0, uintptr(unsafe.Pointer(&n)))
	if err != nil || n == 0 {
		return nil, err
	}
	nodes := make([]GraphNode, n)
	err = procGraphGetNodes.call(uintptr(g), uintptr(unsafe.Pointer(&nodes[0])), uintptr(unsafe.Pointer(&n)))
	return nodes[:min(int(n), len(nodes))], err
}

// Type returns the kind of the node.
func (n GraphNode) Type() (NodeType, error) {
	var t int32
	err := procGraphNodeGetType.call(uintptr(n), uintptr(unsafe.Pointer(&t)))
	return NodeType(t), err
}

// A KernelNode is how a node launches its kernel.
type KernelNode struct {
	Function       Function
	Grid, Block    Dim3
	SharedMemBytes int
}

// kernelNodeParams is a KernelNode as the driver knows it, in version 2.
type kernelNodeParams struct {
	function      Function
	grid, block   [3]uint32
	shared        uint32
	params, extra unsafe.Pointer
	kernel        uintptr
	context       Context
}

// Kernel returns how the node launches its kernel. It needs CUDA 12.
func (n GraphNode) Kernel() (KernelNode, error) {
	var p kernelNodeParams
	err := procGraphKernelNodeGetParams.call(uintptr(n), uintptr(unsafe.Pointer(&p)))
	dim := func(w [3]uint32) Dim3 { return Dim3{int(w[0]), int(w[1]), int(w[2])} }
	return KernelNode{p.function, dim(p.grid), dim(p.block), int(p.shared)}, err
}

// DebugDot writes the graph to a file in the language of Graphviz, with all
// that the driver knows if verbose.
func (g Graph) DebugDot(path string, verbose bool) error {
	var flags uintptr
	if verbose {
		flags = 1
	}
	return procGraphDebugDotPrint.call(uintptr(g), uintptr(unsafe.Pointer(cstring(path))), flags)
}

// Destroy destroys the graph and sets it to 0. Executable graphs made from it
// stay.
func (g *Graph) Destroy() error {
	err := procGraphDestroy.call(uintptr(*g))
	*g = 0
	return err
}
