package report

import (
	"fmt"
	"math"
	"strings"

	"lbsam/internal/figure"
	"lbsam/train"
)

// epochwise is the number of epochs from which the training curve has a point per
// epoch; in a shorter run it has one per interval.
const epochwise = 5

// curves are the figures of how the run went.
func (r *Run) curves() []figure.Lines {
	list := []figure.Lines{r.quality("loss"), r.quality("accuracy, %"), r.rate()}
	c := r.Config
	if strings.HasPrefix(c.Minimizer, "Lookbehind") {
		alpha := r.lines("Alpha", "alpha", r.numbers("mean, min to max", func(v train.Interval) float64 { return v.AlphaMean }))
		alpha.Series[0].Low = r.values(func(v train.Interval) float64 { return v.AlphaMin })
		alpha.Series[0].High = r.values(func(v train.Interval) float64 { return v.AlphaMax })
		list = append(list, alpha)
	}
	if strings.HasSuffix(c.Minimizer, "SAM") {
		norms := r.lines("Norms", "norm",
			r.numbers("gradient", func(v train.Interval) float64 { return v.GradNorm }),
			r.numbers("perturbation", func(v train.Interval) float64 { return v.Distance }))
		norms.Y.Log = true
		list = append(list, norms,
			r.lines("Rise of the loss on the way to the perturbed weights", "loss", r.numbers("rise", func(v train.Interval) float64 { return v.LossRise })))
	}
	return append(list, r.throughput())
}

// lines is a figure over the epochs.
func (r *Run) lines(title, y string, series ...figure.Series) figure.Lines {
	x := figure.Axis{Label: "epoch", Zero: true}
	if r.perEpoch() == 0 {
		x.Label = "step"
	}
	return figure.Lines{Title: title, X: x, Y: figure.Axis{Label: y}, Series: series}
}

// perEpoch is the number of steps of an epoch, 0 if no epoch has ended.
func (r *Run) perEpoch() float64 {
	last := r.last()
	if last.Epoch == 0 {
		return 0
	}
	return float64(last.Step) / float64(last.Epoch)
}

// place is where a step lies on the x axis.
func (r *Run) place(step int) float64 {
	if per := r.perEpoch(); per > 0 {
		return float64(step) / per
	}
	return float64(step)
}

// numbers is a series of what intervals measured, at the step where they end.
func (r *Run) numbers(name string, of func(train.Interval) float64) figure.Series {
	s := figure.Series{Name: name, Y: r.values(of)}
	for _, v := range r.long() {
		s.X = append(s.X, r.place(v.Step))
	}
	return s
}

func (r *Run) values(of func(train.Interval) float64) []float64 {
	var list []float64
	for _, v := range r.long() {
		list = append(list, of(v))
	}
	return list
}

// long are the intervals without those that an epoch's end cut to less than half:
// means over few images jump.
func (r *Run) long() (list []train.Interval) {
	most := int64(0)
	for _, v := range r.Intervals {
		most = max(most, v.Images)
	}
	for _, v := range r.Intervals {
		if 2*v.Images >= most {
			list = append(list, v)
		}
	}
	return list
}

// scores is a series of what epochs measured, at their end.
func (r *Run) scores(name string, of func(train.Epoch) float64) figure.Series {
	s := figure.Series{Name: name}
	for _, e := range r.Epochs {
		s.X, s.Y = append(s.X, r.place(e.Step)), append(s.Y, of(e))
	}
	return s
}

// quality is the figure of the losses, or that of the accuracies.
func (r *Run) quality(what string) figure.Lines {
	loss := what == "loss"
	choose := func(l, accuracy float64) float64 {
		if loss {
			return l
		}
		return 100 * accuracy
	}
	trained := r.scores("train", func(e train.Epoch) float64 { return choose(e.TrainLoss, e.TrainAccuracy) })
	if len(r.Epochs) < epochwise {
		trained = r.numbers("train", func(v train.Interval) float64 { return choose(v.Loss, v.Accuracy) })
	}
	title := "Accuracy"
	if loss {
		title = "Loss"
	}
	f := r.lines(title, what, trained, r.scores("test", func(e train.Epoch) float64 {
		if !e.Tested() {
			return math.NaN()
		}
		return choose(e.Test.Loss, e.Test.Accuracy)
	}))
	if r.last().Validation != nil {
		f.Series = append(f.Series, r.scores("validation", func(e train.Epoch) float64 {
			if e.Validation == nil {
				return math.NaN()
			}
			return choose(e.Validation.Loss, e.Validation.Accuracy)
		}))
	}
	f.Events = r.drops()
	return f
}

// drops are where the schedule lowers the learning rate in one step.
func (r *Run) drops() (events []figure.Event) {
	if r.Config.Schedule != "multistep" || r.perEpoch() == 0 {
		return nil
	}
	lr := r.Config.LR
	for _, m := range r.Config.Milestones {
		lr *= r.Config.Gamma
		if m < float64(r.last().Epoch) {
			events = append(events, figure.Event{X: m, Name: "lr " + figure.Number(lr)})
		}
	}
	return events
}

// rate is the figure of the learning rate, and of rho where that changes too.
func (r *Run) rate() figure.Lines {
	f := r.lines("Learning rate", "learning rate", r.numbers("lr", func(v train.Interval) float64 { return v.LR }))
	f.Y.Zero = true
	if r.Config.Schedule == "multistep" {
		f.Y = figure.Axis{Label: "learning rate", Log: true}
	}
	if strings.HasSuffix(r.Config.Minimizer, "SAM") {
		f.Title, f.Y.Label = "Learning rate and rho", "lr, rho"
		f.Series = append(f.Series, r.numbers("rho", func(v train.Interval) float64 { return v.Rho }))
	}
	return f
}

func (r *Run) throughput() figure.Lines {
	f := r.lines("Throughput", "images/s", r.numbers("images per second", func(v train.Interval) float64 { return v.ImagesPerSecond }))
	f.Y.Zero = true
	if waited := r.waited(); waited >= 0.01 {
		f.Title += fmt.Sprintf(", %.0f%% of the time waiting for data", 100*waited)
	}
	return f
}

// waited is the share of the time that training waited for data.
func (r *Run) waited() float64 {
	sum := 0.0
	for _, v := range r.Intervals {
		sum += v.WaitShare
	}
	return sum / float64(max(1, len(r.Intervals)))
}
