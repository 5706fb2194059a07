package autograd

import (
	"fmt"
	"slices"
	"testing"

	"lbsam/kernels"
	"lbsam/tensor"
)

func TestTrace(t *testing.T) {
	d := open(t, "ref", kernels.Float64)
	tape := NewTape(kernels.NewArena(d))
	x, w := Input(tensor.New(d, 2, 4, 4, 3)), NewParam(tensor.New(d, 5, 3, 3, 3))
	gamma, beta, fc := NewParam(tensor.New(d, 5)), NewParam(tensor.New(d, 5)), NewParam(tensor.New(d, 2, 6))
	win, norm := tensor.Window{Stride: 2, Pad: 1}, BatchNorm{Eps: 1e-3, ReLU: true}
	stats := running(d, 5)
	ops := tape.Trace(func() {
		y := tape.Conv2d(x, w, nil, win)
		y = tape.BatchNorm(y, gamma, beta, y, stats, norm)
		y = tape.Add(tape.PadShortcut(y, 6, 1), tape.PadShortcut(y, 6, 1))
		y = tape.MaxPool2d(tape.ReLU(y), 2, win)
		tape.Linear(tape.Flatten(tape.GlobalAvgPool2d(y)), fc, nil)
	})
	want := []string{"conv2d", "batchnorm", "padshortcut", "padshortcut", "add", "relu", "maxpool2d", "avgpool2d", "flatten", "linear"}
	var names []string
	for _, o := range ops {
		names = append(names, o.Name)
	}
	if !slices.Equal(names, want) {
		t.Fatalf("operations %v, want %v", names, want)
	}
	for i, how := range []any{win, Norm{norm, stats}, Shortcut{6, 1}, Shortcut{6, 1}, nil, nil, Pool{2, 2, win}, Pool{2, 2, tensor.Window{Stride: 1}}, nil, nil} {
		if ops[i].How != how {
			t.Errorf("%s is done by %+v, want %+v", names[i], ops[i].How, how)
		}
	}
	first := ops[0].Out
	for i, in := range [][]*Var{{x, w}, {first, gamma, beta, first}, {ops[1].Out}, {ops[1].Out}, {ops[2].Out, ops[3].Out}} {
		if !slices.Equal(ops[i].In, in) {
			t.Errorf("the operands of %s are others", names[i])
		}
	}
	if got := fmt.Sprint(ops[9].Out.Shape()); got != "[2 2]" {
		t.Errorf("the last result is %s, want [2 2]", got)
	}
	tape.Reset()
	tape.ReLU(x)
	if tape.steps[0].name != "" {
		t.Error("a tape goes on describing its operations when the trace is over")
	}
}
