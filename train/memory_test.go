package train

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"lbsam/kernels"
	"lbsam/kernels/driver"
	"lbsam/kernels/driver/dry"
)

// limited is a job on a device that has so many bytes.
func limited(c Config, bytes int64) (*Job, error) {
	return openOn(kernels.OpenDriver(dry.New(dry.Config{Memory: bytes}), kernels.ComputeBest), c, data())
}

// runLimited is a run on such a device.
func runLimited(c Config, bytes int64) error {
	j, err := limited(c, bytes)
	if err != nil {
		return err
	}
	defer j.Close()
	_, err = j.Run(context.Background(), nil, nil)
	return err
}

// A batch that does not fit is an error that names one that does: a run with
// it fits, and with a few images more it does not.
func TestTheBatchThatFitsIsNamed(t *testing.T) {
	for _, minimizer := range []string{"SGD", "LookbehindSAM"} {
		c := small("resnet8", minimizer)
		c.Batch = 100
		j, err := limited(c, 1<<40)
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		half, err := j.needs(50)
		if err != nil {
			t.Fatal(err)
		}
		run := func(batch int) error {
			c.Batch = batch
			return runLimited(c, half)
		}
		err = run(100)
		if !errors.As(err, new(DeviceError)) || !errors.As(err, new(driver.OutOfMemory)) {
			t.Fatalf("%s: %v, want a DeviceError about memory", minimizer, err)
		}
		found := regexp.MustCompile(`a batch of (\d+) would fit: --batch-size (\d+)`).FindStringSubmatch(fmt.Sprint(err))
		if found == nil {
			t.Fatalf("%s: %v names no batch", minimizer, err)
		}
		fits, _ := strconv.Atoi(found[1])
		if err := run(fits); fits < 50 || err != nil {
			t.Errorf("%s: a batch of %d, where 50 take all memory: %v", minimizer, fits, err)
		}
		if err := run(fits + 1); !errors.As(err, new(driver.OutOfMemory)) {
			t.Errorf("%s: a batch of %d fits too (%v)", minimizer, fits+1, err)
		}
	}
}

// So is --recompute, where the whole batch fits with it.
func TestRecomputingIsNamedWhereItFits(t *testing.T) {
	c := small("resnet8", "LookbehindSAM")
	c.Batch = 100
	again := c
	again.Recompute = true
	enough, err := Rehearse(again, data(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		c     Config
		bytes int64
		named bool
	}{{c, enough, true}, {c, enough - 256, false}, {again, enough - 256, false}} {
		err := runLimited(tt.c, tt.bytes)
		if !errors.As(err, new(driver.OutOfMemory)) || strings.Contains(fmt.Sprint(err), ": --recompute") != tt.named {
			t.Errorf("recompute %v, %d bytes: %v; named %v wanted", tt.c.Recompute, tt.bytes, err, tt.named)
		}
	}
	if err := runLimited(again, enough); err != nil {
		t.Error(err)
	}
	j, err := limited(again, enough)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if j.fitsAgain(1 << 40) {
		t.Error("what is done already is named")
	}
}

// A run takes the memory that was rehearsed, to the byte, with evaluations, short
// batches and recordings.
func TestARunTakesWhatWasRehearsed(t *testing.T) {
	for _, recompute := range []bool{false, true} {
		c := small("resnet8", "LookbehindSAM")
		c.Epochs, c.Recompute = 2, recompute
		counter := dry.New(dry.Config{})
		j, err := openOn(kernels.OpenDriver(counter, kernels.ComputeBest), c, data())
		if err != nil {
			t.Fatal(err)
		}
		want, err := j.needs(c.Batch)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := j.Run(context.Background(), nil, nil); err != nil {
			t.Fatal(err)
		}
		if got := counter.Peak(); got != want {
			t.Errorf("recompute %v: %d bytes, rehearsed were %d", recompute, got, want)
		}
		j.Close()
	}
}

// A model that does not fit by itself is said to be too large.
func TestAModelThatDoesNotFit(t *testing.T) {
	_, err := limited(small("resnet18", "SGD"), 100<<20)
	if !errors.As(err, new(DeviceError)) || !regexp.MustCompile("do not hold resnet18 with any batch").MatchString(fmt.Sprint(err)) {
		t.Error(err)
	}
}

// An evaluation of the gradients of a ResNet-34, a third of this step, is 250
// launches at most: each costs a GPU about a microsecond in which it does nothing.
func TestAnEvaluationIsFewLaunches(t *testing.T) {
	for _, precision := range []string{"tf32", "fp16"} {
		c, launches := small("resnet34", "LookbehindSAM"), 0
		c.K, c.Batch, c.Device, c.Precision = 2, 128, "cuda", precision
		if _, err := Rehearse(c, data(), func(kernels.Launch) { launches++ }); err != nil {
			t.Fatal(err)
		}
		if launches > 3*250 || launches < 3*150 { // 36 convolutions with two gradients each alone are more than 100
			t.Errorf("%s: %d launches for 3 evaluations, want at most 750", precision, launches)
		}
	}
}

// BenchmarkHost is the host's part in a training step on a GPU: what it does
// until the device, here one that only counts, has all the work.
func BenchmarkHost(b *testing.B) {
	for _, graphs := range []bool{false, true} {
		b.Run(fmt.Sprintf("graphs=%v", graphs), func(b *testing.B) {
			c := small("resnet34", "LookbehindSAM")
			c.Batch, c.Graphs = 16, graphs
			counter := dry.New(dry.Config{})
			j, err := openOn(kernels.OpenDriver(counter, kernels.ComputeBest), c, data())
			if err != nil {
				b.Fatal(err)
			}
			defer j.Close()
			s := j.source(selection{&j.Data.Train, nil, true, 1, j.feeder.augment, nil})
			s.begin(context.Background(), 0, 0)
			step := func() {
				j.schedule()
				j.trainOn(s, []int{16})
			}
			step()
			counter.ResetLaunches()
			step()
			launches := 0
			for _, n := range counter.Launches() {
				launches += n.Stream + n.Graph
			}
			b.ReportAllocs()
			for b.Loop() {
				step()
			}
			b.ReportMetric(float64(launches), "launches")
		})
	}
}
