package train

import (
	"context"
	"testing"

	"lbsam/kernels/kerneltest"
)

// follower computes by hand, in float64, what the average of a run should be.
type follower struct {
	stopper
	j       *Job
	decay   float64
	average []float64
	step    int
}

// averaged are the numbers that a run averages.
func averaged(j *Job) []float64 {
	numbers := j.Params.Weights.Floats()
	for _, b := range j.Model.Buffers() {
		if b.Value.Data.Dtype() == j.Device.Precision() {
			numbers = append(numbers, b.Value.Floats()...)
		}
	}
	return numbers
}

func (f *follower) Step(Progress) {
	rate := 1 - min(f.decay, float64(1+f.step)/float64(10+f.step))
	for i, v := range averaged(f.j) {
		f.average[i] += rate * (v - f.average[i])
	}
	f.step++
}

// The average is the one that its formula says, of weights and statistics, on
// every device; what is evaluated and exported is the average, and the run does
// not see it.
func TestTheAverageIsEvaluated(t *testing.T) {
	onEvery(t, func(t *testing.T, device string) {
		c := tiny(device, "LookbehindSAM")
		c.Epochs = 3
		plain := openFew(t, c)
		mustRun(t, plain)
		want := averaged(plain)
		plain.Close() // a GPU takes one job at a time

		c.EMA = 0.4 // which the sixth step reaches
		j := openFew(t, c)
		f := &follower{j: j, decay: c.EMA, average: averaged(j)}
		folder := mustFolder(t, c)
		r, err := j.Run(context.Background(), folder, f)
		if err != nil {
			t.Fatal(err)
		}
		if err := kerneltest.Compare(averaged(j), want, 0, 0); err != nil {
			t.Errorf("averaging changes the run: %v", err)
		}
		if f.step < 9 || kerneltest.Compare(f.average, want, 1e-3, 0) == nil {
			t.Fatalf("after %d steps the average is that of the last", f.step)
		}
		if p, err := j.Predict(context.Background(), &j.Data.Test, nil); err != nil || p.Score != r.Last.Test {
			t.Errorf("predictions score %+v, %v, and the run %+v", p.Score, err, r.Last.Test)
		}
		// What the run leaves in best and last, in a job of its own.
		j.Close()
		c.Init = folder.file(lastFile)
		again := openFew(t, c)
		// Nine roundings of numbers below 10, each to 6e-8 of them.
		if err := kerneltest.Compare(averaged(again), f.average, 6e-6, 0); err != nil {
			t.Errorf("the export: %v", err)
		}
		score, err := again.Test(context.Background())
		if err != nil || score != r.Last.Test {
			t.Errorf("the export scores %+v, %v, and the run %+v", score, err, r.Last.Test)
		}
	})
}

// A step that is taken back is not averaged.
func TestAStepThatIsTakenBackIsNotAveraged(t *testing.T) {
	c := tiny("ptxsim", "SGD")
	c.Precision, c.LossScale, c.EMA = "fp16", 1<<24, 0.5
	j := openFew(t, c)
	for _, s := range j.ema.State() {
		s.Value.Fill(0.25)
	}
	mustRun(t, j)
	if n := j.undo.count(); n != j.at.Step || n == 0 {
		t.Fatalf("%d of %d steps were taken back", n, j.at.Step)
	}
	for _, s := range j.ema.State() {
		for i, v := range s.Value.Floats() {
			if v != 0.25 {
				t.Fatalf("%s: element %d is %v, want 0.25", s.Name, i, v)
			}
		}
	}
}

// A run ends so many epochs behind its best one, also when it is taken up
// there.
func TestEarlyStop(t *testing.T) {
	c := small("mlp", "SGD")
	c.LR, c.Epochs, c.EarlyStop = 0, 9, 2 // no epoch is better than the first
	folder := mustFolder(t, c)
	s := &stopper{}
	r, err := mustOpen(t, c).Run(context.Background(), folder, s)
	if err != nil || !r.Stalled || len(s.epochs) != 3 || r.Last.Epoch != 3 || r.Last.BestEpoch != 1 {
		t.Errorf("%+v, %v after %d epochs, want the run to end behind the third", r, err, len(s.epochs))
	}
	again := mustOpen(t, c)
	if err := again.Resume(folder); err != nil {
		t.Fatal(err)
	}
	if r, err := again.Run(context.Background(), folder, nil); err != nil || !r.Stalled || r.Last.Epoch != 3 {
		t.Errorf("taken up: %+v, %v, want it to end at once", r, err)
	}
	c.EarlyStop = 0
	if r := mustRun(t, mustOpen(t, c)); r.Stalled || r.Last.Epoch != 9 {
		t.Errorf("without: %+v, want 9 epochs", r)
	}
}
