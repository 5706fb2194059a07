// The parts of a weight gradient, added up by a launch of its own: see
// conv2d_parts.cuh.
#include "gpu.cuh"

// add_parts is conv2d_add_parts, W elements at a time. A block has 128 elements, a
// lane four of them, and each warp adds up every eighth part.
template <int W>
DEVICE void add_parts(float *dw, const float *parts, int n, int count) {
	long long first = blockIdx.x * 128ll + threadIdx.x * W;
	const float *from = parts + (threadIdx.y * (long long)n + first);
	float sum[4] = {};
#pragma unroll 8
	for (int part = threadIdx.y; part < count; part += 8, from += 8ll * n)
#pragma unroll
		for (int i = 0; i < 4; i += W) {
			if (first + i * 32 >= n) continue;
			pack<W> v = load<W>(from + i * 32);
#pragma unroll
			for (int e = 0; e < W; e++) sum[i + e] += v.v[e];
		}
	column_sum<256>(sum);
	if (threadIdx.y > 0) return;
	dw += first;
#pragma unroll
	for (int i = 0; i < 4; i += W) {
		if (first + i * 32 >= n) continue;
		pack<W> v = load<W>(dw + i * 32);
#pragma unroll
		for (int e = 0; e < W; e++) v.v[e] += sum[i + e];
		store<W>(dw + i * 32, v);
	}
}

// conv2d_add_parts computes dw [n] += the sum of parts [count, n].
KERNEL BOUNDS(256) conv2d_add_parts(float *dw, const float *parts, int n, int count) {
	if (aligned4(dw) && n % 4 == 0)
		add_parts<4>(dw, parts, n, count);
	else
		add_parts<1>(dw, parts, n, count);
}
