package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"lbsam/datasets"
	"lbsam/train"
)

// A progress shows how a run goes: on a terminal with a bar below a line per
// epoch, elsewhere with lines only. It is a train.Watcher.
type progress struct {
	out      io.Writer
	terminal bool
	every    time.Duration // between lines about steps where there is no terminal
	adaptive bool
	evals    int // per step
	maxEvals int // of the run; 0: no limit
	began    time.Time
	steps    int // since then
	said     time.Time
	guess    float64 // accuracy on the training images of whoever always names their most frequent class
	stuck    bool    // it was said that the model is no better

	mu      sync.Mutex // the bar is drawn by another goroutine
	at      train.Progress
	last    train.Interval // Kind is "" before the first one
	total   int64          // gradient evaluations
	stopped bool

	bars *mpb.Progress
	bar  *mpb.Bar
}

func newProgress(s *session) *progress {
	c := s.job.Config
	return &progress{
		out: s.stderr, terminal: s.terminal, every: s.every,
		adaptive: c.Adaptive && isLookbehind(c), evals: s.job.Evals(), maxEvals: c.MaxEvals, at: train.Progress{Epochs: c.Epochs},
		guess: commonest(&s.job.Data.Train, len(s.job.Data.Classes)),
	}
}

// start begins to count the time.
func (p *progress) start() {
	p.began, p.said = time.Now(), time.Now()
	if !p.terminal {
		return
	}
	const barWidth = 22
	p.bars = mpb.New(mpb.WithOutput(p.out), mpb.WithRefreshRate(time.Second/5), mpb.WithWidth(barWidth))
	p.bar = p.bars.New(0, mpb.BarStyle(), // of no total, so that no epoch completes it
		mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return p.locked(p.epoch) })),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return p.locked(p.status) })))
}

func (p *progress) locked(text func() string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return text()
}

// stop takes the bar away; from then on nothing is shown.
func (p *progress) stop() {
	p.mu.Lock()
	first := !p.stopped
	p.stopped = true
	p.mu.Unlock()
	if first && p.bars != nil {
		p.bar.Abort(true)
		p.bars.Wait()
	}
}

// Step moves the bar.
func (p *progress) Step(at train.Progress) {
	p.mu.Lock()
	p.at = at
	p.total += int64(p.evals)
	p.steps++
	p.mu.Unlock()
	if p.bar != nil {
		p.bar.SetTotal(int64(at.Steps), false)
		p.bar.SetCurrent(int64(at.Step))
	}
}

// Interval renews the numbers, and shows them where there is no bar.
func (p *progress) Interval(v train.Interval) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last, p.total = v, v.Evals
	atEnd := p.at.Step == p.at.Steps // there will be a line about the epoch
	if p.bar == nil && !p.stopped && !atEnd && time.Since(p.said) >= p.every {
		fmt.Fprintf(p.out, "%s  step %d/%d  %s\n", p.epoch(), p.at.Step, p.at.Steps, p.status())
		p.said = time.Now()
	}
}

// Epoch leaves a line on the screen, and once another one if nothing is learnt. There
// was no step where a run that was stopped behind the last one of an epoch goes on.
func (p *progress) Epoch(e train.Epoch) {
	p.mu.Lock()
	p.at.Epoch = e.Epoch
	p.mu.Unlock()
	p.leave(fmt.Sprintf("%s  best %s @%d (on %s)  %.1f s", scores(e), percent(e.Best), e.BestEpoch, e.SelectedOn, e.Seconds))
	if e.Step >= stuckAfter && e.TrainAccuracy < p.guess+0.01*(1-p.guess) && !p.stuck {
		p.stuck = true
		p.leave("nothing is learnt so far: to name one class always is as good. A longer --warmup may help, or a smaller --rho or --lr")
	}
}

// stuckAfter is how many steps a model has to become better than a guess. Minimizers
// that climb far can be held where all logits are equal: there the gradient is small,
// and an ascent as long as everywhere.
const stuckAfter = 500

// commonest is the share of the most frequent class.
func commonest(s *datasets.Split, classes int) float64 {
	return float64(slices.Max(s.Counts(classes))) / float64(max(s.N, 1))
}

// Saved leaves a line on the screen.
func (p *progress) Saved(at train.Progress) {
	p.leave(fmt.Sprintf("step %d/%d  saved, as SIGUSR1 asked", at.Step, at.Steps))
}

// leave leaves a line about the epoch on the screen.
func (p *progress) leave(text string) {
	p.mu.Lock()
	line := fmt.Sprintf("%s  %s\n", p.epoch(), text)
	out := p.out
	if p.stopped {
		out = io.Discard
	} else if p.bars != nil {
		out = p.bars // above the bar
	}
	p.said = time.Now()
	p.mu.Unlock()
	io.WriteString(out, line)
}

// scores are the losses and accuracies of an epoch.
func scores(e train.Epoch) string {
	text := fmt.Sprintf("train %s/%s", short(e.TrainLoss), percent(e.TrainAccuracy))
	if e.Tested() {
		text += fmt.Sprintf("  test %s/%s", short(e.Test.Loss), percent(e.Test.Accuracy))
	}
	if v := e.Validation; v != nil {
		text += fmt.Sprintf("  validation %s/%s", short(v.Loss), percent(v.Accuracy))
	}
	return text
}

// epoch is "epoch  7/200".
func (p *progress) epoch() string {
	total := fmt.Sprint(p.at.Epochs)
	return fmt.Sprintf("epoch %*d/%s", len(total), p.at.Epoch, total)
}

// status is how the last interval went and how long the run will take.
func (p *progress) status() string {
	if p.steps == 0 {
		return "starting"
	}
	text := ""
	if p.bar != nil {
		text = fmt.Sprintf("%3d%%  ", 100*p.at.Step/max(p.at.Steps, 1))
	}
	if p.last.Kind != "" {
		text += fmt.Sprintf("loss %s  acc %s  ", short(p.last.Loss), percent(p.last.Accuracy))
		if p.adaptive {
			text += fmt.Sprintf("alpha %.2f  ", p.last.AlphaMean)
		}
		text += fmt.Sprintf("%.0f img/s  ", p.last.ImagesPerSecond)
	}
	if p.bar != nil && p.at.Step == p.at.Steps {
		return text + "testing"
	}
	return text + "eta " + duration(p.left())
}

// left is how long the steps that are left will take, evaluations in between
// counted.
func (p *progress) left() time.Duration {
	steps := float64(p.at.Epochs*p.at.Steps - (p.at.Epoch-1)*p.at.Steps - p.at.Step)
	if p.maxEvals > 0 {
		steps = min(steps, math.Ceil(float64(int64(p.maxEvals)-p.total)/float64(p.evals)))
	}
	return time.Duration(max(steps, 0) * float64(time.Since(p.began)) / float64(p.steps))
}

// short is a loss.
func short(loss float64) string {
	if loss < 1000 {
		return fmt.Sprintf("%.3f", loss)
	}
	return fmt.Sprintf("%.3g", loss)
}

// percent is an accuracy.
func percent(share float64) string { return fmt.Sprintf("%.1f%%", 100*share) }

// duration is d with two units at most.
func duration(d time.Duration) string {
	d = d.Round(time.Second)
	h, m, s := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case h >= 24:
		return fmt.Sprintf("%dd%02dh", h/24, h%24)
	case h > 0:
		return fmt.Sprintf("%dh%02dm", h, m)
	case m > 0:
		return fmt.Sprintf("%dm%02ds", m, s)
	}
	return fmt.Sprintf("%ds", s)
}
