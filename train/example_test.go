package train_test

import (
	"context"
	"fmt"

	"lbsam/datasets"
	"lbsam/train"
)

// A run is a configuration and data. With a folder it keeps what it makes.
func Example() {
	c := train.Demo()
	c.Model, c.Minimizer, c.Epochs, c.Device = "mlp", "SAM", 2, "cpu"
	job, err := train.OpenWith(c, datasets.Synthetic(1, 64, 20))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer job.Close()
	result, err := job.Run(context.Background(), nil, nil)
	fmt.Println(result.Last.Step, "steps,", result.Last.Evals, "gradient evaluations, tested on", result.Last.Test.Images, "images:", err)

	predictions, err := job.Predict(context.Background(), &job.Data.Test, []int32{3})
	fmt.Println(len(predictions.Row(0)), "probabilities:", err)
	// Output:
	// 4 steps, 8 gradient evaluations, tested on 20 images: <nil>
	// 10 probabilities: <nil>
}
