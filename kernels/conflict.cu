#include "gpu.cuh"
#include "segments.cuh"

// The kernels of this file, but for conflict, run one block per entry of table;
// arenas are those of conflict.go.

// agreement sets sums [2, entries] to the sums g·r and r·r.
KERNEL BOUNDS(256) agreement(double *sums, const float *g, const float *r, const int4 *table) {
	double gr = 0, rr = 0;
	walk(table[blockIdx.x], [&](auto width, int i) {
		constexpr int W = decltype(width)::value;
		pack<W> a = load<W>(g + i), b = load<W>(r + i);
#pragma unroll
		for (int j = 0; j < W; j++) {
			gr += (double)a.v[j] * b.v[j];
			rr += (double)b.v[j] * b.v[j];
		}
	}, g, r);
	gr = block_sum<256>(gr);
	rr = block_sum<256>(rr);
	if (threadIdx.x == 0) {
		sums[blockIdx.x] = gr;
		sums[gridDim.x + blockIdx.x] = rr;
	}
}

// conflict sets factor[0] to min(0, g·r)/(r·r), the sums over sums [2, n]. One
// block.
KERNEL BOUNDS(256) conflict(float *factor, const double *sums, int n) {
	double gr = 0, rr = 0;
	for (int i = threadIdx.x; i < n; i += 256) {
		gr += sums[i];
		rr += sums[n + i];
	}
	gr = block_sum<256>(gr);
	rr = block_sum<256>(rr);
	if (threadIdx.x == 0) *factor = gr >= 0 ? 0 : (float)(gr / rr); // NaN stays
}

// deconflict computes y = g - factor·r, and y = g if factor is 0.
KERNEL BOUNDS(256) deconflict(float *y, const float *g, const float *r, const float *factor, const int4 *table) {
	float f = *factor;
	if (f == 0 && y == g) return;
	walk(table[blockIdx.x], [=](auto width, int i) {
		constexpr int W = decltype(width)::value;
		pack<W> v = load<W>(g + i);
		if (f != 0) {
			pack<W> x = load<W>(r + i);
#pragma unroll
			for (int j = 0; j < W; j++) v.v[j] -= f * x.v[j];
		}
		store<W>(y + i, v);
	}, y, g, r);
}
