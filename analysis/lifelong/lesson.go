package lifelong

import (
	"lbsam/datasets"
	"lbsam/internal/rng"
	"lbsam/train"
)

// lesson is one epoch of task t, and the memory behind it. All that it draws depends
// on the seed, the number of the lesson and the memory: a stream that is resumed
// between two tasks goes on as if it had not stopped.
//
// The split of the lesson is the task's samples and behind them what the memory held
// before. Experience replay draws from the memory as it is at each step, this task's
// samples among it, and then offers it the batch; A-GEM draws its references from
// what is left of earlier tasks. A sample is offered in the first epoch alone: it is
// one sample of the stream, however often it is trained on.
func (s *stream) lesson(c Config, seed uint64, t, epoch int, m memory) (train.Lesson, memory) {
	own := s.tasks[t].train
	number := t*c.Train.Epochs + epoch
	draws := rng.New(seed, rng.Analysis, drawSamples, uint32(number))
	order := datasets.Sequence(nil, nil, len(own), seed, number, true)
	if limit := c.Train.LimitBatches; limit > 0 {
		order = order[:min(len(order), limit*c.Train.Batch)]
	}
	old := make([]int32, len(m.held))
	for i := range old {
		old[i] = int32(len(own) + i)
	}
	now := reservoir{m.capacity, m.seen, append([]int32(nil), old...)}
	l := train.Lesson{Split: s.lessonSplit(t, m, s.largest()+m.capacity), Number: number}
	var drawer drawer
	for len(order) > 0 {
		batch := order[:min(len(order), c.Train.Batch)]
		order = order[len(batch):]
		l.Order = append(l.Order, batch...)
		step := train.LessonStep{Batch: len(batch)}
		before := len(l.Order)
		switch c.Method {
		case ER:
			l.Order = drawer.draw(l.Order, now.held, c.MemoryBatch, &draws)
			step.Batch += len(l.Order) - before
		case AGEM:
			l.Order = drawer.draw(l.Order, old, c.MemoryBatch, &draws)
			step.Reference = len(l.Order) - before
		}
		l.Steps = append(l.Steps, step)
		if epoch == 0 && c.replays() {
			for _, sample := range batch {
				now.offer(sample, &draws)
			}
		}
	}
	after := memory{m.capacity, now.seen, nil}
	for _, at := range now.held {
		if int(at) < len(own) {
			after.held = append(after.held, reference{t, own[at]})
		} else {
			after.held = append(after.held, m.held[int(at)-len(own)])
		}
	}
	return l, after
}

// largest is the number of training samples of the largest task.
func (s *stream) largest() (n int) {
	for _, k := range s.tasks {
		n = max(n, len(k.train))
	}
	return n
}

// lessonSplit is the samples of task t and those of the memory, in a split of a size
// that all lessons share.
func (s *stream) lessonSplit(t int, m memory, size int) *datasets.Split {
	split, own := s.blank(size), s.tasks[t].train
	for i, sample := range own {
		s.fill(split, i, &s.data.Train, t, sample)
	}
	for i, r := range m.held {
		s.fill(split, len(own)+i, &s.data.Train, r.Task, r.Sample)
	}
	return split
}
