package golden

import (
	"slices"
	"testing"
)

// The numbers with which splitmix64 of seed 0 starts.
func TestMixIsSplitmix64(t *testing.T) {
	state := uint64(0)
	for i, want := range []uint64{0xe220a8397b1dcdaf, 0x6e789e6aa1b965f4, 0x06c45d188009454f} {
		state += increment
		if got := mix(state); got != want {
			t.Errorf("number %d is %#x, want %#x", i, got, want)
		}
	}
}

// The wanted numbers of the next two tests come from a few lines of Python,
// with FNV and splitmix64 written out.
func TestStream(t *testing.T) {
	for _, c := range []struct {
		seed uint64
		name string
		i    int
		want uint64
	}{
		{1, "fc1.weight", 0, 0x93040fce12b8b270},
		{3, "layer4.2.bn3.weight", 2047, 0x40fdb8c9a265c67d},
		{7, "", 5, 0xa8c5312eaf5168f9},
	} {
		if got := newStream(c.seed, c.name).bits(c.i); got != c.want {
			t.Errorf("number %d of %q with seed %d is %#x, want %#x", c.i, c.name, c.seed, got, c.want)
		}
	}
	if got, want := labels(2, "label1", 10, 8), []int32{2, 7, 4, 2, 6, 0, 5, 9}; !slices.Equal(got, want) {
		t.Errorf("labels %v, want %v", got, want)
	}
}

func TestValues(t *testing.T) {
	weight := Param{"conv1.weight", []int{8, 3, 3, 3}}.weights(1)
	for _, c := range []struct {
		name      string
		got, want []float64
	}{
		{"images", images(1, "input0", 1, 3), []float64{0.2860896587371826, -1.0028202533721924, 0.6358961462974548}},
		{"weight", []float64{weight[0], weight[1], weight[26]}, []float64{0.16344113647937775, 0.12813763320446014, -0.05750032141804695}},
		{"BatchNorm weight", Param{"bn1.weight", []int{2}}.weights(1), []float64{1 + 0.1622045338153839, 1 - 0.22767648100852966}},
		{"bias", Param{"bn1.bias", []int{2}}.weights(1), []float64{-0.0919690877199173, -0.06191512197256088}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, c.got, c.want)
		}
	}
}
