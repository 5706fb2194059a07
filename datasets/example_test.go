package datasets_test

import (
	"context"
	"fmt"

	"lbsam/datasets"
)

// A loader makes batches ahead of their use. Their order is a function of seed and
// epoch.
func ExampleLoader() {
	data := datasets.Synthetic(1, 25, 0)
	loader := &datasets.Loader{Split: &data.Train, Batch: 10, Seed: 1, Shuffle: true}
	defer loader.Close()
	loader.Epoch(context.Background(), 0, 0)
	for {
		b, err := loader.Next()
		if err != nil { // io.EOF
			break
		}
		fmt.Println(b.N, "images, of classes", b.Labels)
	}
	// Output:
	// 10 images, of classes [3 4 9 1 6 9 1 1 4 5]
	// 10 images, of classes [0 6 8 2 7 4 8 7 3 3]
	// 5 images, of classes [2 0 5 0 2]
}
