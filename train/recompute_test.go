package train

import (
	"context"
	"errors"
	"strings"
	"testing"

	"lbsam/kernels/kerneltest"
)

// A run whose blocks compute their activations again leaves the same weights,
// momentum and statistics, bit for bit, and the same measurements.
func TestRecomputeChangesNothing(t *testing.T) {
	run := func(t *testing.T, device string) {
		train := func(recompute bool) ([]float64, Epoch) {
			c := tiny(device, "LookbehindSAM")
			c.Model, c.Epochs, c.Recompute = "resnet8-w8", 1, recompute // the second step of four images is recorded
			if device != "cpu" {
				c.Precision = "fp16"
			}
			j, s := openFew(t, c), &stopper{}
			defer j.Close()
			if _, err := j.Run(context.Background(), nil, s); err != nil {
				t.Fatal(err)
			}
			e := s.epochs[0]
			e.Seconds = 0
			return everything(j), e
		}
		want, wantEpoch := train(false)
		got, gotEpoch := train(true)
		if err := kerneltest.Compare(got, want, 0, 0); err != nil || gotEpoch != wantEpoch {
			t.Errorf("%+v with recomputing, %+v without; %v", gotEpoch, wantEpoch, err)
		}
	}
	t.Run("cpu", func(t *testing.T) { run(t, "cpu") })
	onPTX(t, run)
}

// A model without blocks has nothing to compute again, and says so.
func TestRecomputeNeedsBlocks(t *testing.T) {
	c := tiny("cpu", "SGD")
	c.Recompute = true
	if _, err := OpenWith(c, few()); !errors.As(err, new(UsageError)) || !strings.Contains(err.Error(), "--recompute") {
		t.Errorf("convnet: %v", err)
	}
}
