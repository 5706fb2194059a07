package cu_test

import (
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/barnex/cuda5/cu"
)

// All twelve arguments reach the driver, eight of them on the C stack or in
// the last registers, and the map is aligned: the fake library checks it.
func TestTensorMapEncodeTiled(t *testing.T) {
	openFake(t)
	tiled := cu.Tiled{Type: cu.TENSOR_MAP_BFLOAT16, Address: 0x10, Dim: []uint64{1 << 33, 7}, Strides: []uint64{1 << 34},
		Box: []uint32{64, 128}, Swizzle: 3, L2Promotion: 2, FillNaN: true, Interleave: 1}
	m, err := cu.TensorMapEncodeTiled(tiled)
	check(t, err)
	var got [16]uint64
	binary.Decode(m[:], binary.LittleEndian, &got)
	want := []uint64{9, 2, 0x10, 1 << 33, 7, 1 << 34, 64, 128, 1, 1, 1, 3, 2, 1, 0, 0}
	if !slices.Equal(got[:], want) {
		t.Errorf("got %v, want %v", got, want)
	}
	tiled.Strides = nil
	if _, err := cu.TensorMapEncodeTiled(tiled); !errors.Is(err, cu.ERROR_INVALID_VALUE) {
		t.Errorf("without strides: %v", err)
	}
	if _, err := cu.TensorMapEncodeTiled(cu.Tiled{Dim: []uint64{32}, Box: []uint32{8}}); err != nil {
		t.Errorf("one dimension: %v", err)
	}
}
