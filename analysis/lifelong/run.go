package lifelong

import (
	"context"
	"errors"
	"fmt"
	"time"

	"lbsam/datasets"
	"lbsam/train"
)

// A Point is a row of the matrix of one seed: how well the model does on the test
// images of every task behind one of them. It is the unit of work of a Folder.
type Point struct {
	Kind          string    `json:"kind"` // "task"
	Seed          uint64    `json:"seed"`
	Task          int       `json:"task"`              // from 1; 0: before the first
	Classes       []string  `json:"classes,omitempty"` // of the task
	Accuracy      []float64 `json:"accuracy"`          // on each task, [tasks]
	TrainLoss     float64   `json:"train_loss"`        // over the task's last epoch, memory batches of er among it
	TrainAccuracy float64   `json:"train_accuracy"`    // likewise
	Memory        int       `json:"memory"`            // samples held behind it
	Evals         int64     `json:"evals"`             // gradient evaluations so far
	Images        int64     `json:"images"`            // whose gradients these were, each time counted
	Seconds       float64   `json:"seconds"`           // of training in the task
}

// Progress is where a measurement is.
type Progress struct {
	Seed        uint64
	Part, Parts int           // seeds, from 1
	Task, Tasks int           // from 1
	Epoch       int           // of the task, from 1
	Step, Steps int           // of the epoch
	Done        float64       // of all the steps of the measurement, from 0 to 1
	Left        time.Duration // 0: not known yet
	Loss        float64       // of the last interval
	Accuracy    float64
	PerSecond   float64 // images
}

// A Watcher hears how a measurement goes. Its methods are called between steps.
type Watcher interface {
	Step(Progress)
	Task(Progress, Point)
}

// Run trains on the stream of each seed and measures. Data are opened by
// train.OpenData. It writes to folder, unless that is nil, and goes on where the
// folder's points end; watch may be nil. When ctx ends, what is done is kept, and the
// error is a train.Interrupted.
func Run(ctx context.Context, c Config, d *datasets.Dataset, folder *Folder, watch Watcher) (Result, error) {
	if err := c.Complete(d); err != nil {
		return Result{}, err
	}
	m := &measurement{Config: c, data: d, folder: folder, watch: watch}
	if err := folder.begin(m.Config); err != nil {
		return Result{}, err
	}
	m.plan()
	for part, seed := range c.Seeds {
		if err := m.seed(ctx, part, seed); err != nil {
			return Result{}, err
		}
	}
	r := newResult(m.Config, m.data.Name, m.points)
	return r, folder.finish(r)
}

// A measurement is a Run under way.
type measurement struct {
	Config
	data   *datasets.Dataset
	folder *Folder
	watch  Watcher
	points []Point

	at          Progress
	total, done int // steps of all seeds
	began       time.Time
	first       int // steps that were done when it began
}

// plan counts the steps, of a stream as the first seed has it: others differ by
// which classes come first.
func (m *measurement) plan() {
	s := newStream(m.Config, m.data, m.Seeds[0])
	for t := range m.Learn {
		m.total += len(m.Seeds) * m.Train.Epochs * m.steps(s, t)
	}
	m.at.Parts, m.at.Tasks = len(m.Seeds), m.Learn
}

// steps is how many steps an epoch of a task has.
func (m *measurement) steps(s *stream, t int) int {
	steps := (len(s.tasks[t].train) + m.Train.Batch - 1) / m.Train.Batch
	if limit := m.Train.LimitBatches; limit > 0 {
		steps = min(steps, limit)
	}
	return steps
}

// A learner is the training of one seed.
type learner struct {
	*measurement
	*stream
	job    *train.Job
	seed   uint64
	memory memory
	rows   []Point // those of this seed
}

// seed measures one seed, or what its points leave of it.
func (m *measurement) seed(ctx context.Context, part int, seed uint64) error {
	m.at.Part, m.at.Seed = part+1, seed
	l := &learner{measurement: m, stream: newStream(m.Config, m.data, seed), seed: seed}
	l.rows = m.folder.rows(seed)
	if len(l.rows) <= m.Learn {
		job, err := train.OpenWith(m.Config.job(seed), l.dataset())
		if err != nil {
			return err
		}
		defer job.Close()
		l.job = job
		l.job.Head = l.head
		if err := l.resume(); err != nil {
			return err
		}
		for t := max(len(l.rows)-1, 0); t < m.Learn; t++ {
			m.done = m.stepsBefore(l.stream, part, t)
			if err := l.task(ctx, t); err != nil {
				return m.blame(err, seed, t)
			}
		}
	}
	m.points = append(m.points, l.rows...)
	return nil
}

// blame adds to an error of training where it came up.
func (m *measurement) blame(err error, seed uint64, t int) error {
	if _, ok := errors.AsType[train.Interrupted](err); ok {
		return err
	}
	return fmt.Errorf("lifelong: seed %d, task %d: %w", seed, t+1, err)
}

// stepsBefore is how many steps come before task t of a seed.
func (m *measurement) stepsBefore(s *stream, part, t int) int {
	n := part * m.total / len(m.Seeds)
	for before := range t {
		n += m.Train.Epochs * m.steps(s, before)
	}
	return n
}

// resume takes up the training where the points of the seed end. Without a state that
// belongs to the last of them the seed begins again: the numbers will be the same.
func (l *learner) resume() error {
	l.memory = memory{capacity: l.Memory}
	if len(l.rows) < 2 {
		return nil
	}
	m, ok, err := l.folder.load(l.job, l.seed, len(l.rows))
	if err != nil {
		return err
	}
	keep := 1
	if ok {
		l.memory.seen, l.memory.held = m.Seen, m.Held
		keep = m.Task + 1
	}
	l.rows = l.rows[:keep]
	return l.folder.drop(l.seed, keep)
}

// task learns task t and scores the model on all tasks; before the first one it
// scores the model as it is.
func (l *learner) task(ctx context.Context, t int) error {
	if t == 0 && len(l.rows) == 0 {
		p := Point{Kind: "task", Seed: l.seed}
		if err := l.score(ctx, &p); err != nil {
			return err
		}
		if err := l.keep(p); err != nil {
			return err
		}
	}
	last := l.rows[len(l.rows)-1]
	p := Point{Kind: "task", Seed: l.seed, Task: t + 1, Classes: l.tasks[t].names, Evals: last.Evals, Images: last.Images}
	l.at.Task = t + 1
	for epoch := range l.Train.Epochs {
		l.at.Epoch = epoch + 1
		lesson, after := l.lesson(l.Config, l.seed, t, epoch, l.memory)
		learnt, err := l.job.Learn(ctx, lesson, l)
		if err != nil {
			return err
		}
		l.memory = after
		p.TrainLoss, p.TrainAccuracy, p.Memory = learnt.Loss, learnt.Accuracy, len(after.held)
		p.Evals, p.Images, p.Seconds = p.Evals+learnt.Evals, p.Images+learnt.Images, p.Seconds+learnt.Seconds
	}
	if err := l.score(ctx, &p); err != nil {
		return err
	}
	if err := l.keep(p); err != nil {
		return err
	}
	if l.watch != nil {
		l.watch.Task(l.at, p)
	}
	return l.folder.save(l.job, l.seed, t+1, l.memory)
}

// score sets p.Accuracy to that on each task that is learnt.
func (l *learner) score(ctx context.Context, p *Point) error {
	for t := range l.Learn {
		if ctx.Err() != nil {
			return train.Interrupted{Step: l.done}
		}
		s, err := l.job.ScoreOn(context.Background(), l.testSet(t), nil)
		if err != nil {
			return err
		}
		p.Accuracy = append(p.Accuracy, s.Accuracy)
	}
	return nil
}

// keep adds a point to those of the seed.
func (l *learner) keep(p Point) error {
	l.rows = append(l.rows, p)
	return l.folder.add(p)
}
