package kernels_test

import (
	"fmt"

	"lbsam/kernels"
)

// A device has buffers; functions compute on them, the destination first.
func Example() {
	d, err := kernels.Open(kernels.Config{Name: "cpu"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer d.Close()
	x, y := d.Alloc(kernels.Float32, 4), d.Alloc(kernels.Float32, 4)
	kernels.Upload(x, []float32{-1, 2, -3, 4})
	kernels.ReLU(y, x)
	kernels.AddScaled(y, x, 0.5)
	fmt.Println(kernels.Floats(y))
	// Output: [-0.5 3 -1.5 6]
}
