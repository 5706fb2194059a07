package tensorboard

import (
	"math"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// An Event is what a run has to show at one step. The messages of TensorBoard
// are written field by field, in the order of their numbers: those numbers are
// in event.proto, summary.proto and tensor.proto of TensorBoard.
type Event struct {
	Time    time.Time
	Step    int64
	summary []byte
}

// Numbers of fields.
const (
	eventTime, eventStep, eventVersion, eventSummary, eventSession = 1, 2, 3, 5, 7

	summaryValue = 1

	valueTag, valueScalar, valueImage, valueHistogram, valueTensor, valueMetadata = 1, 2, 4, 5, 8, 9

	imageHeight, imageWidth, imageColors, imageFile = 1, 2, 3, 4

	histogramMin, histogramMax, histogramCount, histogramSum, histogramSquares, histogramLimits, histogramBuckets = 1, 2, 3, 4, 5, 6, 7

	tensorType, tensorShape, tensorText = 1, 2, 8
)

// Scalar adds a number, which TensorBoard keeps in float32.
func (e *Event) Scalar(tag string, v float64) {
	b := text(nil, valueTag, tag)
	b = protowire.AppendTag(b, valueScalar, protowire.Fixed32Type)
	e.add(protowire.AppendFixed32(b, math.Float32bits(float32(v))))
}

// Histogram adds the distribution of values.
func (e *Event) Histogram(tag string, values []float64) {
	e.add(message(text(nil, valueTag, tag), valueHistogram, newHistogram(values).encode()))
}

// PNG adds a picture in colour of w by h pixels, as a PNG file.
func (e *Event) PNG(tag string, w, h int, file []byte) {
	const rgb = 3
	b := integer(nil, imageHeight, h)
	b = integer(b, imageWidth, w)
	b = integer(b, imageColors, rgb)
	b = message(b, imageFile, file)
	e.add(message(text(nil, valueTag, tag), valueImage, b))
}

// Text adds a text in Markdown.
func (e *Event) Text(tag, markdown string) {
	const (
		stringType          = 7
		shapeDim, dimSize   = 2, 1
		pluginData, pluginN = 1, 1
		dataClass, isTensor = 4, 2
	)
	b := integer(nil, tensorType, stringType)
	b = message(b, tensorShape, message(nil, shapeDim, integer(nil, dimSize, 1)))
	b = text(b, tensorText, markdown)
	metadata := message(nil, pluginData, text(nil, pluginN, "text"))
	metadata = integer(metadata, dataClass, isTensor)
	e.add(message(message(text(nil, valueTag, tag), valueTensor, b), valueMetadata, metadata))
}

func (e *Event) add(value []byte) { e.summary = message(e.summary, summaryValue, value) }

// encode is e as a message.
func (e *Event) encode() []byte {
	b := header(e.Time, e.Step)
	if len(e.summary) > 0 {
		b = message(b, eventSummary, e.summary)
	}
	return b
}

// header begins an event.
func header(at time.Time, step int64) []byte {
	b := double(nil, eventTime, float64(at.UnixMicro())/1e6)
	if step != 0 {
		b = integer(b, eventStep, step)
	}
	return b
}

// version is the event that begins a file.
func version(at time.Time) []byte { return text(header(at, 0), eventVersion, "brain.Event:2") }

// restart is the event that makes the ones of earlier files void, from a step
// on.
func restart(at time.Time, step int64) []byte {
	const status, start = 1, 1
	return message(header(at, step), eventSession, integer(nil, status, start))
}

func double(b []byte, field protowire.Number, v float64) []byte {
	return protowire.AppendFixed64(protowire.AppendTag(b, field, protowire.Fixed64Type), math.Float64bits(v))
}

// doubles is a packed list.
func doubles(b []byte, field protowire.Number, list []float64) []byte {
	var packed []byte
	for _, v := range list {
		packed = protowire.AppendFixed64(packed, math.Float64bits(v))
	}
	return message(b, field, packed)
}

func integer[T int | int64](b []byte, field protowire.Number, v T) []byte {
	return protowire.AppendVarint(protowire.AppendTag(b, field, protowire.VarintType), uint64(v))
}

func text(b []byte, field protowire.Number, s string) []byte {
	return protowire.AppendString(protowire.AppendTag(b, field, protowire.BytesType), s)
}

func message(b []byte, field protowire.Number, m []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(b, field, protowire.BytesType), m)
}
