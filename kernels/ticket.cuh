// How the last of several blocks does what needs the work of all of them, so
// that a sum of two stages is one launch. Behind gpu.cuh.
#pragma once

// last_of tells all threads of a block whether theirs is the last of count
// blocks that come here with the same ticket, a counter in device memory. It
// is 0 before the first of them comes and again when the last one has come,
// so that a launch leaves it as it found it.
//
// In the last block every thread sees what any thread of the others wrote
// before it came here. The barrier orders the writes of a block before the
// fence of its first thread, and fences are cumulative: whoever reads a ticket
// that was taken behind the fence, and has a fence of its own between that and
// its reads, sees those writes; a chain of tickets, each of which read the one
// before, hands them on. The second barrier passes that on to the threads of
// the last block. Their reads have to be plain loads: ld.global.nc, which a
// compiler takes for a const __restrict__ array, may return what was there when
// the kernel began.
DEVICE bool last_of(int count, unsigned *ticket) {
	__shared__ bool last;
	__syncthreads();
	if (threadIdx.x == 0 && threadIdx.y == 0) {
		unsigned taken, end = count - 1;
		asm volatile("fence.acq_rel.gpu;" ::: "memory");
		asm volatile("atom.relaxed.gpu.inc.u32 %0, [%1], %2;" : "=r"(taken) : "l"(ticket), "r"(end) : "memory"); // end becomes 0
		asm volatile("fence.acq_rel.gpu;" ::: "memory");
		last = taken == end;
	}
	__syncthreads();
	return last;
}
