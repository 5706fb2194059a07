package train

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"lbsam/kernels/kerneltest"
)

// A profile has the operations of the steps that it was to take down, each
// within its step, and leaves the run as it is: of the host and of the device.
func TestAProfileChangesNothing(t *testing.T) {
	onEvery(t, func(t *testing.T, device string) {
		c := tiny(device, "LookbehindSAM")
		c.Epochs = 1
		whole := openFew(t, c)
		mustRun(t, whole)
		want := everything(whole)
		whole.Close() // a GPU takes one job at a time
		var text bytes.Buffer
		j := openFew(t, c)
		j.Profile = &Profile{To: &text, Steps: 2}
		mustRun(t, j)
		if err := kerneltest.Compare(everything(j), want, 0, 0); err != nil {
			t.Errorf("the run with a profile: %v", err)
		}
		var trace struct {
			Unit   string       `json:"displayTimeUnit"`
			Events []traceEvent `json:"traceEvents"`
		}
		d := json.NewDecoder(&text)
		d.DisallowUnknownFields()
		if err := d.Decode(&trace); err != nil || trace.Unit != "ms" {
			t.Fatalf("unit %q: %v", trace.Unit, err)
		}
		count := map[string]int{}
		var steps []traceEvent
		for _, e := range trace.Events {
			if strings.HasPrefix(e.Name, "step ") {
				steps = append(steps, e)
			}
		}
		if len(steps) != 2 || steps[0].Name != "step 1" || steps[1].Name != "step 2" {
			t.Fatalf("steps %+v, want two", steps)
		}
		for _, e := range trace.Events {
			count[e.Kind]++
			if e.Pid != 1 || e.Tid < hostThread || e.Tid > deviceThread || e.Kind == "X" && (e.Start < 0 || e.Took < 0) {
				t.Errorf("%+v", e)
			}
			if e.Tid != deviceThread || e.Kind != "X" {
				continue
			}
			count[strings.ToLower(e.Name)[:min(4, len(e.Name))]]++
			inside := false
			for _, s := range steps {
				inside = inside || s.Start <= e.Start && e.Start <= s.Start+s.Took
			}
			if !inside && !early[strings.ToLower(e.Name)] {
				t.Errorf("%s at %v is in no step: %+v", e.Name, e.Start, steps)
			}
			if e.Args["operands"] == "" {
				t.Errorf("%s has no operands", e.Name)
			}
		}
		// Two steps of three evaluations, of two convolutions and their gradients.
		if count["M"] != 2 || count["conv"] < 2*3*5 || count["asce"] != 2*2 {
			t.Errorf("%v", count)
		}
	})
}

// early are operations that come before a step: its numbers are set.
var early = map[string]bool{"fill": true}

// A run that ends before its profile does writes what there is.
func TestAProfileOfAShortRun(t *testing.T) {
	c := small("mlp", "SGD")
	c.Epochs, c.LimitBatches = 1, 2
	var text bytes.Buffer
	j := mustOpen(t, c)
	j.Profile = &Profile{To: &text, Steps: 100}
	mustRun(t, j)
	if !strings.Contains(text.String(), `"step 2"`) || strings.Contains(text.String(), `"step 3"`) {
		t.Errorf("%.300s", text.String())
	}
	j = mustOpen(t, c)
	j.Profile = &Profile{To: broken{}, Steps: 1}
	if _, err := j.Run(context.Background(), nil, nil); !errors.As(err, new(FolderError)) || !errors.Is(err, errFull) {
		t.Errorf("%v, want a FolderError that the disk is full", err)
	}
}

// broken is a file on a disk that is full.
type broken struct{}

var errFull = errors.New("no space left on device")

func (broken) Write([]byte) (int, error) { return 0, errFull }

// One batch is learned by heart, and a learning rate of 0 learns nothing.
func TestOverfit(t *testing.T) {
	c := small("mlp", "LookbehindSAM")
	var told []float64
	steps, loss, err := mustOpen(t, c).Overfit(context.Background(), 0.01, 300, func(step int, loss float64) {
		if told = append(told, loss); len(told) != step {
			t.Errorf("step %d was told as number %d", step, len(told))
		}
	})
	if err != nil || steps < 2 || steps != len(told) || !(loss < 0.01) || told[steps-2] < 0.01 {
		t.Errorf("%d steps to a loss of %v, %v: %v", steps, loss, err, told)
	}
	c.LR = 0
	if steps, _, err = mustOpen(t, c).Overfit(context.Background(), 0.01, 5, nil); steps != 5 || !errors.As(err, new(NotFitted)) {
		t.Errorf("at a learning rate of 0: %d steps, %v, want NotFitted", steps, err)
	}
	c.LR = 1e30
	if _, _, err = mustOpen(t, c).Overfit(context.Background(), 0.01, 50, nil); !errors.As(err, new(Diverged)) {
		t.Errorf("at a learning rate of 1e30: %v, want Diverged", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if steps, _, err = mustOpen(t, c).Overfit(ctx, 0, 50, nil); steps != 1 || !errors.As(err, new(Interrupted)) {
		t.Errorf("%d steps, %v, want Interrupted behind the first", steps, err)
	}
}
