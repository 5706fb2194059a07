package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"lbsam/analysis/lifelong"
)

// A streamProgress shows how a stream of tasks goes: on a terminal with a bar below a
// line per task, elsewhere with lines only. It is a lifelong.Watcher.
type streamProgress struct {
	out      io.Writer
	terminal bool
	every    time.Duration // between lines about steps where there is no terminal
	said     time.Time

	mu   sync.Mutex // the bar is drawn by another goroutine
	at   lifelong.Progress
	bars *mpb.Progress
	bar  *mpb.Bar
}

// Step moves the bar.
func (p *streamProgress) Step(at lifelong.Progress) {
	p.mu.Lock()
	p.at = at
	p.mu.Unlock()
	switch {
	case p.terminal:
		p.draw(at)
	case time.Since(p.said) >= p.every && at.Step < at.Steps:
		fmt.Fprintf(p.out, "%s  step %d/%d  %s\n", p.where(), at.Step, at.Steps, p.status())
		p.said = time.Now()
	}
}

func (p *streamProgress) draw(at lifelong.Progress) {
	const barWidth, parts = 22, 1000
	if p.bars == nil {
		p.bars = mpb.New(mpb.WithOutput(p.out), mpb.WithRefreshRate(time.Second/5), mpb.WithWidth(barWidth))
		locked := func(text func() string) decor.Decorator {
			return decor.Any(func(decor.Statistics) string {
				p.mu.Lock()
				defer p.mu.Unlock()
				return text()
			})
		}
		p.bar = p.bars.New(0, mpb.BarStyle(), mpb.PrependDecorators(locked(p.where)), mpb.AppendDecorators(locked(p.status)))
	}
	p.bar.SetTotal(parts, false)
	p.bar.SetCurrent(int64(parts * at.Done))
}

// Task leaves a line on the screen.
func (p *streamProgress) Task(at lifelong.Progress, v lifelong.Point) {
	p.mu.Lock()
	p.at = at
	sum := 0.0
	for _, accuracy := range v.Accuracy[:v.Task] {
		sum += accuracy
	}
	line := fmt.Sprintf("%s  train %s/%s  test: this task %s, the first %s, mean so far %s  %.1f s  eta %s\n", p.where(), short(v.TrainLoss), percent(v.TrainAccuracy),
		percent(v.Accuracy[v.Task-1]), percent(v.Accuracy[0]), percent(sum/float64(v.Task)), v.Seconds, duration(at.Left))
	out := p.out
	if p.bars != nil {
		out = p.bars // above the bar
	}
	p.said = time.Now()
	p.mu.Unlock()
	io.WriteString(out, line)
}

// stop takes the bar away.
func (p *streamProgress) stop() {
	if p.bars != nil {
		p.bar.Abort(true)
		p.bars.Wait()
		p.bars = nil
	}
}

// where is "seed 1 (2/3)  task  4/20".
func (p *streamProgress) where() string {
	total := fmt.Sprint(p.at.Tasks)
	return fmt.Sprintf("seed %d (%d/%d)  task %*d/%s", p.at.Seed, p.at.Part, p.at.Parts, len(total), p.at.Task, total)
}

// status is how the last steps went and how long all seeds will take.
func (p *streamProgress) status() string {
	text := fmt.Sprintf("%3.0f%%  ", 100*p.at.Done)
	if p.at.PerSecond > 0 {
		text += fmt.Sprintf("loss %s  acc %s  %.0f img/s  ", short(p.at.Loss), percent(p.at.Accuracy), p.at.PerSecond)
	}
	return text + "eta " + duration(p.at.Left)
}

// closing shows the numbers of all seeds.
func (p *streamProgress) closing(r lifelong.Result) {
	sd := lifelong.Metrics{}
	if r.SD != nil {
		sd = *r.SD
	}
	say := func(name string, mean, sd float64) {
		text := fmt.Sprintf("%6.1f", 100*mean)
		if r.SD != nil {
			text += fmt.Sprintf(" ± %.1f", 100*sd)
		}
		fmt.Fprintf(p.out, "%-20s %s %%\n", name, text)
	}
	say("average accuracy", r.Mean.Accuracy, sd.Accuracy)
	say("forgetting", r.Mean.Forgetting, sd.Forgetting)
	say("learning accuracy", r.Mean.Learning, sd.Learning)
	say("backward transfer", r.Mean.Backward, sd.Backward)
	say("forward transfer", r.Mean.Forward, sd.Forward)
	fmt.Fprintf(p.out, "%s per seed, of %s images together, %.1f s of training\n", count(int(r.Evals+.5), "gradient evaluation"), thousands(int(r.Images+.5)), r.Seconds)
}
