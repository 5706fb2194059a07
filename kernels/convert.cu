// Conversions between float32 and the formats of 16 bits, to the nearest, ties
// to even.
#include "gpu.cuh"
#include "half.cuh"

// convert computes y[i] = f(x[i]) of n elements. A thread of the blocks of 256
// has two packs of four, 1024 elements apart, so that neighbours are next to each
// other in both arrays.
template <class Y, class X, class F>
DEVICE void convert(Y *y, const X *x, int n, F f) {
	bool aligned = aligned4(y) && aligned4(x);
#pragma unroll
	for (int k = 0; k < 2; k++) {
		int i = blockIdx.x * 2048 + k * 1024 + threadIdx.x * 4;
		if (aligned && i + 4 <= n) {
			pack<4> v = load<4>(x + i);
#pragma unroll
			for (int j = 0; j < 4; j++) v.v[j] = f(v.v[j]);
			store<4>(y + i, v);
		} else {
			for (int end = i + 4 < n ? i + 4 : n; i < end; i++) store<1>(y + i, {f(load<1>(x + i).v[0])});
		}
	}
}

// y [n] = x, rounded.
KERNEL BOUNDS(256) narrow_f16(f16 *y, const float *x, int n) {
	convert(y, x, n, [](float x) { return x; });
}
KERNEL BOUNDS(256) narrow_bf16(bf16 *y, const float *x, int n) {
	convert(y, x, n, [](float x) { return x; });
}

// y [n] = s[0]·x, rounded to float32 and then again.
KERNEL BOUNDS(256) narrow_scaled_f16(f16 *y, const float *x, const float *s, int n) {
	float factor = *s;
	convert(y, x, n, [factor](float x) { return factor * x; });
}
KERNEL BOUNDS(256) narrow_scaled_bf16(bf16 *y, const float *x, const float *s, int n) {
	float factor = *s;
	convert(y, x, n, [factor](float x) { return factor * x; });
}
