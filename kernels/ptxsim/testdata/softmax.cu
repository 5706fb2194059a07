#include "test.cuh"

// y [rows, n] = softmax of each row of x over its first length[row] elements,
// 0 behind them. A warp does a row; rows, lengths and trips differ between
// lanes on purpose.
KERNEL BOUNDS(128) softmax(float *y, const float *x, const int *length, int rows, int n) {
	int lane = threadIdx.x % 32, row = blockIdx.x * 4 + threadIdx.x / 32;
	if (row >= rows) return;
	const float log2e = 1.4426950408889634f;
	int m = length[row];
	const float *in = x + row * n;
	float *out = y + row * n;
	float top = -1e30f;
	for (int i = lane; i < m; i += 32) {
		if (in[i] <= top) continue;
		top = in[i];
	}
	top = warp_max(top);
	float sum = 0;
	for (int i = lane; i < m; i += 32) sum += exp2_((in[i] - top) * log2e);
	sum = warp_sum(sum);
	for (int i = lane; i < n; i += 32) {
		if (i < m)
			out[i] = exp2_((in[i] - top) * log2e) / sum;
		else
			out[i] = 0;
	}
}

// steps[i] = length of the Collatz sequence from x[i]: every lane goes round
// another number of times, and some leave early.
KERNEL collatz(int *steps, const unsigned *x, int n) {
	int i = blockIdx.x * blockDim.x + threadIdx.x;
	if (i >= n) return;
	unsigned v = x[i];
	int k = 0;
	while (v > 1) {
		if (v & 1) {
			if (v > 0x50000000u) {
				steps[i] = -1;
				return;
			}
			v = 3 * v + 1;
		} else {
			v /= 2;
		}
		k++;
	}
	steps[i] = k;
}
