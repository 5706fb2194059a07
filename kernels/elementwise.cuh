// Elementwise functions of activations. Behind gpu.cuh and half.cuh.
#pragma once

// apply computes W elements y = f(a, b), all at i.
template <int W, class F>
DEVICE void apply(element *y, const element *a, const element *b, int i, F f) {
	pack<W> u = load<W>(a + i), v = load<W>(b + i);
#pragma unroll
	for (int j = 0; j < W; j++) u.v[j] = f(u.v[j], v.v[j]);
	store<W>(y + i, u);
}

// map computes y[i] = f(a[i], b[i]) of n elements. Each thread of a grid of
// blocks of 256 has as many as 16 bytes hold. y may be a or b.
template <class F>
DEVICE void map(element *y, const element *a, const element *b, int n, F f) {
	constexpr int W = wide<element>;
	int i = (blockIdx.x * 256 + threadIdx.x) * W;
	if (i + W <= n && aligned4(y) && aligned4(a) && aligned4(b)) {
		apply<W>(y, a, b, i, f);
		return;
	}
	for (int end = i + W < n ? i + W : n; i < end; i++) apply<1>(y, a, b, i, f);
}

KERNEL BOUNDS(256) NAME(add)(element *y, const element *a, const element *b, int n) {
	map(y, a, b, n, [](float a, float b) { return a + b; });
}

KERNEL BOUNDS(256) NAME(scale)(element *y, const element *x, const float *s, int n) {
	float factor = *s;
	map(y, x, x, n, [factor](float x, float) { return factor * x; });
}

KERNEL BOUNDS(256) NAME(relu)(element *y, const element *x, int n) {
	map(y, x, x, n, [](float x, float) { return x <= 0 ? 0 : x; }); // NaN stays
}

KERNEL BOUNDS(256) NAME(relu_backward)(element *dx, const element *dy, const element *y, int n) {
	map(dx, dy, y, n, [](float dy, float y) { return y <= 0 ? 0 : dy; });
}
