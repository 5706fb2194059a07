package onnx

import (
	"encoding/binary"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// The numbers of the fields of onnx.proto, and of its types, that are written.
const (
	modelIRVersion, modelProducer, modelProducerVersion = 1, 2, 3
	modelGraph, modelOpsets, modelMetadata              = 7, 8, 14
	opsetVersion                                        = 2
	propertyKey, propertyValue                          = 1, 2

	graphNode, graphName, graphInitializer, graphInput, graphOutput = 1, 2, 5, 11, 12

	nodeInput, nodeOutput, nodeName, nodeType, nodeAttribute = 1, 2, 3, 4, 5

	attributeName, attributeFloat, attributeInt, attributeInts, attributeType = 1, 2, 3, 8, 20
	isFloat, isInt, isInts                                                    = 1, 2, 7

	tensorDims, tensorType, tensorName, tensorRaw = 1, 2, 8, 9
	float32Type, int64Type                        = 1, 7

	valueName, valueType, typeTensor           = 1, 2, 1
	tensorTypeElements, tensorTypeShape        = 1, 2
	shapeDimension, dimensionSize, dimensionBy = 1, 1, 2
)

// A message is a protocol buffer under way.
type message []byte

func (m *message) int(field protowire.Number, v int64) {
	*m = protowire.AppendTag(*m, field, protowire.VarintType)
	*m = protowire.AppendVarint(*m, uint64(v))
}

func (m *message) float(field protowire.Number, v float32) {
	*m = protowire.AppendTag(*m, field, protowire.Fixed32Type)
	*m = protowire.AppendFixed32(*m, math.Float32bits(v))
}

func (m *message) text(field protowire.Number, v string) {
	*m = protowire.AppendTag(*m, field, protowire.BytesType)
	*m = protowire.AppendString(*m, v)
}

func (m *message) message(field protowire.Number, v message) {
	*m = protowire.AppendTag(*m, field, protowire.BytesType)
	*m = protowire.AppendBytes(*m, v)
}

// attribute begins a named setting of a node.
func attribute(name string, kind int64) message {
	var a message
	a.text(attributeName, name)
	a.int(attributeType, kind)
	return a
}

func floatOf(name string, v float64) message {
	a := attribute(name, isFloat)
	a.float(attributeFloat, float32(v))
	return a
}

func intOf(name string, v int) message {
	a := attribute(name, isInt)
	a.int(attributeInt, int64(v))
	return a
}

func intsOf(name string, list ...int) message {
	a := attribute(name, isInts)
	for _, v := range list {
		a.int(attributeInts, int64(v))
	}
	return a
}

// floatTensor is a tensor of float32, to which values are rounded.
func floatTensor(name string, shape []int, values []float64) message {
	raw := make([]byte, 0, 4*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(v)))
	}
	return tensorOf(name, float32Type, shape, raw)
}

// intTensor is a vector of int64.
func intTensor(name string, values []int) message {
	raw := make([]byte, 0, 8*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	return tensorOf(name, int64Type, []int{len(values)}, raw)
}

func tensorOf(name string, kind int64, shape []int, raw []byte) message {
	var m message
	for _, s := range shape {
		m.int(tensorDims, int64(s))
	}
	m.int(tensorType, kind)
	m.text(tensorName, name)
	m.message(tensorRaw, raw)
	return m
}

// floatValue describes an input or output of the graph: float32 of the given
// shape, the first dimension of which is free.
func floatValue(name string, shape ...int) message {
	var dims, kind, outer, value message
	for i, s := range shape {
		var d message
		if i == 0 {
			d.text(dimensionBy, "batch")
		} else {
			d.int(dimensionSize, int64(s))
		}
		dims.message(shapeDimension, d)
	}
	kind.int(tensorTypeElements, float32Type)
	kind.message(tensorTypeShape, dims)
	outer.message(typeTensor, kind)
	value.text(valueName, name)
	value.message(valueType, outer)
	return value
}
