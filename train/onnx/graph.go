package onnx

import (
	"fmt"
	"strings"

	"lbsam/autograd"
	"lbsam/nn"
	"lbsam/tensor"
	"lbsam/train/checkpoint"
)

// A graph is the graph of a model under way: its message, and the names that
// what is computed and what is kept have in it.
type graph struct {
	message
	values  map[*autograd.Var]string      // results of operations, and the input
	params  map[*autograd.Var]string      // parameters, as state_dict names them
	buffers map[*tensor.Tensor]string     // running statistics
	fold    map[*autograd.Var]autograd.Op // convolutions that wait for their batch normalisation, by their results
	written map[string]bool               // tensors
	nodes   map[string]int                // how often a name was given
}

func newGraph(m *nn.Model) *graph {
	g := &graph{
		values: map[*autograd.Var]string{}, params: map[*autograd.Var]string{}, buffers: map[*tensor.Tensor]string{},
		fold: map[*autograd.Var]autograd.Op{}, written: map[string]bool{}, nodes: map[string]int{},
	}
	for _, p := range m.Params() {
		g.params[p.Var], g.nodes[p.Name] = p.Name, 1 // a node must have another name
	}
	for _, b := range m.Buffers() {
		g.buffers[b.Value], g.nodes[b.Name] = b.Name, 1
	}
	g.nodes["input"], g.nodes["logits"] = 1, 1
	return g
}

// node adds a node with one output, names both after the layer and returns the
// name.
func (g *graph) node(layer, kind string, in []string, attributes ...message) string {
	name := g.unique(layer)
	g.add(name, kind, in, attributes...)
	return name
}

// unique makes a name that no other node has.
func (g *graph) unique(name string) string {
	if g.nodes[name]++; g.nodes[name] > 1 {
		return fmt.Sprintf("%s#%d", name, g.nodes[name])
	}
	return name
}

// add adds a node of that name.
func (g *graph) add(name, kind string, in []string, attributes ...message) {
	var n message
	for _, s := range in {
		n.text(nodeInput, s)
	}
	n.text(nodeOutput, name)
	n.text(nodeName, name)
	n.text(nodeType, kind)
	for _, a := range attributes {
		n.message(nodeAttribute, a)
	}
	g.message.message(graphNode, n)
}

// floats adds a tensor, given in the layout of the devices, under a name that
// it alone has, unless it is there, and returns the name.
func (g *graph) floats(name string, shape []int, values func() []float64) string {
	if !g.written[name] {
		g.written[name] = true
		shape, values := checkpoint.ToTorch(shape, values())
		g.message.message(graphInitializer, floatTensor(name, shape, values))
	}
	return name
}

// ints is floats for a vector of int64.
func (g *graph) ints(name string, values ...int) string {
	if !g.written[name] {
		g.written[name] = true
		g.message.message(graphInitializer, intTensor(name, values))
	}
	return name
}

// param adds a parameter.
func (g *graph) param(v *autograd.Var) (string, error) {
	name, ok := g.params[v]
	if !ok {
		return "", fmt.Errorf("found an operand %v that is no parameter of the model", v.Shape())
	}
	return g.floats(name, v.Shape(), v.Value.Floats), nil
}

// buffer adds running statistics.
func (g *graph) buffer(t *tensor.Tensor) (string, error) {
	name, ok := g.buffers[t]
	if !ok {
		return "", fmt.Errorf("found running statistics that are no buffer of the model")
	}
	return g.floats(name, t.Shape, t.Floats), nil
}

// value is the name of a result, or of the input.
func (g *graph) value(v *autograd.Var) (string, error) {
	name, ok := g.values[v]
	if !ok {
		return "", fmt.Errorf("found an operand %v that is neither the input nor a result: a layer computes it without a Tape", v.Shape())
	}
	return name, nil
}

// layer is the name of the layer that has the parameter, that of the operation
// where the model itself has it.
func (g *graph) layer(v *autograd.Var, operation string) string {
	name := g.params[v]
	if dot := strings.LastIndexByte(name, '.'); dot > 0 {
		return name[:dot]
	}
	return operation
}
