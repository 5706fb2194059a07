#include "test.cuh"

// c [m, n] = a [m, k] b [k, n], tiles of 64 x 64 x 16, 256 threads with 4 x 4
// elements each. k and n are multiples of 4.
KERNEL BOUNDS(256) matmul(float *c, const float *a, const float *b, int m, int n, int k) {
	__shared__ __attribute__((aligned(16))) float as[16][68], bs[16][64];
	int t = threadIdx.x, tx = t % 16, ty = t / 16;
	int row0 = blockIdx.y * 64, col0 = blockIdx.x * 64;
	float acc[4][4] = {};
	for (int k0 = 0; k0 < k; k0 += 16) {
		int r = t / 4, i = t % 4 * 4;
		float4 v = {0, 0, 0, 0};
		if (row0 + r < m && k0 + i < k) v = load4(&a[(row0 + r) * k + k0 + i]);
		as[i][r] = v.x, as[i + 1][r] = v.y, as[i + 2][r] = v.z, as[i + 3][r] = v.w;
		r = t / 16, i = t % 16 * 4;
		v = {0, 0, 0, 0};
		if (k0 + r < k && col0 + i < n) v = load4(&b[(k0 + r) * n + col0 + i]);
		store4(&bs[r][i], v);
		__syncthreads();
#pragma unroll
		for (int j = 0; j < 16; j++) {
			float4 x = load4(&as[j][ty * 4]), y = load4(&bs[j][tx * 4]);
			float xs[4] = {x.x, x.y, x.z, x.w}, ys[4] = {y.x, y.y, y.z, y.w};
#pragma unroll
			for (int p = 0; p < 4; p++)
#pragma unroll
				for (int q = 0; q < 4; q++) acc[p][q] = __builtin_fmaf(xs[p], ys[q], acc[p][q]);
		}
		__syncthreads();
	}
#pragma unroll
	for (int p = 0; p < 4; p++) {
		int row = row0 + ty * 4 + p, col = col0 + tx * 4;
		if (row < m && col < n) store4(&c[row * n + col], {acc[p][0], acc[p][1], acc[p][2], acc[p][3]});
	}
}
