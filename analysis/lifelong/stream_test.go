package lifelong

import (
	"math"
	"slices"
	"testing"

	"lbsam/datasets"
	"lbsam/train"
)

// tiny is a stream of the synthetic set, shrunk to 8x8 pixels.
func tiny() *datasets.Dataset {
	d := datasets.Synthetic(1, 200, 80)
	for _, s := range []*datasets.Split{&d.Train, &d.Test} {
		small := datasets.Split{Labels: s.Labels, N: s.N, H: 8, W: 8, C: s.C}
		for i := range s.N {
			for h := range 8 {
				for w := range 8 {
					at := (4*h*s.W + 4*w) * s.C
					small.Images = append(small.Images, s.Image(i)[at:at+s.C]...)
				}
			}
		}
		*s = small
	}
	return d
}

// config is a measurement that takes a second.
func config(stream, method string) Config {
	t := train.Published()
	t.Dataset, t.Model, t.Minimizer, t.Device, t.Threads = "Synthetic", "lenet", "LookbehindSAM", "cpu", 1
	t.LR, t.Momentum, t.WeightDecay, t.Rho, t.Batch, t.Epochs = .05, 0, 0, .05, 10, 1
	t.Schedule, t.Augment = "constant", false
	return Config{
		Train: t, Stream: stream, Tasks: 5, Order: BySeed, Heads: Single,
		Method: method, Memory: 30, MemoryBatch: 10, Seeds: []uint64{0},
	}
}

// completed is c as Run has it.
func completed(t *testing.T, c Config, d *datasets.Dataset) Config {
	t.Helper()
	if err := c.Complete(d); err != nil {
		t.Fatal(err)
	}
	return c
}

// The tasks of a split share out classes and samples, and number classes in the order
// in which they come.
func TestSplitSharesOutTheClasses(t *testing.T) {
	d := tiny()
	orders := map[string]bool{}
	for seed := range uint64(3) {
		s := newStream(completed(t, config(Split, ER), d), d, seed)
		seen, next := make([]int, d.Train.N), 0
		for _, k := range s.tasks {
			if len(k.names) != 2 {
				t.Fatalf("a task has the classes %v, want two", k.names)
			}
			for _, sample := range k.train {
				seen[sample]++
				label := k.label[d.Train.Labels[sample]]
				if label/2*2 != next || s.classes[label] != d.Classes[d.Train.Labels[sample]] {
					t.Fatalf("sample %d, %s, has the label %d, %s", sample, d.Classes[d.Train.Labels[sample]], label, s.classes[label])
				}
			}
			next += 2
		}
		if slices.Min(seen) != 1 || slices.Max(seen) != 1 {
			t.Errorf("seed %d: samples are in %d to %d tasks, want each in one", seed, slices.Min(seen), slices.Max(seen))
		}
		orders[s.classes[0]+s.classes[1]+s.classes[2]] = true
	}
	if len(orders) == 1 {
		t.Error("three seeds have the same order of classes")
	}
	c := completed(t, config(Split, ER), d)
	c.Order = ByLabel
	if s := newStream(c, d, 5); !slices.Equal(s.classes, d.Classes) {
		t.Errorf("sorted classes are %v", s.classes)
	}
}

// A permutation has the pixels of its image, the same places for all images, and
// others for each task and seed; the first task leaves images as they are.
func TestPermutedPixels(t *testing.T) {
	d := tiny()
	c := completed(t, config(Permuted, ER), d)
	c.Heads = Multi
	s, other := newStream(c, d, 0), newStream(c, d, 1)
	plain, first, second := s.testSet(0), s.testSet(1), s.testSet(2)
	if !slices.Equal(plain.Images, d.Test.Images) {
		t.Error("the first task changes images")
	}
	for _, set := range []*datasets.Split{second, other.testSet(1)} {
		if slices.Equal(set.Images, first.Images) {
			t.Error("two tasks or seeds have the same permutation")
		}
	}
	pixels := func(image []uint8) (all []int) {
		for i := 0; i < len(image); i += d.Test.C {
			all = append(all, int(image[i])<<16|int(image[i+1])<<8|int(image[i+2]))
		}
		slices.Sort(all)
		return all
	}
	for i := range first.N {
		if !slices.Equal(pixels(first.Image(i)), pixels(plain.Image(i))) {
			t.Fatalf("image %d has other pixels than before", i)
		}
	}
	for i, label := range first.Labels {
		if int(label) != 10+int(d.Test.Labels[i]) {
			t.Fatalf("image %d of the second head has the label %d, want %d", i, label, 10+d.Test.Labels[i])
		}
	}
	if len(s.classes) != 50 || s.head != 10 {
		t.Errorf("%d classes in heads of %d, want 50 in heads of 10", len(s.classes), s.head)
	}
}

// A turn by a quarter moves pixels; by any angle a smooth picture, which bilinear
// interpolation hardly changes, is where it belongs.
func TestRotation(t *testing.T) {
	s := datasets.Split{H: 3, W: 3, C: 2}
	image := make([]uint8, 18)
	for i := range 9 {
		image[2*i], image[2*i+1] = uint8(i), uint8(100+i)
	}
	dst := make([]uint8, 18)
	rotation(s, math.Pi/2)(dst, image)
	for i, want := range []uint8{2, 5, 8, 1, 4, 7, 0, 3, 6} { // the right column comes up
		if dst[2*i] != want || dst[2*i+1] != 100+want {
			t.Fatalf("turned by 90 degrees pixel %d is %d and %d, want %d and %d", i, dst[2*i], dst[2*i+1], want, 100+want)
		}
	}
	s = datasets.Split{H: 21, W: 21, C: 1}
	bump := func(y, x float64) float64 { return 200 * math.Exp(-((y-6)*(y-6)+(x-14)*(x-14))/20) }
	image, dst = make([]uint8, 441), make([]uint8, 441)
	for i := range image {
		image[i] = uint8(math.Round(bump(float64(i/21), float64(i%21))))
	}
	const angle = .4
	rotation(s, angle)(dst, image)
	for i, v := range dst {
		y, x := float64(i/21-10), float64(i%21-10)
		if y*y+x*x > 81 {
			continue // its pixel may come from outside
		}
		want := bump(math.Sin(angle)*x+math.Cos(angle)*y+10, math.Cos(angle)*x-math.Sin(angle)*y+10)
		if !(math.Abs(float64(v)-want) <= 6) { // bilinear: curvature/8 in each direction, 2·20/8, and two roundings
			t.Fatalf("turned by %v pixel %d is %d, want %.1f", angle, i, v, want)
		}
	}
}

// A lesson has every sample of its task once, in batches; er joins what its memory has
// at the time, agem references of earlier tasks alone; and the memory behind it is the
// reservoir of all samples so far.
func TestLessons(t *testing.T) {
	d := tiny()
	for _, method := range []string{Finetune, ER, AGEM} {
		c := completed(t, config(Split, method), d)
		s := newStream(c, d, 0)
		m := memory{capacity: c.Memory}
		for k := range c.Tasks {
			n := len(s.tasks[k].train)
			l, after := s.lesson(c, 0, k, 0, m)
			var own []int32
			at := 0
			for i, step := range l.Steps {
				batch := l.Order[at : at+min(c.Train.Batch, n-10*i)]
				extra := l.Order[at+len(batch) : at+step.Batch+step.Reference]
				at += step.Batch + step.Reference
				own = append(own, batch...)
				wantExtra := map[string]int{ER: min(c.MemoryBatch, len(m.held)+10*i), AGEM: min(c.MemoryBatch, len(m.held))}[method]
				if len(extra) != wantExtra || method == AGEM && step.Batch != len(batch) || method == ER && step.Reference != 0 {
					t.Fatalf("%s: task %d, step %d: %+v with %d of the memory, want %d", method, k, i, step, len(extra), wantExtra)
				}
				for _, sample := range extra {
					if int(sample) >= n+len(m.held) || method == AGEM && int(sample) < n || int(sample) < n && !slices.Contains(own[:10*i], sample) {
						t.Fatalf("%s: task %d, step %d replays sample %d, which it has not seen before", method, k, i, sample)
					}
				}
			}
			if sorted := slices.Sorted(slices.Values(own)); len(sorted) != n || len(slices.Compact(sorted)) != n || at != len(l.Order) {
				t.Fatalf("%s: task %d has %d samples, and %d steps take %v", method, k, n, len(l.Steps), sorted)
			}
			for i, sample := range s.tasks[k].train {
				if !slices.Equal(l.Split.Image(i), d.Train.Image(int(sample))) {
					t.Fatalf("%s: task %d: image %d is not that of sample %d", method, k, i, sample)
				}
			}
			for i, r := range m.held {
				if !slices.Equal(l.Split.Image(n+i), d.Train.Image(int(r.Sample))) || l.Split.Labels[n+i] != uint8(s.tasks[r.Task].label[d.Train.Labels[r.Sample]]) {
					t.Fatalf("%s: task %d: place %d of the memory is not sample %d", method, k, i, r.Sample)
				}
			}
			if method != Finetune && (after.seen != m.seen+n || len(after.held) != min(c.Memory, after.seen)) {
				t.Fatalf("%s: behind task %d the memory has %d of %d", method, k, len(after.held), after.seen)
			}
			if _, later := s.lesson(c, 0, k, 1, after); later.seen != after.seen {
				t.Fatalf("%s: a second epoch offers samples again", method)
			}
			m = after
		}
		tasks := map[int]bool{}
		for _, r := range m.held {
			tasks[r.Task] = true
		}
		if method != Finetune && len(tasks) < 4 { // 30 of 200, 40 of each: fewer than 4 of 5 come once in 10^4
			t.Errorf("%s: the memory has samples of %d tasks", method, len(tasks))
		}
	}
}
