// Sums of rows. Behind gpu.cuh, half.cuh and ticket.cuh.
#pragma once

// x is [rows, c], as a rowWalk of width 1 shares it out: blockIdx.x is a group
// of columns, threadIdx.x one of them, blockIdx.y a slice of depth rows, of
// which threadIdx.y takes every blockDim.y-th. Threads with threadIdx.y 0 get
// the sum of a slice.
template <class T>
DEVICE double sum_slice(const T *x, int rows, int c, int depth, int slice, int column) {
	int first = slice * depth, own = rows - first < depth ? rows - first : depth;
	double sum[1] = {};
	if (column < c) {
		x += (long long)first * c + column;
#pragma unroll 8
		for (int i = threadIdx.y; i < own; i += blockDim.y) sum[0] += widen(x[(long long)i * c]);
	}
	column_sum<256>(sum);
	return sum[0];
}

// sum_rows_add adds to sum [c] the sum of the rows of x. The sums of the slices
// go to partial [slices, c]; the last block of a group of columns, of which each
// has a ticket, adds them up.
KERNEL BOUNDS(256) NAME(sum_rows_add)(float *sum, const element *x, double *partial, unsigned *tickets, int rows, int c, int depth) {
	int column = blockIdx.x * blockDim.x + threadIdx.x, slices = gridDim.y;
	bool writes = threadIdx.y == 0 && column < c;
	double own = sum_slice(x, rows, c, depth, blockIdx.y, column);
	if (writes) partial[(long long)blockIdx.y * c + column] = own;
	if (!last_of(slices, tickets + blockIdx.x)) return;
	double all = sum_slice(partial, slices, c, slices, 0, column);
	if (writes) sum[column] += (float)all;
}
