#include "gpu.cuh"
#include "philox.cuh"

template <int W>
DEVICE void keep(float *y, const float *x, const unsigned *word, unsigned threshold, float scale) {
	pack<W> v = load<W>(x);
#pragma unroll
	for (int j = 0; j < W; j++) { // by bits, since infinity goes too, and without a branch, which would split the load
		int kept = -(word[j] >= threshold);
		v.v[j] = __int_as_float(__float_as_int(scale * v.v[j]) & kept);
	}
	store<W>(y, v);
}

// dropout sets y[i] = scale·x[i] where word i mod 4 of Philox with key seed
// and counter (i/4, pass, layer) is threshold or more, and 0 elsewhere; key is
// {seed, pass, layer}. Each thread has four of n elements. y may be x.
KERNEL BOUNDS(256) dropout(float *y, const float *x, const int *key, unsigned threshold, float scale, int n) {
	int four = blockIdx.x * 256 + threadIdx.x, i = 4 * four, left = n - i;
	if (left <= 0) return;
	words r = philox(key[0], four, key[1], key[2], PURPOSE_DROPOUT);
	y += i;
	x += i;
	if (left >= 4 && aligned4(y) && aligned4(x)) {
		keep<4>(y, x, r.w, threshold, scale);
		return;
	}
#pragma unroll
	for (int j = 0; j < 4; j++) {
		if (j < left) keep<1>(y + j, x + j, r.w + j, threshold, scale);
	}
}
