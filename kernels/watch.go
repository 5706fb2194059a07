package kernels

// A Launch is work that was given to a device that runs PTX.
type Launch struct {
	Kernel  string // "fill" and "copy" for what is no kernel
	Blocks  int
	Threads int   // of a block
	Bytes   int64 // of the operands, each counted as often as it is read or written as a rule
	Fetched int64 // of a product: as often as its blocks bring them to shared memory
	Alone   int64 // of a product in parts: what one block reads and writes to add them up, when the others have nothing left to do
	Behind  int64 // of a product: what a block reads when it has multiplied, one part of Bytes
	Conv    *Conv // the geometry of a product, else nil
	Fork    int   // not 0: it may run beside those of the same number on the other side
	Aside   bool  // the side, of a launch with a Fork: see Arena.Aside
}

// Watch makes f hear of all work that is given to a device that runs PTX from
// now on; nil ends that.
func (d *Device) Watch(f func(Launch)) {
	if d.gpu != nil {
		d.gpu.watch = f
	}
}

// saw tells the watcher of a launch.
func (g *gpu) saw(kernel string, s size, args []any) {
	if g.watch == nil {
		return
	}
	l := Launch{Kernel: kernel, Blocks: s.grid.Size(), Threads: s.block.Size(), Fetched: s.fetched, Alone: s.alone, Behind: s.behind, Aside: g.now == &g.side}
	if g.forks.open {
		l.Fork = g.forks.count
	}
	for _, a := range args {
		switch v := a.(type) {
		case Buffer:
			l.Bytes += int64(v.n * v.dtype.Size())
		case counted:
			l.Bytes += v.times * int64(v.n*v.dtype.Size())
		case Conv:
			l.Conv = &v
		}
	}
	g.watch(l)
}

// A counted is an operand of a launch that is not read or written once.
type counted struct {
	Buffer
	times int64
}

// again is an operand that is read and written.
func again(b Buffer) counted { return counted{b, 2} }

// spared is an operand that is left alone as a rule.
func spared(b Buffer) counted { return counted{b, 0} }
