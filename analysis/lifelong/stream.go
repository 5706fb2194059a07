package lifelong

import (
	"fmt"
	"slices"

	"lbsam/datasets"
	"lbsam/internal/rng"
)

// A stream is the tasks of one seed. Their classes are numbered anew, so that those
// of a task, and with heads those of a head, come one after the other.
type stream struct {
	data    *datasets.Dataset
	classes []string // of the model
	head    int      // classes of a head; 0: there is one head
	tasks   []task
}

// A task is a part of a data set in the shape in which the model learns it.
type task struct {
	names       []string                 // of its classes
	train, test []int32                  // its samples in the splits of the data set
	label       []int                    // of the model, by that of the data set; -1: of another task
	change      func(dst, image []uint8) // from the data set's image to the task's; nil: it is that
}

// What the random numbers of a measurement are for: the first id of their stream.
const (
	drawClasses = iota + 1
	drawPixels  // second id: the task
	drawSamples // second id: the lesson
)

func newStream(c Config, d *datasets.Dataset, seed uint64) *stream {
	s := &stream{data: d}
	if c.Heads == Multi {
		s.head = c.perTask(len(d.Classes))
	}
	if c.Stream == Split {
		s.split(c, seed)
	} else {
		s.domains(c, seed)
	}
	return s
}

// split makes tasks of classes.
func (s *stream) split(c Config, seed uint64) {
	order := make([]int, len(s.data.Classes))
	for i := range order {
		order[i] = i
	}
	if c.Order == BySeed {
		r := rng.New(seed, rng.Analysis, drawClasses)
		for i := len(order) - 1; i > 0; i-- {
			j := r.Intn(i + 1)
			order[i], order[j] = order[j], order[i]
		}
	}
	per := c.perTask(len(order))
	for t := range c.Tasks {
		k := task{label: slices.Repeat([]int{-1}, len(order))}
		for i, class := range order[t*per : (t+1)*per] {
			k.label[class] = t*per + i
			k.names = append(k.names, s.data.Classes[class])
		}
		s.classes = append(s.classes, k.names...)
		s.add(k)
	}
}

// domains makes tasks of changed images, of all classes each.
func (s *stream) domains(c Config, seed uint64) {
	n := len(s.data.Classes)
	for t := range c.Tasks {
		k := task{label: make([]int, n), names: s.data.Classes}
		for class := range n {
			k.label[class] = class + s.head*t
		}
		for _, name := range k.names {
			if s.head > 0 {
				s.classes = append(s.classes, fmt.Sprintf("%s of task %d", name, t+1))
			} else if t == 0 {
				s.classes = append(s.classes, name)
			}
		}
		if t > 0 { // the first task has the images as they are
			k.change = change(c, s.data.Train, t, seed)
		}
		s.add(k)
	}
}

// add adds a task with all samples of its classes.
func (s *stream) add(k task) {
	k.train, k.test = k.samples(&s.data.Train), k.samples(&s.data.Test)
	s.tasks = append(s.tasks, k)
}

// samples are those of a split that belong to the task.
func (k task) samples(s *datasets.Split) (list []int32) {
	for i, label := range s.Labels {
		if k.label[label] >= 0 {
			list = append(list, int32(i))
		}
	}
	return list
}

// dataset is what a job of the stream is opened with.
func (s *stream) dataset() *datasets.Dataset {
	d := *s.data
	d.Classes = s.classes
	return &d
}

// blank returns a split of n images for fill.
func (s *stream) blank(n int) *datasets.Split {
	t := s.data.Train
	return &datasets.Split{Images: make([]uint8, n*t.H*t.W*t.C), Labels: make([]uint8, n), N: n, H: t.H, W: t.W, C: t.C}
}

// fill sets image i of dst to a sample of a task, from a split of the data set.
func (s *stream) fill(dst *datasets.Split, i int, from *datasets.Split, t int, sample int32) {
	k := s.tasks[t]
	image := from.Image(int(sample))
	if k.change == nil {
		copy(dst.Image(i), image)
	} else {
		k.change(dst.Image(i), image)
	}
	dst.Labels[i] = uint8(k.label[from.Labels[sample]])
}

// testSet is the test images of a task.
func (s *stream) testSet(t int) *datasets.Split {
	list := s.tasks[t].test
	set := s.blank(len(list))
	for i, sample := range list {
		s.fill(set, i, &s.data.Test, t, sample)
	}
	return set
}
