// Package lifelong trains one model on a stream of tasks, one after the other, and
// measures what it remembers: the sequence-of-tasks measurement of the
// Lookbehind-SAM paper (Mordido et al., ICML 2024, on lifelong learning), in the
// protocol of Chaudhry et al., "Efficient Lifelong Learning with A-GEM" (2019), and
// "On Tiny Episodic Memories in Continual Learning" (2019).
//
// Any minimizer of package train is one side of it, a method against forgetting the
// other: none (finetune), experience replay, or A-GEM's projection of gradients.
package lifelong

import (
	"fmt"
	"slices"
	"strings"

	"lbsam/datasets"
	"lbsam/internal/suggest"
	"lbsam/train"
)

// The streams, methods, heads and orders by name.
const (
	Split    = "split"    // each task has classes of its own
	Permuted = "permuted" // each task has all classes, and an order of the pixels of its own
	Rotated  = "rotated"  // likewise, and an angle by which images are turned

	Finetune = "finetune" // nothing against forgetting
	ER       = "er"       // experience replay: a memory batch joins each batch
	AGEM     = "agem"     // A-GEM: descents do not go against the gradient of a memory batch

	Single = "single" // one head for all tasks
	Multi  = "multi"  // one for each: logits of other tasks are masked, in training and evaluation

	BySeed  = "seed"   // the classes of a split in random order
	ByLabel = "sorted" // in that of their labels
)

// Streams, Methods, Heads and Orders are the names that a Config takes.
func Streams() []string { return []string{Split, Permuted, Rotated} }
func Methods() []string { return []string{Finetune, ER, AGEM} }
func Heads() []string   { return []string{Single, Multi} }
func Orders() []string  { return []string{BySeed, ByLabel} }

// Config is all that decides a measurement.
type Config struct {
	// Train says data, model, minimizer and machine. Its Batch is of each task's
	// samples, without those of the memory, its Epochs are per task, and Seed is
	// not used. The learning rate and rho stay as they are over the stream.
	Train train.Config

	Stream string
	Tasks  int // of the stream; 0: 20 for CIFAR100, half the classes for another split, else 10
	Learn  int // how many of them are learnt and tested, the first ones, to choose settings on; 0: all
	Order  string
	Heads  string

	Method      string
	Memory      int // samples in all, a reservoir over those seen; 0: PerClass decides
	PerClass    int // samples for each class of each task of the stream
	MemoryBatch int // samples drawn from it in each step

	Seeds []uint64 // a stream and a training each
}

// maxClasses is how many a label tells apart.
const maxClasses = 256

// Validate reports the first setting that is wrong, and makes the spelling of names
// uniform.
func (c *Config) Validate() error {
	if err := c.Train.Validate(); err != nil {
		return err
	}
	for _, n := range []struct {
		flag  string
		value *string
		known []string
	}{{"stream", &c.Stream, Streams()}, {"method", &c.Method, Methods()}, {"heads", &c.Heads, Heads()}, {"class-order", &c.Order, Orders()}} {
		i := slices.IndexFunc(n.known, func(k string) bool { return strings.EqualFold(k, strings.ReplaceAll(*n.value, "-", "")) })
		if i < 0 {
			return unknown(n.flag, *n.value, n.known)
		}
		*n.value = n.known[i]
	}
	if err := c.ranges(); err != nil {
		return err
	}
	return c.together()
}

func unknown(flag, name string, known []string) error {
	meant := ""
	if near := suggest.Nearest(name, known); near != "" {
		meant = fmt.Sprintf(" (did you mean %s?)", near)
	}
	return usage("unknown %s %q%s: want one of %s", flag, name, meant, strings.Join(known, ", "))
}

func usage(format string, args ...any) error {
	return train.UsageError{Message: fmt.Sprintf(format, args...)}
}

// ranges checks the numbers.
func (c *Config) ranges() error {
	for _, n := range []struct {
		flag          string
		value, lo, hi int
	}{
		{"tasks", c.Tasks, 0, maxClasses}, {"learn", c.Learn, 0, maxClasses}, {"memory", c.Memory, 0, 1 << 24},
		{"memory-per-class", c.PerClass, 0, 1 << 20}, {"memory-batch", c.MemoryBatch, 0, 1 << 16},
	} {
		if n.value < n.lo || n.value > n.hi {
			return usage("--%s is %d: want a number from %d to %d", n.flag, n.value, n.lo, n.hi)
		}
	}
	if len(c.Seeds) == 0 {
		return usage("--seeds is empty: want one or more")
	}
	for i, seed := range c.Seeds {
		if slices.Contains(c.Seeds[:i], seed) {
			return usage("--seeds has %d twice: want different ones", seed)
		}
		t := c.Train
		if t.Seed = seed; t.Validate() != nil {
			return usage("--seeds has %d: want numbers below 2^63", seed)
		}
	}
	return nil
}

// together rejects what makes no sense together.
func (c *Config) together() error {
	t := c.Train
	switch {
	case c.replays() && c.Memory == 0 && c.PerClass == 0:
		return usage("--method %s needs a memory: give --memory or --memory-per-class, or --method %s", c.Method, Finetune)
	case c.replays() && c.MemoryBatch == 0:
		return usage("--memory-batch is 0, and --method %s draws from its memory in each step: want 1 or more", c.Method)
	case c.Heads == Multi && t.Smoothing > 0:
		return usage("--label-smoothing spreads labels over classes that --heads %s masks: give one of them", Multi)
	case c.Stream == Permuted && t.Augment:
		return usage("--augment crops and mirrors pictures, and --stream %s leaves none: give one of them", Permuted)
	case t.NewBatches || t.SAMMicro > 0 || t.Accumulate > 1:
		return usage("--new-batches, --sam-m and --accumulate do not go with lifelong: each step has one batch, and its memory batch")
	case t.Schedule != "constant" || t.RhoSched != "constant" || t.Warmup > 0:
		return usage("a schedule of the learning rate or of rho does not go with lifelong: want constant ones")
	case t.ValSplit > 0 || t.EMA > 0 || t.Mixup > 0 || t.Cutmix > 0 || t.MaxEvals > 0 || t.EarlyStop > 0 || t.Recalibrate > 0:
		return usage("--val-split, --ema, --mixup, --cutmix, --max-evals, --early-stop and --recalibrate do not go with lifelong")
	}
	return nil
}

// replays reports whether the method has a memory.
func (c Config) replays() bool { return c.Method != Finetune }

// Complete is Validate that also fills in what depends on the data, and rejects what
// they do not have.
func (c *Config) Complete(d *datasets.Dataset) error {
	if err := c.Validate(); err != nil {
		return err
	}
	classes := len(d.Classes)
	if c.Tasks == 0 {
		c.Tasks = 10
		if c.Stream == Split {
			c.Tasks = max(classes/2, 1)
			if classes == 100 {
				c.Tasks = 20
			}
		}
	}
	if c.Learn == 0 {
		c.Learn = c.Tasks
	}
	switch {
	case c.Stream == Split && c.Tasks > classes:
		return usage("%d tasks of classes of their own need as many classes, and %s has %d: choose --tasks up to %d, or --stream %s or %s",
			c.Tasks, d.Name, classes, classes, Permuted, Rotated)
	case c.Tasks < 2:
		return usage("--tasks is %d: want 2 or more", c.Tasks)
	case c.Stream == Split && classes%c.Tasks != 0:
		return usage("--tasks is %d: the %d classes of %s cannot be divided evenly among so many tasks", c.Tasks, classes, d.Name)
	case c.Learn > c.Tasks || c.Learn < 2:
		return usage("--learn is %d: want a number from 2 to that of the tasks, %d", c.Learn, c.Tasks)
	case c.Stream != Split && c.Heads == Multi && c.Tasks*classes > maxClasses:
		return usage("%d tasks of %d classes with a head each have %d classes: want %d at most", c.Tasks, classes, c.Tasks*classes, maxClasses)
	}
	if c.replays() && c.Memory == 0 {
		c.Memory = c.PerClass * c.Tasks * c.perTask(classes)
	}
	if !c.replays() {
		c.Memory, c.PerClass, c.MemoryBatch = 0, 0, 0
	}
	return nil
}

// perTask is how many classes a task has.
func (c Config) perTask(classes int) int {
	if c.Stream == Split {
		return classes / c.Tasks
	}
	return classes
}

// evalBatch is how many images are scored at a time, at least.
const evalBatch = 128

// job is the configuration of the training of one seed, whose batches hold those
// of every step.
func (c Config) job(seed uint64) train.Config {
	t := c.Train
	t.Seed = seed
	switch c.Method {
	case ER:
		t.Batch += c.MemoryBatch
	case AGEM:
		t.Batch = max(t.Batch, c.MemoryBatch)
	}
	t.Batch = max(t.Batch, evalBatch)
	return t
}
