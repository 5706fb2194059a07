package datasets

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"slices"
	"testing"
	"time"
)

// numbered returns a split of n images of 2x1x3 whose bytes are the index of the
// sample modulo 251, and whose labels are 1 more.
func numbered(n int) *Split {
	s := newSplit(n, 2, 1, 3)
	for i := range n {
		for j := range s.Image(i) {
			s.Image(i)[j] = uint8(i % 251)
		}
		s.Labels[i] = uint8(i%251) + 1
	}
	return &s
}

// indices runs one epoch and returns the index of every sample, after checking
// that images and labels belong to it.
func indices(t *testing.T, l *Loader, epoch, skip int) (all []int32) {
	t.Helper()
	l.Epoch(context.Background(), epoch, skip)
	for {
		b, err := l.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(b.Images) != b.N*6 || len(b.Labels) != b.N || len(b.Index) != b.N || b.N == 0 || b.N > l.Batch {
			t.Fatalf("batch of %d has %d bytes, %d labels, %d indices", b.N, len(b.Images), len(b.Labels), len(b.Index))
		}
		for i, index := range b.Index {
			if want := uint8(index % 251); b.Labels[i] != int32(want)+1 || !slices.Equal(b.Images[i*6:i*6+6], slices.Repeat([]uint8{want}, 6)) {
				t.Fatalf("sample %d has label %d, pixels %v", index, b.Labels[i], b.Images[i*6:i*6+6])
			}
		}
		all = append(all, b.Index...)
	}
}

func TestLoaderOrder(t *testing.T) {
	split := numbered(1003)
	plain := &Loader{Split: split, Batch: 10}
	if got := indices(t, plain, 5, 0); !slices.Equal(got, identity(nil, 1003)) {
		t.Error("without Shuffle the samples do not come as they lie")
	}
	want := Order(nil, 9, 5, 1003)
	for _, workers := range []int{0, 1, 2, 3, 8, 200} {
		l := &Loader{Split: split, Batch: 10, Seed: 9, Shuffle: true, Workers: workers}
		for range 2 { // an epoch does not depend on the one before
			if got := indices(t, l, 5, 0); !slices.Equal(got, want) {
				t.Errorf("%d workers: the samples do not come in Order", workers)
			}
		}
		for _, skip := range []int{1, 7, 100, 101, 500} {
			if got := indices(t, l, 5, skip); !slices.Equal(got, want[min(10*skip, 1003):]) {
				t.Errorf("%d workers: skipping %d batches does not continue the epoch", workers, skip)
			}
		}
		l.Close()
	}
}

func TestLoaderOfSamples(t *testing.T) {
	samples := []int32{900, 3, 77, 5, 6}
	l := &Loader{Split: numbered(1003), Samples: samples, Batch: 2}
	if got := indices(t, l, 0, 0); !slices.Equal(got, samples) {
		t.Errorf("got samples %v, want %v", got, samples)
	}
	l.DropLast = true
	if got := indices(t, l, 0, 0); !slices.Equal(got, samples[:4]) || l.Batches() != 2 {
		t.Errorf("with DropLast got %d batches, samples %v, want %v", l.Batches(), got, samples[:4])
	}
	l.Samples = []int32{}
	if got := indices(t, l, 0, 0); len(got) != 0 {
		t.Errorf("no samples gave %v", got)
	}
	l.Close()
}

func TestLoaderEndsOften(t *testing.T) {
	l := &Loader{Split: numbered(5), Batch: 5}
	l.Epoch(context.Background(), 0, 0)
	for i, want := range []error{nil, io.EOF, io.EOF, io.EOF} {
		if _, err := l.Next(); err != want {
			t.Errorf("Next %d: %v, want %v", i, err, want)
		}
	}
	l.Close()
	l.Close()
}

// workers counts the goroutines that assemble batches.
func workers() int {
	stacks := make([]byte, 1<<20)
	return bytes.Count(stacks[:runtime.Stack(stacks, true)], []byte("(*Loader).work("))
}

func TestLoaderLeavesNoGoroutines(t *testing.T) {
	l := &Loader{Split: numbered(1000), Batch: 3, Workers: 4}
	for epoch := range 5 { // each is left in the middle
		l.Epoch(context.Background(), epoch, 0)
		for range 7 {
			if _, err := l.Next(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := workers(); n != 4 {
		t.Errorf("%d goroutines at work, want 4", n)
	}
	l.Close()
	if n := workers(); n != 0 {
		t.Errorf("%d goroutines after Close", n)
	}
}

func TestLoaderWorksAhead(t *testing.T) {
	l := &Loader{Split: numbered(1000), Batch: 10}
	l.Epoch(context.Background(), 0, 0)
	defer l.Close()
	l.Next() // its batch stays in use
	for range 1000 {
		if len(l.slots[l.next%len(l.slots)].full) == 1 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error("the second batch is not assembled while the first one is in use")
}

func TestLoaderIsCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	l := &Loader{Split: numbered(1000), Batch: 10, Workers: 2}
	l.Epoch(ctx, 0, 0)
	if _, err := l.Next(); err != nil {
		t.Fatal(err)
	}
	cancel()
	for range 10 {
		if _, err := l.Next(); !errors.Is(err, context.Canceled) {
			t.Fatalf("Next after cancelling: %v", err)
		}
	}
	if got := indices(t, l, 0, 0); len(got) != 1000 {
		t.Errorf("the epoch after a cancelled one has %d samples", len(got))
	}
	l.Close()
}

func TestLoaderKeepsABatchUntilNext(t *testing.T) {
	l := &Loader{Split: numbered(1000), Batch: 10, Workers: 2}
	l.Epoch(context.Background(), 0, 0)
	defer l.Close()
	for i := range int32(20) {
		b, err := l.Next()
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Millisecond) // the workers fill whatever they may
		if b.Index[0] != 10*i || b.Images[0] != uint8(10*i%251) {
			t.Fatalf("batch %d begins with sample %d, pixel %d", i, b.Index[0], b.Images[0])
		}
	}
}

func TestLoaderAllocatesNothing(t *testing.T) {
	l := &Loader{Split: numbered(5000), Batch: 10, Shuffle: true, Workers: 2}
	l.Epoch(context.Background(), 0, 0)
	defer l.Close()
	if n := testing.AllocsPerRun(400, func() { l.Next() }); n != 0 {
		t.Errorf("Next allocates %v times", n)
	}
}

func TestLoaderMeasuresWait(t *testing.T) {
	l := &Loader{Split: numbered(100), Batch: 10}
	l.Epoch(context.Background(), 0, 0)
	l.Next()
	l.Wait = 0
	const busy = 50 * time.Millisecond // of the caller: not to be counted
	time.Sleep(busy)
	l.Next()
	if l.Wait <= 0 || l.Wait >= busy {
		t.Errorf("waited %v for a batch that was ready", l.Wait)
	}
	l.Close()
}

func TestLoaderBugsPanic(t *testing.T) {
	for name, f := range map[string]func(){
		"batch 0":       func() { (&Loader{Split: numbered(1)}).Epoch(context.Background(), 0, 0) },
		"skip -1":       func() { (&Loader{Split: numbered(1), Batch: 1}).Epoch(context.Background(), 0, -1) },
		"Next too soon": func() { (&Loader{Split: numbered(1), Batch: 1}).Next() },
		"fraction 2":    func() { Holdout(10, 2, 0) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s did not panic", name)
				}
			}()
			f()
		}()
	}
}

// BenchmarkLoader measures batches of 128 images of CIFAR's size, used at once;
// wait-ns/op is what a consumer that does nothing else waits.
func BenchmarkLoader(b *testing.B) {
	s := newSplit(50_000, 32, 32, 3)
	l := &Loader{Split: &s, Batch: 128, Shuffle: true}
	defer l.Close()
	b.SetBytes(128 * 32 * 32 * 3)
	b.ReportAllocs()
	epoch := 0
	l.Epoch(context.Background(), epoch, 0)
	for b.Loop() {
		if _, err := l.Next(); err == io.EOF {
			epoch++
			l.Epoch(context.Background(), epoch, 0)
		}
	}
	b.ReportMetric(float64(l.Wait.Nanoseconds())/float64(b.N), "wait-ns/op")
}
