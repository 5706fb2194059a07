// Pooling. Behind gpu.cuh and half.cuh.
#pragma once

// x is [images, h, w, c], y [images, oh, ow, c] and a window kh by kw; see
// Pool. A block, of at most BLOCK threads, computes one line of one image, so
// that there is little to divide by. A thread takes width channels of a pixel
// at once: as many as 16 bytes hold where c is a multiple, and those one after
// the other where an array cannot be loaded so.
#define BLOCK 128

// A pool is the geometry, in the order of the arguments.
struct pool {
	int h, w, c, kh, kw, stride, pad, oh, ow;
};

// A range is [lo, hi).
struct range {
	int lo, hi;
};
DEVICE int over(int a, int stride) { return stride == 2 ? a >> 1 : stride == 1 ? a : a / stride; } // most are 1 or 2
// inside is the part of window i, of k pixels, that lies in an image of n.
DEVICE range inside(int i, int k, int n, pool g) {
	int lo = i * g.stride - g.pad, hi = lo + k;
	return {lo < 0 ? 0 : lo, hi < n ? hi : n};
}
// holding is the windows, of k pixels, of n that hold pixel i: those with
// window·stride <= i + pad < window·stride + k.
DEVICE range holding(int i, int k, int n, pool g) {
	int at = i + g.pad, behind = over(at, g.stride) + 1;
	return {at < k ? 0 : over(at - k, g.stride) + 1, behind < n ? behind : n};
}

template <int W>
DEVICE pack<W> plus(pack<W> a, pack<W> b) {
#pragma unroll
	for (int j = 0; j < W; j++) a.v[j] += b.v[j];
	return a;
}

template <int W>
DEVICE void max_line(element *y, int *index, const element *x, int i, int step, pool g) {
	unsigned n = blockIdx.x / g.oh, line = blockIdx.x % g.oh;
	range rows = inside(line, g.kh, g.h, g);
	x += (long long)n * g.h * g.w * g.c;
	y += (long long)blockIdx.x * g.ow * g.c;
	index += (long long)blockIdx.x * g.ow * g.c;
	for (; i < g.ow * g.c; i += step) {
		int pixel = (unsigned)i / g.c, c = i - pixel * g.c, at[W];
		range cols = inside(pixel, g.kw, g.w, g);
		pack<W> best, bits;
#pragma unroll
		for (int j = 0; j < W; j++) best.v[j] = __int_as_float(0xff800000), at[j] = rows.lo * g.w + cols.lo; // -Inf
		for (int h = rows.lo; h < rows.hi; h++) {
#pragma unroll 1 // few: 2 or 3
			for (int w = cols.lo; w < cols.hi; w++) {
				int here = h * g.w + w;
				pack<W> v = load<W>(x + here * g.c + c);
#pragma unroll
				for (int j = 0; j < W; j++) {
					if (v.v[j] > best.v[j] || v.v[j] != v.v[j]) best.v[j] = v.v[j], at[j] = here; // NaN wins
				}
			}
		}
#pragma unroll
		for (int j = 0; j < W; j++) bits.v[j] = __int_as_float(at[j]);
		store<W>(y + i, best);
		store<W>((float *)index + i, bits);
	}
}

// max_pool2d computes y, the largest element of each window, and index, the
// position h·w+w of the first of them in the image. Blocks are the lines of y.
KERNEL BOUNDS(BLOCK) NAME(max_pool2d)(element *y, int *index, const element *x, int width, int h, int w, int c, int kh, int kw, int stride, int pad, int oh,
                                int ow) {
	pool g = {h, w, c, kh, kw, stride, pad, oh, ow};
	int i = threadIdx.x * width, step = blockDim.x * width;
	if (width == wide<element> && aligned4(y) && aligned4(index) && aligned4(x)) {
		max_line<wide<element>>(y, index, x, i, step, g);
	} else {
		for (int j = 0; j < width; j++) max_line<1>(y, index, x, i + j, step, g);
	}
}

template <int W>
DEVICE void max_line_backward(element *dx, const element *dy, const int *index, int i, int step, pool g) {
	unsigned n = blockIdx.x / g.h, line = blockIdx.x % g.h;
	range rows = holding(line, g.kh, g.oh, g);
	long long image = (long long)n * g.oh * g.ow * g.c;
	dx += (long long)blockIdx.x * g.w * g.c, dy += image, index += image;
	for (; i < g.w * g.c; i += step) {
		int pixel = (unsigned)i / g.c, c = i - pixel * g.c, here = line * g.w + pixel;
		range cols = holding(pixel, g.kw, g.ow, g);
		pack<W> sum = {};
		for (int h = rows.lo; h < rows.hi; h++) {
			for (int w = cols.lo; w < cols.hi; w++) {
				int at = (h * g.ow + w) * g.c + c;
				pack<W> v = load<W>(dy + at), won = load<W>((const float *)index + at);
#pragma unroll
				for (int j = 0; j < W; j++) {
					asm("" : "+f"(v.v[j])); // or clang loads one by one, behind the comparison
					sum.v[j] += __float_as_int(won.v[j]) == here ? v.v[j] : 0;
				}
			}
		}
		store<W>(dx + i, sum);
	}
}

// max_pool2d_backward computes dx: for each pixel and channel the sum of dy of
// the windows that index says it won, in the order of the windows. Blocks are
// the lines of dx.
KERNEL BOUNDS(BLOCK) NAME(max_pool2d_backward)(element *dx, const element *dy, const int *index, int width, int h, int w, int c, int kh, int kw, int stride,
                                         int pad, int oh, int ow) {
	pool g = {h, w, c, kh, kw, stride, pad, oh, ow};
	int i = threadIdx.x * width, step = blockDim.x * width;
	if (width == wide<element> && aligned4(dx) && aligned4(dy) && aligned4(index)) {
		max_line_backward<wide<element>>(dx, dy, index, i, step, g);
	} else {
		for (int j = 0; j < width; j++) max_line_backward<1>(dx, dy, index, i + j, step, g);
	}
}

template <int W>
DEVICE void avg_line(element *y, const element *x, int i, int step, pool g) {
	unsigned n = blockIdx.x / g.oh, line = blockIdx.x % g.oh;
	range rows = inside(line, g.kh, g.h, g);
	float scale = 1.0f / (g.kh * g.kw);
	x += (long long)n * g.h * g.w * g.c, y += (long long)blockIdx.x * g.ow * g.c;
	for (; i < g.ow * g.c; i += step) {
		int pixel = (unsigned)i / g.c, c = i - pixel * g.c;
		range cols = inside(pixel, g.kw, g.w, g);
		pack<W> sum = {};
		for (int h = rows.lo; h < rows.hi; h++) {
#pragma unroll 1
			for (int w = cols.lo; w < cols.hi; w++) sum = plus(sum, load<W>(x + (h * g.w + w) * g.c + c));
		}
#pragma unroll
		for (int j = 0; j < W; j++) sum.v[j] *= scale;
		store<W>(y + i, sum);
	}
}

// avg_pool2d computes y, the mean of each window, zeros of the padding
// counted. Blocks are the lines of y.
KERNEL BOUNDS(BLOCK) NAME(avg_pool2d)(element *y, const element *x, int width, int h, int w, int c, int kh, int kw, int stride, int pad, int oh, int ow) {
	pool g = {h, w, c, kh, kw, stride, pad, oh, ow};
	int i = threadIdx.x * width, step = blockDim.x * width;
	if (width == wide<element> && aligned4(y) && aligned4(x)) {
		avg_line<wide<element>>(y, x, i, step, g);
	} else {
		for (int j = 0; j < width; j++) avg_line<1>(y, x, i + j, step, g);
	}
}

template <int W>
DEVICE void avg_line_backward(element *dx, const element *dy, int i, int step, pool g) {
	unsigned n = blockIdx.x / g.h, line = blockIdx.x % g.h;
	range rows = holding(line, g.kh, g.oh, g);
	float scale = 1.0f / (g.kh * g.kw);
	dx += (long long)blockIdx.x * g.w * g.c, dy += (long long)n * g.oh * g.ow * g.c;
	for (; i < g.w * g.c; i += step) {
		int pixel = (unsigned)i / g.c, c = i - pixel * g.c;
		range cols = holding(pixel, g.kw, g.ow, g);
		pack<W> sum = {};
		for (int h = rows.lo; h < rows.hi; h++) {
#pragma unroll 1
			for (int w = cols.lo; w < cols.hi; w++) {
				pack<W> v = load<W>(dy + (h * g.ow + w) * g.c + c);
#pragma unroll
				for (int j = 0; j < W; j++) sum.v[j] += scale * v.v[j];
			}
		}
		store<W>(dx + i, sum);
	}
}

// avg_pool2d_backward computes dx: for each pixel and channel the sum of
// dy/(kh·kw) of the windows that hold it, in the order of the windows. Blocks
// are the lines of dx.
KERNEL BOUNDS(BLOCK) NAME(avg_pool2d_backward)(element *dx, const element *dy, int width, int h, int w, int c, int kh, int kw, int stride, int pad, int oh,
                                         int ow) {
	pool g = {h, w, c, kh, kw, stride, pad, oh, ow};
	int i = threadIdx.x * width, step = blockDim.x * width;
	if (width == wide<element> && aligned4(dx) && aligned4(dy)) {
		avg_line_backward<wide<element>>(dx, dy, i, step, g);
	} else {
		for (int j = 0; j < width; j++) avg_line_backward<1>(dx, dy, i + j, step, g);
	}
}

// ---- The mean of whole images: x is [images, pixels, c], y [images, c].

template <int W>
DEVICE void mean(element *y, const element *x, unsigned i, int pixels, int c) {
	float scale = 1.0f / pixels;
	pack<W> sum = {};
	x += (long long)(i / c) * pixels * c + i % c;
#pragma unroll 8
	for (int p = 0; p < pixels; p++) sum = plus(sum, load<W>(x + p * c));
#pragma unroll
	for (int j = 0; j < W; j++) sum.v[j] *= scale;
	store<W>(y + i, sum);
}

// avg_pool2d_global computes y, n elements, the mean of x over pixels. Blocks
// have BLOCK threads, with width elements each.
KERNEL BOUNDS(BLOCK) NAME(avg_pool2d_global)(element *y, const element *x, int n, int width, int pixels, int c) {
	unsigned i = (blockIdx.x * BLOCK + threadIdx.x) * width;
	if (i >= n) return;
	if (width == wide<element> && aligned4(y) && aligned4(x)) {
		mean<wide<element>>(y, x, i, pixels, c);
	} else {
		for (int j = 0; j < width; j++) mean<1>(y, x, i + j, pixels, c);
	}
}

template <int W>
DEVICE void spread(element *dx, const element *dy, unsigned i, int pixels, int c) {
	unsigned pixel = i / c;
	pack<W> v = load<W>(dy + (long long)(pixel / pixels) * c + (i - pixel * c));
	float scale = 1.0f / pixels;
#pragma unroll
	for (int j = 0; j < W; j++) v.v[j] = 0 + scale * v.v[j]; // a sum of one, which is never -0
	store<W>(dx + i, v);
}

// avg_pool2d_global_backward computes dx, n elements: dy/pixels. Blocks have
// BLOCK threads, with width elements each.
KERNEL BOUNDS(BLOCK) NAME(avg_pool2d_global_backward)(element *dx, const element *dy, int n, int width, int pixels, int c) {
	unsigned i = (blockIdx.x * BLOCK + threadIdx.x) * width;
	if (i >= n) return;
	if (width == wide<element> && aligned4(dx) && aligned4(dy)) {
		spread<wide<element>>(dx, dy, i, pixels, c);
	} else {
		for (int j = 0; j < width; j++) spread<1>(dx, dy, i + j, pixels, c);
	}
}
