#include "gpu.cuh"

// x is [rows, c], as a rowWalk of width 1 shares it out: blockIdx.x is a group
// of columns, threadIdx.x one of them, blockIdx.y a slice of depth rows, of
// which threadIdx.y takes every blockDim.y-th. Threads with threadIdx.y 0 get
// the sum of the slice.
template <class T>
DEVICE double sum_slice(const T *x, int rows, int c, int depth, int column) {
	int first = blockIdx.y * depth, own = rows - first < depth ? rows - first : depth;
	double sum[1] = {};
	if (column < c) {
		x += (long long)first * c + column;
#pragma unroll 8
		for (int i = threadIdx.y; i < own; i += blockDim.y) sum[0] += x[(long long)i * c];
	}
	column_sum<256>(sum);
	return sum[0];
}
DEVICE int column() { return blockIdx.x * blockDim.x + threadIdx.x; }

// sum_rows computes partial [slices, c], the sum of each slice of x.
KERNEL BOUNDS(256) sum_rows(double *partial, const float *x, int rows, int c, int depth) {
	int j = column();
	double sum = sum_slice(x, rows, c, depth, j);
	if (threadIdx.y == 0 && j < c) partial[(long long)blockIdx.y * c + j] = sum;
}

// sum_rows_add adds to sum [c] the sum of partial [rows, c], one slice.
KERNEL BOUNDS(256) sum_rows_add(float *sum, const double *partial, int rows, int c) {
	int j = column();
	double total = sum_slice(partial, rows, c, rows, j);
	if (threadIdx.y == 0 && j < c) sum[j] += (float)total;
}
