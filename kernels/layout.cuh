// Reordering. Behind gpu.cuh and half.cuh.
#pragma once

// A slot has 4 bytes whatever an element has: a bank of shared memory.
struct __align__(4) slot {
	element v;
};

// flatten transposes matrices x [rows, cols] to y [cols, rows]. Blocks of
// [8, 32] threads take a tile of 32 by 32 each, in order along cols, then
// rows, then the matrices; they read and write along the lines. A line of the
// tile has 33 elements, so that a column of it lies in 32 banks.
KERNEL BOUNDS(256) NAME(flatten)(element *y, const element *x, int rows, int cols) {
	__shared__ slot tile[32][33];
	unsigned across = (cols + 31) / 32, down = (rows + 31) / 32, line = blockIdx.x / across;
	int col = blockIdx.x % across * 32, row = line % down * 32, lane = threadIdx.x;
	long long matrix = (long long)(line / down) * rows * cols;
	x += matrix, y += matrix;
#pragma unroll
	for (int i = threadIdx.y; i < 32; i += 8) {
		if (row + i < rows && col + lane < cols) tile[i][lane].v = x[(row + i) * cols + col + lane];
	}
	__syncthreads();
#pragma unroll
	for (int i = threadIdx.y; i < 32; i += 8) {
		if (col + i < cols && row + lane < rows) y[(col + i) * rows + row + lane] = tile[lane][i].v;
	}
}

// A shortcut is the geometry of Shortcut, and how many channels of zeros stand
// before the c of x.
struct shortcut {
	int h, w, c, oc, stride, shift, oh, ow;
};

template <int W>
DEVICE void pad(element *y, const element *x, unsigned i, shortcut g) {
	unsigned pixel = i / g.oc, line = pixel / g.ow, n = line / g.oh;
	int c = (int)(i % g.oc) - g.shift, h = line % g.oh * g.stride, w = pixel % g.ow * g.stride;
	pack<W> v = {};
	if (c >= 0 && c < g.c) v = load<W>(x + (((long long)n * g.h + h) * g.w + w) * g.c + c);
	store<W>(y + i, v);
}

// pad_shortcut computes y [images, oh, ow, oc], n elements, from x [images, h, w, c].
// A thread of the blocks of 256 has width of them, as many as 16 bytes hold
// where the channels and the shift are multiples.
KERNEL BOUNDS(256) NAME(pad_shortcut)(element *y, const element *x, int n, int width, int h, int w, int c, int oc, int stride, int shift, int oh, int ow) {
	shortcut g = {h, w, c, oc, stride, shift, oh, ow};
	unsigned i = (blockIdx.x * 256 + threadIdx.x) * width;
	if (i >= n) return;
	if (width == wide<element> && aligned4(y) && aligned4(x)) {
		pad<wide<element>>(y, x, i, g);
	} else {
		for (int j = 0; j < width; j++) pad<1>(y, x, i + j, g);
	}
}

template <int W>
DEVICE void unpad(element *dx, const element *dy, unsigned i, shortcut g) {
	unsigned pixel = i / g.c, line = pixel / g.w, n = line / g.h;
	unsigned h = line % g.h, w = pixel % g.w;
	pack<W> v = {};
	if (h % g.stride == 0 && w % g.stride == 0) {
		v = load<W>(dy + (((long long)n * g.oh + h / g.stride) * g.ow + w / g.stride) * g.oc + g.shift + i % g.c);
	}
	store<W>(dx + i, v);
}

// pad_shortcut_backward computes dx, n elements, from dy, as pad_shortcut does.
KERNEL BOUNDS(256) NAME(pad_shortcut_backward)(element *dx, const element *dy, int n, int width, int h, int w, int c, int oc, int stride, int shift, int oh,
                                         int ow) {
	shortcut g = {h, w, c, oc, stride, shift, oh, ow};
	unsigned i = (blockIdx.x * 256 + threadIdx.x) * width;
	if (i >= n) return;
	if (width == wide<element> && aligned4(dx) && aligned4(dy)) {
		unpad<wide<element>>(dx, dy, i, g);
	} else {
		for (int j = 0; j < width; j++) unpad<1>(dx, dy, i + j, g);
	}
}
