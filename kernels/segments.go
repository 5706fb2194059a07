package kernels

import "fmt"

// A Segment is one parameter in an arena of parameters.
type Segment struct {
	Offset, Len int
	Scaled      bool // ASAM scales its perturbation by T = |w| + eta; else T = 1
	Frozen      bool // it is never perturbed: T = 0
	NoDecay     bool // weight decay leaves it alone
}

// Segments says where the parameters lie in an arena of Size elements, and
// how each is treated. Elements outside of every segment are padding: zero,
// and never written.
type Segments struct {
	Size int
	List []Segment

	blocks []block
	sums   [][3]float64 // of the blocks: scratch of the functions that reduce

	// The same on a device that runs PTX, where the flags are those of the
	// time of NewSegments.
	table   Buffer // int32 [blocks, 4]: segment, lo, hi, flags
	starts  Buffer // int32 [segments+1]: the first block of each segment, and the number of all
	partial Buffer // float64 [3, blocks]: sums
}

// A block is a piece of one segment, at most grain elements, or grainGPU on a
// device that runs PTX: the unit in which arenas are walked and sums are kept,
// so that both depend on the table alone.
type block struct{ segment, lo, hi int }

// grainGPU is the work of a CUDA block: four accesses of 16 bytes by each of
// its 256 threads. The 21 million weights of a ResNet-34 make 5,200 blocks,
// nearly five waves of the 1,056 that an H100 holds at once; twice the grain
// makes two waves and a half. What a block reads beside its elements is 1% of
// an SGD step's memory sectors and 3% of a norm's, counted by the interpreter;
// half the grain doubles that.
const grainGPU = 4096

// NewSegments returns the table of the segments of an arena of size elements
// on d, in order of offset.
func NewSegments(d *Device, size int, list []Segment) *Segments {
	s := &Segments{Size: size, List: list}
	step := grain
	if d.gpu != nil {
		step = grainGPU
	}
	end := 0
	for i, seg := range list {
		if seg.Offset < end || seg.Len < 0 || seg.Offset+seg.Len > size {
			panic(fmt.Sprintf("kernels: segment %d is [%d, %d), want it behind %d and within %d", i, seg.Offset, seg.Offset+seg.Len, end, size))
		}
		end = seg.Offset + seg.Len
		for lo := seg.Offset; lo < end; lo += step {
			s.blocks = append(s.blocks, block{i, lo, min(lo+step, end)})
		}
	}
	if d.gpu != nil {
		s.upload(d)
	} else {
		s.sums = make([][3]float64, len(s.blocks))
	}
	return s
}

// upload makes what the kernels need; segments.cuh knows its layout.
func (s *Segments) upload(d *Device) {
	var table, starts []int32
	for i, b := range s.blocks {
		for len(starts) <= b.segment {
			starts = append(starts, int32(i))
		}
		flags, seg := int32(0), s.List[b.segment]
		for bit, set := range []bool{seg.Scaled, seg.Frozen, seg.NoDecay} {
			if set {
				flags |= 1 << bit
			}
		}
		table = append(table, int32(b.segment), int32(b.lo), int32(b.hi), flags)
	}
	for len(starts) <= len(s.List) {
		starts = append(starts, int32(len(s.blocks)))
	}
	s.table, s.starts = d.Alloc(Int32, len(table)), d.Alloc(Int32, len(starts))
	s.partial = d.Alloc(Float64, 3*len(s.blocks))
	Upload(s.table, table)
	Upload(s.starts, starts)
}

// Release gives the memory of the table back to a device that runs PTX.
func (s *Segments) Release() {
	for _, b := range []Buffer{s.table, s.starts, s.partial} {
		if !b.IsNil() {
			Release(b)
		}
	}
}

// launch gives a kernel a block for each of the table, which is its last
// argument.
func (s *Segments) launch(kernel string, args ...any) {
	s.table.dev.gpu.launch(kernel, blocks(len(s.blocks), 256), append(args, s.table)...)
}

// launchNorm sets norm[0] to the square root of the sum over all blocks of
// what kernel leaves of each.
func (s *Segments) launchNorm(norm Buffer, kernel string, args ...any) {
	s.launch(kernel, append([]any{s.partial}, args...)...)
	s.table.dev.gpu.launch("root_of_sums", blocks(1, 1024), norm, s.partial, len(s.blocks))
}

// each calls body once for each block, on all threads of d.
func (s *Segments) each(d *Device, body func(index int, b block)) {
	if d.isCPU() {
		d.pool.run(len(s.blocks), func(_, i int) { body(i, s.blocks[i]) })
		return
	}
	for i, b := range s.blocks {
		body(i, b)
	}
}

// part is the block of an arena that may be absent.
func part[T Float](arena []T, b block) []T {
	if arena == nil {
		return nil
	}
	return arena[b.lo:b.hi]
}

// forDevice is the loop of d: the fast one on cpu, the reference on ref.
func forDevice[Loop any](d *Device, fast, reference Loop) Loop {
	if d.isCPU() {
		return fast
	}
	return reference
}
