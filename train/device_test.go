package train

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lbsam/datasets"
	"lbsam/kernels"
	"lbsam/kernels/driver"
	"lbsam/kernels/kerneltest"
	"lbsam/kernels/ptxsim"
)

// onPTX calls body with the name of each device that runs PTX: the interpreter,
// and the GPU if there is one. With LBSAM_GPU=1 there has to be.
func onPTX(t *testing.T, body func(t *testing.T, device string)) {
	for _, device := range []string{"ptxsim", "cuda"} {
		t.Run(device, func(t *testing.T) {
			d, err := kernels.Open(kernels.Config{Name: device})
			if err != nil && device == "cuda" && os.Getenv("LBSAM_GPU") != "1" {
				t.Skip(err)
			}
			if err != nil {
				t.Fatal(err)
			}
			d.Close()
			body(t, device)
		})
	}
}

// tiny is a run of a few small batches, the last of which is smaller still, on
// a device.
func tiny(device, minimizer string) Config {
	c := small("convnet", minimizer)
	c.Device, c.Batch, c.LimitBatches, c.LR = device, 4, 0, 0.01
	return c
}

// few is 10 images to train on, two batches of four and one of two, of 8x8
// pixels: an interpreter takes its time.
func few() *datasets.Dataset { return shrunk(10, 6) }

// shrunk is so many images to train and to test on, of 8x8 pixels.
func shrunk(train, test int) *datasets.Dataset {
	d := datasets.Synthetic(1, train, test)
	d.Crop = 1
	for _, s := range []*datasets.Split{&d.Train, &d.Test} {
		small := datasets.Split{Labels: s.Labels, N: s.N, H: 8, W: 8, C: s.C}
		for i := range s.N {
			for h := range small.H {
				row := s.Image(i)[((h+12)*s.W+12)*s.C:]
				small.Images = append(small.Images, row[:small.W*s.C]...)
			}
		}
		*s = small
	}
	return d
}

func openFew(t *testing.T, c Config) *Job {
	t.Helper()
	return mustOpenWith(t, c, few())
}

// Batches that lie on the device are those that the host puts together.
func TestResidentBatchesAreTheStreamedOnes(t *testing.T) {
	c := tiny("cpu", "SGD")
	c.ValSplit, c.Mixup, c.Cutmix, c.Cutout = 0.3, 0.2, 1, 3
	j := openFew(t, c)
	for _, s := range []selection{
		j.trainingSet(),
		{&j.Data.Train, j.training, true, 5, j.feeder.augment, nil},
		{&j.Data.Train, nil, false, 5, j.feeder.plain, nil},
		{split: &j.Data.Test, how: j.feeder.plain},
	} {
		for _, skip := range []int{0, 1} {
			got := batches(t, j, newResident(j, s), skip)
			want := batches(t, j, newStreamed(j, s), skip)
			if len(want) == 0 {
				t.Fatal("no batches")
			}
			if err := kerneltest.Compare(got, want, 0, 0); err != nil {
				t.Errorf("%v", err)
			}
		}
	}
}

// batches is all inputs and labels of an epoch of s.
func batches(t *testing.T, j *Job, s source, skip int) (all []float64) {
	defer s.close()
	s.begin(context.Background(), 1, skip)
	for {
		sizes, err := s.next(1)
		if err != nil {
			t.Fatal(err)
		}
		if len(sizes) == 0 {
			return all
		}
		s.bring(0, sizes[0])
		x, labels := j.feeder.part(0, 0, sizes[0])
		all = append(all, x.Value.Floats()...)
		numbers := make([]int32, labels.Len())
		kernels.Download(numbers, labels.Data)
		for _, v := range numbers {
			all = append(all, float64(v))
		}
		if partners, weight := j.feeder.mix(0, 0, sizes[0]); partners != nil {
			kernels.Download(numbers, partners.Data)
			for _, v := range numbers {
				all = append(all, float64(v))
			}
			all = append(all, weight.Floats()...)
		}
	}
}

// With and without recording, a run leaves the same numbers bit for bit.
func TestGraphsChangeNothing(t *testing.T) {
	onPTX(t, func(t *testing.T, device string) {
		for name, change := range map[string]func(*Config){
			"lookbehind":  func(c *Config) { c.K = 3 },
			"lookahead":   func(c *Config) { c.Minimizer, c.LookaheadK, c.Pull = "LookaheadASAM", 3, "interpolate" },
			"multistep":   func(c *Config) { c.Minimizer, c.Radius, c.Clip = "MultistepSAM", "projected", 1 },
			"adamw":       func(c *Config) { c.Minimizer, c.Optimizer = "SGD", "adamw" },
			"new batches": func(c *Config) { c.NewBatches = true },
			"m-sharpness": func(c *Config) { c.SAMMicro = 2 },
			"fp16":        func(c *Config) { c.Precision = "fp16" },
			"average":     func(c *Config) { c.EMA, c.BNStats = 0.5, "first" },
			"mixed":       func(c *Config) { c.Mixup, c.Cutmix, c.Cutout, c.NewBatches = 0.2, 1, 3, true },
		} {
			run := func(graphs bool) (*Job, []float64, []Epoch) {
				c := tiny(device, "LookbehindSAM")
				c.Graphs, c.Epochs = graphs, 3
				change(&c)
				j, s := openFew(t, c), &stopper{}
				defer j.Close() // a GPU takes one job at a time
				if _, err := j.Run(context.Background(), nil, s); err != nil {
					t.Fatal(name, err)
				}
				return j, everything(j), s.epochs
			}
			with, got, gotEpochs := run(true)
			_, want, wantEpochs := run(false)
			if err := kerneltest.Compare(got, want, 0, 0); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			for i := range wantEpochs {
				gotEpochs[i].Seconds, wantEpochs[i].Seconds = 0, 0
			}
			if !slices.Equal(gotEpochs, wantEpochs) {
				t.Errorf("%s: %+v with graphs, %+v without", name, gotEpochs, wantEpochs)
			}
			recorded := 0
			for _, g := range with.recorder.graphs {
				if g != nil {
					recorded++
				}
			}
			if recorded < 2 {
				t.Errorf("%s: %d kinds of steps were recorded, want one for each size of a batch at least", name, recorded)
			}
		}
	})
}

// A device that runs PTX trains as the CPU does, up to rounding.
func TestPTXTrainsAsTheCPU(t *testing.T) {
	run := func(device string) []float64 {
		c := tiny(device, "LookbehindASAM")
		c.Epochs, c.Precision = 1, "float32"
		j := openFew(t, c)
		defer j.Close()
		mustRun(t, j)
		return everything(j)
	}
	want := run("cpu")
	onPTX(t, func(t *testing.T, device string) {
		// Three steps of sums in another order, of weights and statistics below 10.
		if err := kerneltest.Compare(run(device), want, 2e-4, 0); err != nil {
			t.Error(err)
		}
	})
}

// A run that is taken up on a device that runs PTX ends as if it had not
// stopped.
func TestResumeIsExactOnPTX(t *testing.T) {
	onPTX(t, func(t *testing.T, device string) {
		c := tiny(device, "LookbehindSAM")
		whole := openFew(t, c)
		mustRun(t, whole)
		want := everything(whole)
		whole.Close() // a GPU takes one job at a time
		path := filepath.Join(t.TempDir(), "run")
		folder, err := CreateFolder(path, c, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer folder.Close()
		ctx, cancel := context.WithCancel(context.Background())
		stopped := openFew(t, c)
		if _, err := stopped.Run(ctx, folder, &stopper{left: 4, cancel: cancel}); !errors.As(err, new(Interrupted)) {
			t.Fatalf("%v, want Interrupted", err)
		}
		stopped.Close()
		again := openFew(t, c)
		if err := again.Resume(folder); err != nil {
			t.Fatal(err)
		}
		mustRun(t, again)
		if err := kerneltest.Compare(everything(again), want, 0, 0); err != nil {
			t.Error(err)
		}
	})
}

// A watched driver counts what makes the host wait, and fails at a launch.
type watched struct {
	driver.Driver
	waits    int
	launches int
	failAt   int // a launch; 0: none
}

var errGone = errors.New("the GPU has fallen off the bus")

func (w *watched) Launch(s driver.Stream, k driver.Kernel, grid, block driver.Dim3, shared int, args []byte) error {
	if w.launches++; w.launches == w.failAt {
		return errGone
	}
	return w.Driver.Launch(s, k, grid, block, shared, args)
}

func (w *watched) Sync(s driver.Stream) error {
	w.waits++
	return w.Driver.Sync(s)
}

func (w *watched) CopyOut(s driver.Stream, dst []byte, src driver.Ptr) error {
	w.waits++
	return w.Driver.CopyOut(s, dst, src)
}

// openWatched is a job on the interpreter with eyes.
func openWatched(t *testing.T, c Config, w *watched) *Job {
	t.Helper()
	w.Driver = ptxsim.New(ptxsim.Config{})
	j, err := openOn(kernels.OpenDriver(w, kernels.ComputeBest), c, few())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(j.Close)
	return j
}

// The host waits for the device where it reads the log, twice, and where it
// reads the score of an evaluation, twice: not once per step.
func TestTheHostDoesNotWaitForSteps(t *testing.T) {
	c := tiny("ptxsim", "LookbehindSAM")
	c.Epochs, c.LogEvery = 4, 100
	w := &watched{}
	j := openWatched(t, c, w)
	mustRun(t, j)
	if want := 4 * c.Epochs; w.waits != want {
		t.Errorf("the host waited %d times in %d epochs of %d steps, want %d", w.waits, c.Epochs, j.Steps(), want)
	}
	if perStep := float64(w.launches) / float64(j.at.Step); perStep > 200 {
		t.Errorf("%.0f launches per step: recordings are not used", perStep)
	}
}

// A device that fails in the middle of a step ends the run with an error that
// names the last good state, from which the run goes on.
func TestAFaultKeepsTheLastState(t *testing.T) {
	c := tiny("ptxsim", "SAM")
	c.SaveEvery, c.Graphs = 1, false
	folder, err := CreateFolder(filepath.Join(t.TempDir(), "run"), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	_, err = openWatched(t, c, &watched{failAt: 300}).Run(context.Background(), folder, nil)
	if !errors.As(err, new(DeviceError)) || !errors.Is(err, errGone) || !strings.Contains(fmt.Sprint(err), "the last good state is "+folder.state()) {
		t.Fatalf("%v, want a DeviceError that names the state", err)
	}
	again := openFew(t, c)
	if err := again.Resume(folder); err != nil {
		t.Fatal(err)
	}
	if again.at.Step == 0 {
		t.Error("no step was saved")
	}
	mustRun(t, again)
}
