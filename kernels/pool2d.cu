#include "gpu.cuh"

// x is [n, h, w, c], y [n, oh, ow, c] and a window kh by kw; see Pool. A
// thread computes width channels of one pixel, next to each other: four where
// c is a multiple, and those one after the other where an array cannot be
// loaded by fours. Blocks have BLOCK threads, few since images are small.
#define BLOCK 128

// A pool is the geometry, in the order of the arguments.
struct pool {
	int h, w, c, kh, kw, stride, pad, oh, ow;
};

// A spot is where element i of an array [n, h, w, c] lies.
struct spot {
	int n, h, w, c;
};
DEVICE spot spot_of(unsigned i, int h, int w, int c) {
	unsigned pixel = i / c, line = pixel / w;
	return {(int)(line / h), (int)(line % h), (int)(pixel % w), (int)(i % c)};
}
DEVICE unsigned first_of(int width) { return (blockIdx.x * BLOCK + threadIdx.x) * width; }

// An extent is the part of a window of y that lies in the image, or the
// windows that hold a pixel of x: [h0, h1) by [w0, w1).
struct extent {
	int h0, h1, w0, w1;
};
DEVICE int most(int a, int b) { return a > b ? a : b; }
DEVICE int least(int a, int b) { return a < b ? a : b; }
DEVICE extent window(spot s, pool g) {
	int h = s.h * g.stride - g.pad, w = s.w * g.stride - g.pad;
	return {most(h, 0), least(h + g.kh, g.h), most(w, 0), least(w + g.kw, g.w)};
}
DEVICE extent windows(spot s, pool g) {
	int h = s.h + g.pad, w = s.w + g.pad; // windows i with i·stride <= h < i·stride + kh
	return {h < g.kh ? 0 : (h - g.kh) / g.stride + 1, least(h / g.stride + 1, g.oh), w < g.kw ? 0 : (w - g.kw) / g.stride + 1,
	        least(w / g.stride + 1, g.ow)};
}

template <int W>
DEVICE void max_window(float *y, int *index, const float *x, unsigned i, pool g) {
	spot s = spot_of(i, g.oh, g.ow, g.c);
	extent e = window(s, g);
	const float *image = x + (long long)s.n * g.h * g.w * g.c + s.c;
	pack<W> best;
	int at[W];
#pragma unroll
	for (int j = 0; j < W; j++) best.v[j] = __int_as_float(0xff800000), at[j] = e.h0 * g.w + e.w0; // -Inf
	for (int h = e.h0; h < e.h1; h++) {
		for (int w = e.w0; w < e.w1; w++) {
			int pixel = h * g.w + w;
			pack<W> v = load<W>(image + pixel * g.c);
#pragma unroll
			for (int j = 0; j < W; j++) {
				if (v.v[j] > best.v[j] || v.v[j] != v.v[j]) best.v[j] = v.v[j], at[j] = pixel; // NaN wins
			}
		}
	}
	store<W>(y + i, best);
	pack<W> bits;
#pragma unroll
	for (int j = 0; j < W; j++) bits.v[j] = __int_as_float(at[j]);
	store<W>((float *)index + i, bits);
}

// max_pool2d computes y, the largest element of each window, and index, the
// position h·w+w of the first of them in the image. There are n elements.
KERNEL BOUNDS(BLOCK) max_pool2d(float *y, int *index, const float *x, int n, int width, int h, int w, int c, int kh, int kw, int stride, int pad,
                                int oh, int ow) {
	pool g = {h, w, c, kh, kw, stride, pad, oh, ow};
	unsigned i = first_of(width);
	if (i >= n) return;
	if (width == 4 && aligned4(y) && aligned4(index) && aligned4(x)) {
		max_window<4>(y, index, x, i, g);
	} else {
		for (int j = 0; j < width; j++) max_window<1>(y, index, x, i + j, g);
	}
}

template <int W>
DEVICE void max_pixel(float *dx, const float *dy, const int *index, unsigned i, pool g) {
	spot s = spot_of(i, g.h, g.w, g.c);
	extent e = windows(s, g);
	long long image = (long long)s.n * g.oh * g.ow * g.c + s.c;
	int pixel = s.h * g.w + s.w;
	pack<W> sum = {};
	for (int h = e.h0; h < e.h1; h++) {
		for (int w = e.w0; w < e.w1; w++) {
			long long at = image + (h * g.ow + w) * g.c;
			pack<W> v = load<W>(dy + at), won = load<W>((const float *)index + at);
#pragma unroll
			for (int j = 0; j < W; j++) {
				asm("" : "+f"(v.v[j])); // or clang loads one by one, behind the comparison
				sum.v[j] += __float_as_int(won.v[j]) == pixel ? v.v[j] : 0;
			}
		}
	}
	store<W>(dx + i, sum);
}

// max_pool2d_backward computes dx: for each of n pixels and channels the sum
// of dy of the windows that index says it won, in the order of the windows.
KERNEL BOUNDS(BLOCK) max_pool2d_backward(float *dx, const float *dy, const int *index, int n, int width, int h, int w, int c, int kh, int kw,
                                         int stride, int pad, int oh, int ow) {
	pool g = {h, w, c, kh, kw, stride, pad, oh, ow};
	unsigned i = first_of(width);
	if (i >= n) return;
	if (width == 4 && aligned4(dx) && aligned4(dy) && aligned4(index)) {
		max_pixel<4>(dx, dy, index, i, g);
	} else {
		for (int j = 0; j < width; j++) max_pixel<1>(dx, dy, index, i + j, g);
	}
}

template <int W>
DEVICE pack<W> plus(pack<W> a, pack<W> b) {
#pragma unroll
	for (int j = 0; j < W; j++) a.v[j] += b.v[j];
	return a;
}

template <int W>
DEVICE void mean_window(float *y, const float *x, unsigned i, pool g) {
	spot s = spot_of(i, g.oh, g.ow, g.c);
	extent e = window(s, g);
	const float *image = x + (long long)s.n * g.h * g.w * g.c + s.c;
	float scale = 1.0f / (g.kh * g.kw);
	pack<W> sum = {};
	for (int h = e.h0; h < e.h1; h++) {
#pragma unroll 4
		for (int w = e.w0; w < e.w1; w++) sum = plus(sum, load<W>(image + (h * g.w + w) * g.c));
	}
#pragma unroll
	for (int j = 0; j < W; j++) sum.v[j] *= scale;
	store<W>(y + i, sum);
}

// avg_pool2d computes y, the mean of each window, zeros of the padding
// counted. There are n elements.
KERNEL BOUNDS(BLOCK) avg_pool2d(float *y, const float *x, int n, int width, int h, int w, int c, int kh, int kw, int stride, int pad, int oh,
                                int ow) {
	pool g = {h, w, c, kh, kw, stride, pad, oh, ow};
	unsigned i = first_of(width);
	if (i >= n) return;
	if (width == 4 && aligned4(y) && aligned4(x)) {
		mean_window<4>(y, x, i, g);
	} else {
		for (int j = 0; j < width; j++) mean_window<1>(y, x, i + j, g);
	}
}

template <int W>
DEVICE void mean_pixel(float *dx, const float *dy, unsigned i, pool g) {
	spot s = spot_of(i, g.h, g.w, g.c);
	extent e = windows(s, g);
	const float *image = dy + (long long)s.n * g.oh * g.ow * g.c + s.c;
	float scale = 1.0f / (g.kh * g.kw);
	pack<W> sum = {};
	for (int h = e.h0; h < e.h1; h++) {
		for (int w = e.w0; w < e.w1; w++) {
			pack<W> v = load<W>(image + (h * g.ow + w) * g.c);
#pragma unroll
			for (int j = 0; j < W; j++) sum.v[j] += scale * v.v[j];
		}
	}
	store<W>(dx + i, sum);
}

// avg_pool2d_backward computes dx: for each of n pixels and channels the sum
// of dy/(kh·kw) of the windows that hold it, in the order of the windows.
KERNEL BOUNDS(BLOCK) avg_pool2d_backward(float *dx, const float *dy, int n, int width, int h, int w, int c, int kh, int kw, int stride, int pad,
                                         int oh, int ow) {
	pool g = {h, w, c, kh, kw, stride, pad, oh, ow};
	unsigned i = first_of(width);
	if (i >= n) return;
	if (width == 4 && aligned4(dx) && aligned4(dy)) {
		mean_pixel<4>(dx, dy, i, g);
	} else {
		for (int j = 0; j < width; j++) mean_pixel<1>(dx, dy, i + j, g);
	}
}

template <int W>
DEVICE void mean_image(float *y, const float *x, unsigned i, int pixels, int c) {
	const float *image = x + (long long)(i / c) * pixels * c + i % c;
	float scale = 1.0f / pixels;
	pack<W> sum = {};
#pragma unroll 8
	for (int p = 0; p < pixels; p++) sum = plus(sum, load<W>(image + p * c));
#pragma unroll
	for (int j = 0; j < W; j++) sum.v[j] *= scale;
	store<W>(y + i, sum);
}

// avg_pool2d_global computes y [images, c], the mean of x [images, pixels, c]
// over pixels: avg_pool2d with one window. There are n elements.
KERNEL BOUNDS(BLOCK) avg_pool2d_global(float *y, const float *x, int n, int width, int pixels, int c) {
	unsigned i = first_of(width);
	if (i >= n) return;
	if (width == 4 && aligned4(y) && aligned4(x)) {
		mean_image<4>(y, x, i, pixels, c);
	} else {
		for (int j = 0; j < width; j++) mean_image<1>(y, x, i + j, pixels, c);
	}
}

template <int W>
DEVICE void spread(float *dx, const float *dy, unsigned i, int pixels, int c) {
	pack<W> v = load<W>(dy + (long long)(i / c / pixels) * c + i % c);
	float scale = 1.0f / pixels;
#pragma unroll
	for (int j = 0; j < W; j++) v.v[j] = 0 + scale * v.v[j]; // a sum of one, which -0 is not
	store<W>(dx + i, v);
}

// avg_pool2d_global_backward computes dx [images, pixels, c] from dy [images, c].
// There are n elements.
KERNEL BOUNDS(BLOCK) avg_pool2d_global_backward(float *dx, const float *dy, int n, int width, int pixels, int c) {
	unsigned i = first_of(width);
	if (i >= n) return;
	if (width == 4 && aligned4(dx) && aligned4(dy)) {
		spread<4>(dx, dy, i, pixels, c);
	} else {
		for (int j = 0; j < width; j++) spread<1>(dx, dy, i + j, pixels, c);
	}
}
