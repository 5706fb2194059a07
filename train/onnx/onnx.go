// Package onnx writes models as ONNX files.
//
// A model is not described a second time: a forward pass is traced, and each
// of its operations becomes one or two nodes. So a layer of one's own is
// written too, if it is made of operations of an autograd.Tape.
//
// The input of the graph is "input" [batch, c, h, w], the output "logits"
// [batch, classes], both float32; the size of the batch is free. Tensors have
// their names in a state_dict, and its layout.
package onnx

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"lbsam/autograd"
	"lbsam/kernels"
	"lbsam/nn"
	"lbsam/tensor"
)

// The version of the format and of its operations: those of 2022, which all
// that is in use reads.
const (
	irVersion    = 8
	opsetNumber  = 17
	producerName = "lbsam"
)

// A File is what Write writes.
type File struct {
	Model *nn.Model

	// Fold folds each batch normalisation that a convolution alone feeds into
	// it.
	Fold bool

	// Mean and Std, one number per channel, make the graph normalise: its input
	// is pixels from 0 to 1, as torchvision's ToTensor has them. With none the
	// input is (pixel - mean)/std already.
	Mean, Std []float64

	Version  string            // of the program
	Metadata map[string]string // what else to say about the model
}

// Write writes f, and returns what its model has that cannot be written: an
// operation without a counterpart.
func (f File) Write(w io.Writer) error {
	g := newGraph(f.Model)
	if err := f.write(g); err != nil {
		return fmt.Errorf("onnx: %s: %w", f.Model.Name, err)
	}
	// The graph, most of the file, is not copied once more into the message
	// around it.
	var head, tail, opset message
	head.int(modelIRVersion, irVersion)
	head.text(modelProducer, producerName)
	head.text(modelProducerVersion, f.Version)
	head = protowire.AppendTag(head, modelGraph, protowire.BytesType)
	head = protowire.AppendVarint(head, uint64(len(g.message)))
	opset.int(opsetVersion, opsetNumber)
	tail.message(modelOpsets, opset)
	for _, key := range slices.Sorted(maps.Keys(f.Metadata)) {
		var p message
		p.text(propertyKey, key)
		p.text(propertyValue, f.Metadata[key])
		tail.message(modelMetadata, p)
	}
	for _, part := range []message{head, g.message, tail} {
		if _, err := w.Write(part); err != nil {
			return fmt.Errorf("onnx: %w", err)
		}
	}
	return nil
}

// write fills g.
func (f File) write(g *graph) error {
	h, w, c := f.Model.Input[0], f.Model.Input[1], f.Model.Input[2]
	g.text(graphName, cmp.Or(f.Model.Name, "model"))
	g.message.message(graphInput, floatValue("input", 0, c, h, w))
	g.message.message(graphOutput, floatValue("logits", 0, f.Model.Classes))

	arena := kernels.NewArena(f.Model.Params()[0].Device())
	defer arena.Reset()
	tape, x := autograd.NewTape(arena), autograd.Input(tensor.Temp(arena, 1, h, w, c))
	x.Value.Zero()
	var logits *autograd.Var
	ops := tape.Trace(func() { logits = f.Model.Forward(tape, x, nn.Mode{}) })
	g.values[x] = f.normalise(g, c)
	if f.Fold {
		g.findFoldable(ops)
	}
	for _, o := range ops {
		if err := g.operation(o); err != nil {
			return fmt.Errorf("operation %s: %w", o.Name, err)
		}
	}
	last, err := g.value(logits)
	if err != nil {
		return err
	}
	g.add("logits", "Identity", []string{last})
	return nil
}

// normalise adds the normalisation of the input, if there is one, and returns
// the name of what the model sees.
func (f File) normalise(g *graph, c int) string {
	if f.Mean == nil {
		return "input"
	}
	if len(f.Mean) != c || len(f.Std) != c {
		panic(fmt.Sprintf("onnx: mean %v and std %v for %d channels", f.Mean, f.Std, c))
	}
	// As an image [n, h, w, c], which becomes [n, c, h, w].
	perChannel := func(name string, values []float64) string {
		return g.floats(name, []int{1, 1, 1, c}, func() []float64 { return values })
	}
	centred := g.node("normalisation.centred", "Sub", []string{"input", perChannel("normalisation.mean", f.Mean)})
	return g.node("normalisation", "Div", []string{centred, perChannel("normalisation.std", f.Std)})
}
