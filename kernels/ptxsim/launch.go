package ptxsim

import (
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"

	"lbsam/kernels/driver"
)

// Launch runs a kernel. If it does something wrong, the error is a driver.Lost
// around the *Fault of the first block that did, in the order in which they start.
func (d *Device) Launch(s driver.Stream, dk driver.Kernel, grid, block driver.Dim3, shared int, args []byte) error {
	k, ok := dk.(*kernel)
	if !ok {
		return fmt.Errorf("ptxsim: %s is a kernel of another driver", dk.Name())
	}
	l := &launch{k: k, dev: d, grid: grid, block: block, dynamic: shared, sharedSize: k.static}
	if shared > 0 {
		l.sharedSize = k.dynamic + shared
	}
	if err := l.check(args); err != nil {
		return fmt.Errorf("ptxsim: %s: %w", k.name, err)
	}
	l.params = append(make([]byte, 0, len(args)+8), args...)
	return d.give("Launch", s, nil, l.run)
}

// check tells what is wrong with the configuration.
func (l *launch) check(args []byte) error {
	n, k := l.block.Size(), l.k
	switch {
	case n == 0 || l.grid.Size() == 0:
		return fmt.Errorf("grid %v of blocks %v is empty", l.grid, l.block)
	case n > maxBlock || l.block.Z > 64:
		return fmt.Errorf("block %v is larger than %d threads or 64 in z", l.block, maxBlock)
	case l.grid.Y > maxGridYZ || l.grid.Z > maxGridYZ || l.grid.X > 1<<31-1:
		return fmt.Errorf("grid %v is larger than %d in y or z", l.grid, maxGridYZ)
	case k.maxThreads > 0 && n > k.maxThreads:
		return fmt.Errorf("block %v has %d threads, .maxntid is %d", l.block, n, k.maxThreads)
	case k.reqThreads && n != k.maxThreads:
		return fmt.Errorf("block %v has %d threads, .reqntid is %d", l.block, n, k.maxThreads)
	case l.dynamic < 0 || l.sharedSize > maxShared:
		return fmt.Errorf("%d bytes of shared memory, at most %d are possible", l.sharedSize, maxShared)
	case len(args) != k.paramSize:
		return fmt.Errorf("%d bytes of arguments, want %d for %d parameters", len(args), k.paramSize, len(k.params))
	}
	return nil
}

// A runner shares the blocks of a launch among workers.
type runner struct {
	l     *launch
	total int64
	next  atomic.Int64
	stop  atomic.Int64 // no block from here on need run
	mu    sync.Mutex
	fault *Fault
	crash error // a bug of the interpreter
	count Counters
}

// run runs all blocks.
func (l *launch) run() error {
	r := &runner{l: l, total: int64(l.grid.Size())}
	r.stop.Store(r.total)
	workers := int64(l.dev.workers)
	if l.k.serial {
		workers = 1
	}
	var wg sync.WaitGroup
	for range min(workers, r.total) - 1 {
		wg.Go(r.work)
	}
	r.work()
	wg.Wait()
	if r.crash != nil {
		panic(r.crash)
	}
	r.count.Launches = 1
	total := l.dev.counters[l.k.name]
	if total == nil {
		total = &Counters{}
		l.dev.counters[l.k.name] = total
	}
	total.add(&r.count)
	if r.fault != nil {
		return r.fault
	}
	return nil
}

// work runs blocks until none is left.
func (r *runner) work() {
	b := r.l.k.takeBlock(r.l)
	for {
		n := r.next.Add(1) - 1
		if n >= r.stop.Load() {
			break
		}
		r.one(b, n)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, w := range b.warps {
		r.count.add(&w.count)
		w.count = Counters{}
	}
	b.k.blocks.Put(b)
}

// one runs the n-th block and keeps its fault if no earlier block has one.
func (r *runner) one(b *block, n int64) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		f, ok := p.(*Fault)
		if !ok {
			r.crash = fmt.Errorf("ptxsim: bug in the interpreter at %s: %v\n%s", b.k.name, p, debug.Stack())
			r.stop.Store(0)
			return
		}
		if n < r.stop.Load() {
			r.fault = f
			r.stop.Store(n)
		}
	}()
	x, y, at := int64(r.l.grid.X), int64(r.l.grid.Y), n
	if r.l.dev.backward {
		at = r.total - 1 - n
	}
	b.run(driver.Dim3{X: uint32(at % x), Y: uint32(at / x % y), Z: uint32(at / x / y)})
}

// takeBlock returns the state of a block for a launch, one that was used
// before if it has the same shape.
func (k *kernel) takeBlock(l *launch) *block {
	b, ok := k.blocks.Get().(*block)
	if !ok || b.l.block != l.block || b.l.sharedSize != l.sharedSize {
		return newBlock(l)
	}
	b.l = l
	for _, w := range b.warps {
		w.seg = new(segment)
		w.setSpecial(false)
	}
	return b
}
