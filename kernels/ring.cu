#include "gpu.cuh"

// push_row copies row [c] to row count[0] mod n of ring [n, c] and adds one to
// count. c counts 32-bit words. One block, so that all of it has read count
// before it changes.
KERNEL BOUNDS(256) push_row(int *ring, const int *row, int *count, int n, int c) {
	unsigned at = *count;
	__syncthreads();
	int *to = ring + (long long)(at % n) * c;
	for (int i = threadIdx.x; i < c; i += 256) to[i] = row[i];
	if (threadIdx.x == 0) *count = at + 1;
}

// take_row copies row count[0] mod n of table [n, c] to row [c] and adds one to
// count. c counts 32-bit words. One block, as above.
KERNEL BOUNDS(256) take_row(int *row, const int *table, int *count, int n, int c) {
	unsigned at = *count;
	__syncthreads();
	const int *from = table + (long long)(at % n) * c;
	for (int i = threadIdx.x; i < c; i += 256) row[i] = from[i];
	if (threadIdx.x == 0) *count = at + 1;
}
