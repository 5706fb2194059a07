package tensor_test

import (
	"fmt"

	"lbsam/kernels"
	"lbsam/tensor"
)

// Results of operations live in an arena, which gives their memory again.
func Example() {
	d, err := kernels.Open(kernels.Config{Name: "cpu"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer d.Close()
	x := tensor.From(d, []float64{1, 2, 3, 4, 5, 6}, 3, 2) // [n, in]
	w := tensor.From(d, []float64{1, 1, 1, -1}, 2, 2)      // [out, in]
	arena := kernels.NewArena(d)
	y := tensor.Linear(arena, x.Rows(1, 3), w, nil)
	fmt.Println(y.Shape, y.Floats())
	y.Free(arena)
	// Output: [2 2] [7 -1 11 -1]
}
