package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// A field of a message: bytes, or a number.
type field struct {
	bytes  []byte
	number uint64
}

// fields splits a message.
func fields(t *testing.T, m []byte) map[protowire.Number][]field {
	t.Helper()
	all := map[protowire.Number][]field{}
	for len(m) > 0 {
		number, kind, n := protowire.ConsumeTag(m)
		if n < 0 {
			t.Fatalf("no protocol buffer: %v", protowire.ParseError(n))
		}
		m = m[n:]
		var f field
		switch kind {
		case protowire.VarintType:
			f.number, n = protowire.ConsumeVarint(m)
		case protowire.Fixed32Type:
			var v uint32
			v, n = protowire.ConsumeFixed32(m)
			f.number = uint64(v)
		case protowire.BytesType:
			f.bytes, n = protowire.ConsumeBytes(m)
		default:
			t.Fatalf("field %d has type %d", number, kind)
		}
		if n < 0 {
			t.Fatalf("field %d: %v", number, protowire.ParseError(n))
		}
		m = m[n:]
		all[number] = append(all[number], f)
	}
	return all
}

// described is an input or output of the graph, as "name [batch 3 8 8]".
func described(t *testing.T, value []byte) string {
	v := fields(t, value)
	shape := fields(t, fields(t, fields(t, v[valueType][0].bytes)[typeTensor][0].bytes)[tensorTypeShape][0].bytes)
	var dims []string
	for _, d := range shape[shapeDimension] {
		m := fields(t, d.bytes)
		if by := m[dimensionBy]; len(by) > 0 {
			dims = append(dims, string(by[0].bytes))
		} else {
			dims = append(dims, fmt.Sprint(m[dimensionSize][0].number))
		}
	}
	return fmt.Sprintf("%s %v", v[valueName][0].bytes, dims)
}

// An array is a value of the graph, in float64.
type array struct {
	shape  []int
	values []float64
}

// A program is a parsed file.
type program struct {
	nodes  []map[protowire.Number][]field
	values map[string]array // those in the file
	meta   map[string]string
}

func parse(t *testing.T, file []byte) *program {
	t.Helper()
	p := &program{values: map[string]array{}, meta: map[string]string{}}
	model := fields(t, file)
	for _, f := range model[modelMetadata] {
		kv := fields(t, f.bytes)
		p.meta[string(kv[propertyKey][0].bytes)] = string(kv[propertyValue][0].bytes)
	}
	g := fields(t, model[modelGraph][0].bytes)
	for _, f := range g[graphInitializer] {
		m := fields(t, f.bytes)
		name := string(m[tensorName][0].bytes)
		if _, twice := p.values[name]; twice {
			t.Errorf("tensor %q is there twice", name)
		}
		p.values[name] = initializer(m)
	}
	for _, f := range g[graphNode] {
		p.nodes = append(p.nodes, fields(t, f.bytes))
	}
	return p
}

func initializer(m map[protowire.Number][]field) (a array) {
	for _, d := range m[tensorDims] {
		a.shape = append(a.shape, int(d.number))
	}
	raw := m[tensorRaw][0].bytes
	if m[tensorType][0].number == int64Type {
		for ; len(raw) > 0; raw = raw[8:] {
			a.values = append(a.values, float64(int64(binary.LittleEndian.Uint64(raw))))
		}
		return a
	}
	for ; len(raw) > 0; raw = raw[4:] {
		a.values = append(a.values, float64(math.Float32frombits(binary.LittleEndian.Uint32(raw))))
	}
	return a
}

// attributes are the settings of a node: one number or many.
func attributes(t *testing.T, n map[protowire.Number][]field) map[string][]float64 {
	all := map[string][]float64{}
	for _, f := range n[nodeAttribute] {
		m := fields(t, f.bytes)
		var list []float64
		for _, v := range append(m[attributeInt], m[attributeInts]...) {
			list = append(list, float64(v.number))
		}
		for _, v := range m[attributeFloat] {
			list = append(list, float64(math.Float32frombits(uint32(v.number))))
		}
		all[string(m[attributeName][0].bytes)] = list
	}
	return all
}

// run computes the graph for input [n, c, h, w], by the definitions of the
// operations.
func (p *program) run(t *testing.T, input array) array {
	t.Helper()
	values := map[string]array{"input": input}
	for name, v := range p.values {
		values[name] = v
	}
	for _, n := range p.nodes {
		var in []array
		for _, f := range n[nodeInput] {
			v, ok := values[string(f.bytes)]
			if !ok {
				t.Fatalf("node %s takes %s, which is not there", n[nodeName][0].bytes, f.bytes)
			}
			in = append(in, v)
		}
		out := string(n[nodeOutput][0].bytes)
		if _, twice := values[out]; twice {
			t.Fatalf("%s is computed twice, or is a tensor", out)
		}
		values[out] = compute(t, string(n[nodeType][0].bytes), in, attributes(t, n))
	}
	return values["logits"]
}

func compute(t *testing.T, kind string, in []array, how map[string][]float64) array {
	t.Helper()
	x := in[0]
	switch kind {
	case "Identity":
		return x
	case "Add":
		return each(x, func(i int, v float64) float64 { return v + in[1].values[i] })
	case "Sub":
		return each(x, func(i int, v float64) float64 { return v - in[1].values[channel(x, i)] })
	case "Div":
		return each(x, func(i int, v float64) float64 { return v / in[1].values[channel(x, i)] })
	case "Relu":
		return each(x, func(_ int, v float64) float64 { return math.Max(v, 0) })
	case "BatchNormalization":
		return each(x, func(i int, v float64) float64 {
			c := channel(x, i)
			return in[1].values[c]*(v-in[3].values[c])/math.Sqrt(in[4].values[c]+how["epsilon"][0]) + in[2].values[c]
		})
	case "Flatten":
		if how["axis"][0] != 1 {
			t.Fatalf("Flatten from axis %v", how["axis"])
		}
		return array{[]int{x.shape[0], len(x.values) / x.shape[0]}, x.values}
	case "Gemm":
		if len(how["transB"]) != 1 || how["transB"][0] != 1 {
			t.Fatal("the weight [out, in] is not transposed")
		}
		return gemm(x, in[1], in[2])
	case "GlobalAveragePool":
		size := float64(x.shape[2] * x.shape[3])
		return pool(x, []float64{float64(x.shape[2]), float64(x.shape[3])}, map[string][]float64{"strides": {1, 1}, "pads": {0, 0, 0, 0}},
			0, func(sum, v float64) float64 { return sum + v/size })
	case "AveragePool":
		k := how["kernel_shape"]
		if how["count_include_pad"][0] != 1 {
			t.Fatal("the padding does not count")
		}
		return pool(x, k, how, 0, func(sum, v float64) float64 { return sum + v/(k[0]*k[1]) })
	case "MaxPool":
		return pool(x, how["kernel_shape"], how, math.Inf(-1), math.Max)
	case "Conv":
		return conv(x, in, how)
	case "Slice":
		if in[1].values[0] != 0 || in[3].values[0] != 2 || in[3].values[1] != 3 {
			t.Fatalf("Slice from %v of axes %v", in[1], in[3])
		}
		return pool(x, []float64{1, 1}, map[string][]float64{"strides": in[4].values, "pads": {0, 0, 0, 0}}, 0, func(_, v float64) float64 { return v })
	case "Pad":
		return pad(x, int(in[1].values[1]), int(in[1].values[5]))
	}
	t.Fatalf("operation %s", kind)
	return array{}
}

func each(x array, f func(i int, v float64) float64) array {
	y := array{x.shape, make([]float64, len(x.values))}
	for i, v := range x.values {
		y.values[i] = f(i, v)
	}
	return y
}

// channel is the channel of element i of x [n, c, h, w].
func channel(x array, i int) int { return i / (x.shape[2] * x.shape[3]) % x.shape[1] }

// at is an element of a plane of x, or outside when it lies in the padding.
func at(x array, plane, i, j int, outside float64) float64 {
	h, w := x.shape[2], x.shape[3]
	if i < 0 || j < 0 || i >= h || j >= w {
		return outside
	}
	return x.values[(plane*h+i)*w+j]
}

// pool folds the windows of each plane.
func pool(x array, size []float64, how map[string][]float64, start float64, f func(sum, v float64) float64) array {
	s, p, kh, kw := int(how["strides"][0]), int(how["pads"][0]), int(size[0]), int(size[1])
	oh, ow := (x.shape[2]+2*p-kh)/s+1, (x.shape[3]+2*p-kw)/s+1
	y := array{shape: []int{x.shape[0], x.shape[1], oh, ow}}
	for plane := range x.shape[0] * x.shape[1] {
		for i := range oh {
			for j := range ow {
				sum := start
				for a := range kh {
					for b := range kw {
						sum = f(sum, at(x, plane, i*s+a-p, j*s+b-p, start))
					}
				}
				y.values = append(y.values, sum)
			}
		}
	}
	return y
}

func conv(x array, in []array, how map[string][]float64) array {
	s, p, w := int(how["strides"][0]), int(how["pads"][0]), in[1]
	oc, ic, kh, kw := w.shape[0], w.shape[1], w.shape[2], w.shape[3]
	oh, ow := (x.shape[2]+2*p-kh)/s+1, (x.shape[3]+2*p-kw)/s+1
	y := array{shape: []int{x.shape[0], oc, oh, ow}}
	for n := range x.shape[0] {
		for o := range oc {
			for i := range oh {
				for j := range ow {
					sum := 0.0
					if len(in) > 2 {
						sum = in[2].values[o]
					}
					for c := range ic {
						for a := range kh {
							for b := range kw {
								sum += at(x, n*ic+c, i*s+a-p, j*s+b-p, 0) * w.values[((o*ic+c)*kh+a)*kw+b]
							}
						}
					}
					y.values = append(y.values, sum)
				}
			}
		}
	}
	return y
}

func gemm(x, w, b array) array {
	y := array{shape: []int{x.shape[0], w.shape[0]}}
	for n := range x.shape[0] {
		for o := range w.shape[0] {
			sum := b.values[o]
			for i := range w.shape[1] {
				sum += x.values[n*w.shape[1]+i] * w.values[o*w.shape[1]+i]
			}
			y.values = append(y.values, sum)
		}
	}
	return y
}

// pad adds channels of zeros.
func pad(x array, before, after int) array {
	n, c, plane := x.shape[0], x.shape[1], x.shape[2]*x.shape[3]
	y := array{shape: []int{n, before + c + after, x.shape[2], x.shape[3]}}
	for i := range n {
		y.values = append(y.values, make([]float64, before*plane)...)
		y.values = append(y.values, x.values[i*c*plane:(i+1)*c*plane]...)
		y.values = append(y.values, make([]float64, after*plane)...)
	}
	return y
}

func (a array) String() string { return fmt.Sprintf("%v %v", a.shape, a.values) }
