#include "gpu.cuh"

// apply computes W elements y = f(a, b), all at i.
template <int W, class F>
DEVICE void apply(float *y, const float *a, const float *b, int i, F f) {
	pack<W> u = load<W>(a + i), v = load<W>(b + i);
#pragma unroll
	for (int j = 0; j < W; j++) u.v[j] = f(u.v[j], v.v[j]);
	store<W>(y + i, u);
}

// map computes y[i] = f(a[i], b[i]) of n elements. Each thread of a grid of
// blocks of 256 has four. y may be a or b.
template <class F>
DEVICE void map(float *y, const float *a, const float *b, int n, F f) {
	int i = (blockIdx.x * 256 + threadIdx.x) * 4;
	if (i + 4 <= n && aligned4(y) && aligned4(a) && aligned4(b)) {
		apply<4>(y, a, b, i, f);
		return;
	}
	for (int end = i + 4 < n ? i + 4 : n; i < end; i++) apply<1>(y, a, b, i, f);
}

KERNEL BOUNDS(256) add(float *y, const float *a, const float *b, int n) {
	map(y, a, b, n, [](float a, float b) { return a + b; });
}

KERNEL BOUNDS(256) add_scaled(float *y, const float *x, float s, int n) {
	map(y, y, x, n, [s](float y, float x) { return y + s * x; });
}

KERNEL BOUNDS(256) scale(float *y, const float *x, const float *s, int n) {
	float factor = *s;
	map(y, x, x, n, [factor](float x, float) { return factor * x; });
}

KERNEL BOUNDS(256) relu(float *y, const float *x, int n) {
	map(y, x, x, n, [](float x, float) { return x <= 0 ? 0 : x; }); // NaN stays
}

KERNEL BOUNDS(256) relu_backward(float *dx, const float *dy, const float *y, int n) {
	map(dx, dy, y, n, [](float dy, float y) { return y <= 0 ? 0 : dy; });
}

KERNEL BOUNDS(256) fill_bytes(unsigned char *x, int v, int n) {
	int i = blockIdx.x * 256 + threadIdx.x;
	if (i < n) x[i] = v;
}

KERNEL increment(int *counter, int by) { *counter += by; }
