package main

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"lbsam/kernels"
)

// The tables have every operation of a step once, alone and by shape.
func TestBenchLayers(t *testing.T) {
	args := []string{"bench", "--layers", "--model", "resnet8", "--batch", "2", "--steps", "3", "--threads", "1"}
	stdout, _ := mustRun(t, append(args, "--json")...)
	var got layerTimes
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	if got.Kind != "layers" || got.Steps != 3 || !(got.Copy > 0) || !(got.Median > 0) || !(got.Between >= 0) {
		t.Errorf("%+v", got)
	}
	calls := map[string]int{}
	var flops [2]float64
	var bytes [2]int64
	for i, table := range [][]timedOp{got.Operations, got.Layers} {
		for _, op := range table {
			if i == 0 {
				calls[op.Name] = op.Calls
			}
			flops[i] += op.Flops
			bytes[i] += op.Bytes
			if !(op.Time >= op.Min) || !(op.Min > 0) || !(op.Share > 0) || (op.Shape == "") != (i == 0) {
				t.Errorf("%+v", op)
			}
		}
	}
	// Seven convolutions and a linear layer; no gradient of the images.
	for name, want := range map[string]int{"Conv2d": 1, "Conv2dStatistics": 7, "Conv2dBackwardInput": 7, "Conv2dBackwardWeightAdd": 8, "BatchNormBackward": 7, "SGDStep": 1, "BatchNormStatistics": 0} {
		if calls[name] != want {
			t.Errorf("%d calls of %s, want %d", calls[name], name, want)
		}
	}
	// resnet8 takes 12.24 million multiplications per image forward, 0.44 of them in
	// the first layer.
	if want := 2 * (3*12.24e6 - 0.44e6) * 2; !(math.Abs(flops[0]-want) <= 0.001*want) || flops[0] != flops[1] || bytes[0] != bytes[1] {
		t.Errorf("%.4g and %.4g FLOP, want about %.4g; %d and %d bytes", flops[0], flops[1], want, bytes[0], bytes[1])
	}
	if stdout, _ = mustRun(t, args...); !strings.Contains(stdout, "GFLOP/s in a loop of FMAs") || !strings.Contains(stdout, "64-64 @8x8 3x3 s1") {
		t.Errorf("%s", stdout)
	}
}

// An operation that others are part of stands for them.
func TestOuterSpans(t *testing.T) {
	at := func(name string, start, took int) kernels.Span {
		return kernels.Span{Name: name, Start: time.UnixMilli(int64(start)), Took: time.Duration(took) * time.Millisecond}
	}
	var spans []kernels.Span
	for _, s := range []kernels.Span{at("before", 0, 5), at("a", 6, 1), at("b", 8, 1), at("both", 6, 4), at("after", 11, 1)} {
		spans = append(outer(spans, s), s)
	}
	if len(spans) != 3 || spans[1].Name != "both" || total(spans) != 10*time.Millisecond {
		t.Errorf("%+v", spans)
	}
}
