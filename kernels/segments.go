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
}

// A block is a piece of one segment, at most grain elements: the unit in
// which arenas are walked and sums are kept, so that both depend on the table
// alone.
type block struct{ segment, lo, hi int }

// NewSegments returns the table of the segments of an arena of size elements
// on d, in order of offset.
func NewSegments(d *Device, size int, list []Segment) *Segments {
	s := &Segments{Size: size, List: list}
	end := 0
	for i, seg := range list {
		if seg.Offset < end || seg.Len < 0 || seg.Offset+seg.Len > size {
			panic(fmt.Sprintf("kernels: segment %d is [%d, %d), want it behind %d and within %d", i, seg.Offset, seg.Offset+seg.Len, end, size))
		}
		end = seg.Offset + seg.Len
		for lo := seg.Offset; lo < end; lo += grain {
			s.blocks = append(s.blocks, block{i, lo, min(lo+grain, end)})
		}
	}
	s.sums = make([][3]float64, len(s.blocks))
	return s
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
