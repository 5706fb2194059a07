package tensor

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"lbsam/kernels"
)

func open(t *testing.T, precision kernels.Dtype) *kernels.Device {
	t.Helper()
	d, err := kernels.Open(kernels.Config{Name: "ref", Precision: precision})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestViewsShareMemory(t *testing.T) {
	d := open(t, kernels.Float64)
	x := From(d, []float64{1, 2, 3, 4, 5, 6}, 2, 3)
	x.View(3, 2).Part(2, 2).Fill(9)
	if got := fmt.Sprint(x.Floats()); got != "[1 2 9 9 5 6]" {
		t.Errorf("x is %s after a fill of elements 2 and 3 through views", got)
	}
	if x.Len() != 6 || x.Device() != d {
		t.Errorf("Len %d, Device %v", x.Len(), x.Device())
	}
}

func TestRows(t *testing.T) {
	x := From(open(t, kernels.Float64), []float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, 3, 2, 2)
	if got := x.Rows(1, 3); got.String() != "float64[2 2 2] [5 6 7 8 9 10 11 12]" {
		t.Errorf("rows 1 and 2: %v", got)
	}
	if got := x.Rows(3, 3); got.Len() != 0 {
		t.Errorf("no rows: %v", got)
	}
}

func TestImagesAndLabels(t *testing.T) {
	d := open(t, kernels.Float64)
	x := FromImages(d, []uint8{0, 255, 51, 102}, []float64{0, 0.5}, []float64{1, 0.25}, 2, 1, 1, 2)
	for i, want := range []float64{0, 2, 0.2, -0.4} {
		if got := x.Floats()[i]; !(math.Abs(got-want) < 1e-15) {
			t.Errorf("pixel %d is %v, want %v", i, got, want)
		}
	}
	if fmt.Sprint(x.Shape) != "[2 1 1 2]" {
		t.Errorf("shape %v", x.Shape)
	}
	got := make([]int32, 2)
	kernels.Download(got, FromLabels(d, []uint8{7, 255}).Data)
	if got[0] != 7 || got[1] != 255 {
		t.Errorf("labels %v", got)
	}
}

func TestScalar(t *testing.T) {
	s := NewScalar(open(t, kernels.Float32), 0.1)
	if got := s.Read(); got != float64(float32(0.1)) {
		t.Errorf("0.1 in float32 reads %v", got)
	}
	s.Set(-3)
	if got := s.Read(); got != -3 {
		t.Errorf("reads %v, want -3", got)
	}
}

func TestString(t *testing.T) {
	d := open(t, kernels.Float64)
	for _, c := range []struct {
		x    *Tensor
		want string
	}{
		{From(d, []float64{1, 2.5}, 2), "float64[2] [1 2.5]"},
		{New(d, 3, 4), "float64[3 4] [0 0 0 0 0 0 0 0] ..."},
		{NewOf(d, kernels.Int32, 3), "int32[3]"},
	} {
		if got := c.x.String(); got != c.want {
			t.Errorf("String is %q, want %q", got, c.want)
		}
	}
}

// A mistake in a call panics with the shape that was given and the one that
// was wanted.
func TestShapeMistakesPanic(t *testing.T) {
	d := open(t, kernels.Float32)
	a := kernels.NewArena(d)
	shape := func(s ...int) *Tensor { return New(d, s...) }
	for name, c := range map[string]struct {
		call func()
		want []string
	}{
		"view":       {func() { shape(2, 3).View(4) }, []string{"[2 3]", "[4]"}},
		"add":        {func() { Add(a, shape(2, 3), shape(3, 2)) }, []string{"[3 2]", "[2 3]"}},
		"channels":   {func() { Conv2d(a, shape(1, 4, 4, 3), shape(8, 3, 3, 2), nil, Window{1, 1}) }, []string{"[8 3 3 2]", "[8 3 3 3]"}},
		"rank":       {func() { Conv2d(a, shape(4, 4, 3), shape(8, 3, 3, 3), nil, Window{1, 1}) }, []string{"[4 4 3]", "[n h w c]"}},
		"linear":     {func() { Linear(a, shape(2, 5), shape(3, 4), nil) }, []string{"[3 4]", "[3 5]"}},
		"bias":       {func() { BiasBackwardAdd(shape(3), shape(2, 4)) }, []string{"[3]", "[4]"}},
		"labels":     {func() { CrossEntropy(a, NewScalar(d, 0), shape(2, 5), NewOf(d, kernels.Int32, 3), 0) }, []string{"[3]", "[2]"}},
		"batch norm": {func() { BatchNorm(a, shape(2, 3), shape(3, 2), shape(3), shape(3), shape(3), shape(3), 1e-5, true) }, []string{"[3 2]", "[2 3]"}},
		"rows":       {func() { shape(2, 3).Rows(1, 3) }, []string{"1 to 3", "[2 3]"}},
		"images":     {func() { FromImages(d, make([]uint8, 5), nil, nil, 1, 2, 3, 1) }, []string{"5 pixels", "[1 2 3 1]"}},
		"negative":   {func() { shape(2, -1) }, []string{"[2 -1]"}},
	} {
		func() {
			defer func() {
				message := fmt.Sprint(recover())
				for _, want := range c.want {
					if !strings.Contains(message, want) {
						t.Errorf("%s: panic %q does not name %s", name, message, want)
					}
				}
			}()
			c.call()
		}()
	}
}
