// Dropout. Behind gpu.cuh, half.cuh and philox.cuh.
#pragma once

template <int W>
DEVICE void keep(element *y, const element *x, const unsigned *word, unsigned threshold, float scale) {
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
// {seed, pass, layer}. Each thread has as many of n elements as 16 bytes hold, four
// or eight. y may be x.
KERNEL BOUNDS(256) NAME(dropout)(element *y, const element *x, const int *key, unsigned threshold, float scale, int n) {
	constexpr int W = wide<element>;
	int i = (blockIdx.x * 256 + threadIdx.x) * W, left = n - i;
	if (left <= 0) return;
	unsigned word[W];
#pragma unroll
	for (int k = 0; k < W / 4; k++) {
		words r = philox(key[0], i / 4 + k, key[1], key[2], PURPOSE_DROPOUT);
#pragma unroll
		for (int j = 0; j < 4; j++) word[4 * k + j] = r.w[j];
	}
	y += i;
	x += i;
	if (left >= W && aligned4(y) && aligned4(x)) {
		keep<W>(y, x, word, threshold, scale);
		return;
	}
#pragma unroll
	for (int j = 0; j < W; j++) {
		if (j < left) keep<1>(y + j, x + j, word + j, threshold, scale);
	}
}
