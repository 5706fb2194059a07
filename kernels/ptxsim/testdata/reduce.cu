#include "test.cuh"

// block_sum returns the sum of v over the block in all its threads.
DEVICE float block_sum(float v) {
	__shared__ float part[32];
	int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
	v = warp_sum(v);
	if (lane == 0) part[warp] = v;
	__syncthreads();
	v = lane < blockDim.x / 32 ? part[lane] : 0.0f;
	v = warp_sum(v);
	__syncthreads();
	return v;
}

// partial[block] = sum of the block's part of x [n].
KERNEL BOUNDS(256) sum_partial(float *partial, const float *x, int n) {
	float s = 0;
	for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) s += x[i];
	s = block_sum(s);
	if (threadIdx.x == 0) partial[blockIdx.x] = s;
}

// sum[0] = sum of partial [blocks].
KERNEL BOUNDS(256) sum_final(float *sum, const float *partial, int blocks) {
	float s = 0;
	for (int i = threadIdx.x; i < blocks; i += blockDim.x) s += partial[i];
	s = block_sum(s);
	if (threadIdx.x == 0) sum[0] = s;
}

// sum[0] += sum of x [n], by float atomics.
KERNEL BOUNDS(256) sum_atomic(float *sum, const float *x, int n) {
	float s = 0;
	for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += gridDim.x * blockDim.x) s += x[i];
	s = block_sum(s);
	if (threadIdx.x == 0) __nvvm_atom_add_gen_f(sum, s);
}

// A tree in shared memory, whose last steps stay in one warp.
KERNEL BOUNDS(256) sum_tree(float *sum, const float *x) {
	__shared__ float s[256];
	int t = threadIdx.x;
	s[t] = x[t];
	__syncthreads();
	for (int i = 128; i >= 32; i /= 2) {
		if (t < i) s[t] += s[t + i];
		__syncthreads();
	}
	if (t < 32) {
		for (int i = 16; i; i /= 2) {
			float v = s[(t + i) % 32];
			__nvvm_bar_warp_sync(ALL);
			s[t] += v;
			__nvvm_bar_warp_sync(ALL);
		}
	}
	if (t == 0) sum[0] = s[0];
}

// count[b] = number of x [n] with x % 16 == b; count starts at zero.
KERNEL BOUNDS(256) histogram(unsigned *count, const unsigned *x, int n) {
	__shared__ unsigned bins[16];
	int t = threadIdx.x;
	if (t < 16) bins[t] = 0;
	__syncthreads();
	for (int i = blockIdx.x * blockDim.x + t; i < n; i += gridDim.x * blockDim.x) __nvvm_atom_add_gen_i((int *)&bins[x[i] % 16], 1);
	__syncthreads();
	if (t < 16) __nvvm_atom_add_gen_i((int *)&count[t], (int)bins[t]);
}
