package lifelong

import (
	"time"

	"lbsam/train"
)

// A learner is the train.Watcher of its lessons.

// Step counts a step.
func (l *learner) Step(p train.Progress) {
	if l.began.IsZero() {
		l.began, l.first = time.Now(), l.done
	}
	l.done++
	l.at.Step, l.at.Steps = p.Step, p.Steps
	l.at.Done = float64(l.done) / float64(l.total)
	if did := l.done - l.first; did > 1 { // the time of scoring is in it, from the first task's end on
		per := time.Since(l.began) / time.Duration(did)
		l.at.Left = per * time.Duration(max(l.total-l.done, 0))
	}
	if l.watch != nil {
		l.watch.Step(l.at)
	}
}

// Interval takes the numbers of the last steps.
func (l *learner) Interval(v train.Interval) {
	l.at.Loss, l.at.Accuracy, l.at.PerSecond = v.Loss, v.Accuracy, v.ImagesPerSecond
}

// Epoch is never called: a lesson has none.
func (l *learner) Epoch(train.Epoch) {}
