// The three products of a convolution, each as one tiled matrix product
//
//	C[m, n] = sum over k of A[m, k] B[n, k]
//
// whose operands are gathered from the images on the way to shared memory
// (implicit GEMM). A is always the operand that is gathered:
//
//	                m                n       k
//	forward         pixel of y       OC      (p, q, c)
//	backward input  pixel of x       C       (p, q, o)
//	backward weight (p, q, c)        OC      pixel of y
//
// Blocks have 256 threads and threads 8 x 8 sums. In tiles with fewer sums than
// that, groups of warps share them: each group takes its part of every slab of
// k, and at the end the groups are added in order.
#include "gpu.cuh"

#define METHOD __device__ __forceinline__

// Conv is the geometry, gpuConv in Go.
struct Conv {
	int n, h, w, c, oc, kh, kw, stride, pad, oh, ow;
};

// Tile is the part of C that a block computes, M x N, and how far it goes along
// k at a time. An operand lies in shared memory as [K][M + 4]: threads read 4
// neighbours of one k, and the 4 keep what is written along k out of one bank.
template <int M, int N, int K>
struct Tile {
	static constexpr int m = M, n = N, k = K;
	static constexpr int groups = 256 * 64 / (M * N), steps = K / groups;
	static constexpr int ldm = M + 4, ldn = N + 4, slab = K * (ldm + ldn);
	static constexpr int exchange = groups > 1 ? M * N : 0; // room to add groups
	static constexpr int memory = 2 * slab > exchange ? 2 * slab : exchange;
};

// The tiles, for operands that allow 16-byte loads and for all others.
typedef Tile<128, 128, 8> Large;
typedef Tile<128, 64, 16> Medium;
typedef Tile<64, 64, 32> Small;
typedef Tile<64, 64, 16> Scalar;

DEVICE int tiles(int n, int size) { return (n + size - 1) / size; }

template <int W>
DEVICE pack<W> load_if(bool ok, const float *p) {
	pack<W> x = {};
	if (ok) x = load<W>(p);
	return x;
}

// ---- From global memory to shared memory. An operand's fetch() loads the
// thread's share of the next slab into registers, zeros where there is nothing,
// and put() stores it in shared memory.

// Across is the share of an operand [R rows, k] that is contiguous along k. A
// warp reads 8 elements of each row, a sector; the writes are conflict-free
// because 4 rows of shared memory, or 1 where W is 1, are 16 or 4 banks apart.
template <int W, int R, int K>
struct Across {
	static constexpr int along = 8 / W, lanes = 32 / along; // lanes along k, and along rows
	static constexpr int warps = R / lanes < 8 ? R / lanes : 8;
	static constexpr int rowStep = lanes * warps, rows = R / rowStep;
	static constexpr int kStep = 64 / warps, ks = K / kStep;
	int row, k;
	pack<W> v[rows][ks];

	METHOD Across() {
		int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
		row = lane / along + warp % warps * lanes;
		k = lane % along * W + warp / warps * 8;
	}
	METHOD void put(float *to) {
#pragma unroll
		for (int i = 0; i < rows; i++)
#pragma unroll
			for (int j = 0; j < ks; j++)
#pragma unroll
				for (int e = 0; e < W; e++) to[(k + j * kStep + e) * (R + 4) + row + i * rowStep] = v[i][j].v[e];
	}
};

// Along is the share of an operand [k, R rows] that is contiguous along rows.
template <int W, int R, int K>
struct Along {
	static constexpr int lanes = R / W < 32 ? R / W : 32;
	static constexpr int rowStep = W * lanes, rows = R / rowStep;
	static constexpr int kStep = 256 / lanes, ks = K / kStep;
	int row, k;
	pack<W> v[rows][ks];

	METHOD Along() {
		row = threadIdx.x % lanes * W;
		k = threadIdx.x / lanes;
	}
	METHOD void put(float *to) {
#pragma unroll
		for (int i = 0; i < rows; i++)
#pragma unroll
			for (int j = 0; j < ks; j++) store<W>(to + (k + j * kStep) * (R + 4) + row + i * rowStep, v[i][j]);
	}
};

// Windows has for rows the windows [kh, kw, c] of images [h, w, c]. A row of a
// window is contiguous in the image: k is (p, e) with e = (q, c) < kw c. That
// makes padding a matter of two comparisons, and nothing is divided.
template <int W, int R, int K>
struct Windows : Across<W, R, K> {
	using A = Across<W, R, K>;
	const float *x;
	int height, width, span, taps; // of the image and of the window, in rows and elements of a row
	int image[A::rows], top[A::rows], left[A::rows];
	int p[A::ks], e[A::ks], dp, de;

	METHOD Windows(const float *x, int h, int w, int c, int kh, int kw)
		: x(x), height(h), width(w * c), span(kw * c), taps(kh), dp(K / span), de(K % span) {
#pragma unroll
		for (int j = 0; j < A::ks; j++) {
			int k = A::k + j * A::kStep;
			p[j] = k / span, e[j] = k % span;
		}
	}

	// place sets the window of row i: its image and where it starts there, and
	// whether there is such a row.
	METHOD void place(int i, int n, int h, int v, bool ok) {
		image[i] = n * height * width, top[i] = ok ? h : -(1 << 30), left[i] = v;
	}

	METHOD void fetch() {
#pragma unroll
		for (int j = 0; j < A::ks; j++) {
#pragma unroll
			for (int i = 0; i < A::rows; i++) {
				int h = top[i] + p[j], v = left[i] + e[j];
				bool ok = (p[j] < taps) & ((unsigned)h < (unsigned)height) & ((unsigned)v < (unsigned)width);
				A::v[i][j] = load_if<W>(ok, x + (image[i] + h * width + v));
			}
			p[j] += dp, e[j] += de;
			if (e[j] >= span) e[j] -= span, p[j]++;
		}
	}
};

// Filters has for rows the output channels of w [rows, length], and their
// windows along k.
template <int W, int R, int K>
struct Filters : Across<W, R, K> {
	using A = Across<W, R, K>;
	const float *w;
	int length, left;
	bool ok[A::rows];

	METHOD Filters(const float *w, int row0, int rows, int length)
		: w(w + ((row0 + A::row) * length + A::k)), length(length), left(length - A::k) {
#pragma unroll
		for (int i = 0; i < A::rows; i++) ok[i] = row0 + A::row + i * A::rowStep < rows;
	}

	METHOD void fetch() {
#pragma unroll
		for (int j = 0; j < A::ks; j++)
#pragma unroll
			for (int i = 0; i < A::rows; i++)
				A::v[i][j] = load_if<W>(ok[i] & (j * A::kStep < left), w + (i * A::rowStep * length + j * A::kStep));
		w += K, left -= K;
	}
};

// TurnedFilters has for rows the input channels of w [oc, kh, kw, c], and along
// k the taps that reach one phase, last to first, with all output channels.
template <int W, int R, int K>
struct TurnedFilters : Along<W, R, K> {
	using A = Along<W, R, K>;
	const float *w;
	int left, oc, taps;               // taps is their number in a row
	int o[A::ks], q[A::ks], at[A::ks]; // channel, tap, place in w
	int stepO, stepQ, step;           // of K
	int wrapO, wrapQ;                 // where a digit is full: what the next one changes
	bool ok[A::rows];

	// The taps are first, first - stride, ... in either direction; vTaps of them
	// in a row.
	METHOD TurnedFilters(const float *w, int row0, Conv g, int hTaps, int vTaps, int hFirst, int vFirst)
		: w(w), left(hTaps * vTaps * g.oc - A::k), oc(g.oc), taps(vTaps) {
		int filter = g.kh * g.kw * g.c, down = g.stride * g.kw * g.c, right = g.stride * g.c;
		wrapO = -oc * filter - right, wrapQ = taps * right - down;
		stepO = K % oc, stepQ = K / oc % taps, step = stepO * filter - stepQ * right - K / oc / taps * down;
#pragma unroll
		for (int j = 0; j < A::ks; j++) {
			int k = A::k + j * A::kStep, p = k / oc / taps;
			o[j] = k % oc, q[j] = k / oc % taps;
			at[j] = o[j] * filter + ((hFirst - p * g.stride) * g.kw + vFirst - q[j] * g.stride) * g.c + row0 + A::row;
		}
#pragma unroll
		for (int i = 0; i < A::rows; i++) ok[i] = row0 + A::row + i * A::rowStep < g.c;
	}

	METHOD void fetch() {
#pragma unroll
		for (int j = 0; j < A::ks; j++) {
#pragma unroll
			for (int i = 0; i < A::rows; i++)
				A::v[i][j] = load_if<W>(ok[i] & (j * A::kStep < left), w + (at[j] + i * A::rowStep));
			o[j] += stepO, q[j] += stepQ, at[j] += step;
			if (o[j] >= oc) o[j] -= oc, q[j]++, at[j] += wrapO;
			if (q[j] >= taps) q[j] -= taps, at[j] += wrapQ;
		}
		left -= K;
	}
};

// Channels has for rows the channels of dy [pixels, channels], and pixels along k.
template <int W, int R, int K>
struct Channels : Along<W, R, K> {
	using A = Along<W, R, K>;
	const float *dy;
	int left, channels;
	bool ok[A::rows];

	METHOD Channels(const float *dy, int row0, int channels, int first, int end)
		: dy(dy + ((first + A::k) * channels + row0 + A::row)), left(end - first - A::k), channels(channels) {
#pragma unroll
		for (int i = 0; i < A::rows; i++) ok[i] = row0 + A::row + i * A::rowStep < channels;
	}

	METHOD void fetch() {
#pragma unroll
		for (int j = 0; j < A::ks; j++)
#pragma unroll
			for (int i = 0; i < A::rows; i++)
				A::v[i][j] = load_if<W>(ok[i] & (j * A::kStep < left), dy + (j * A::kStep * channels + i * A::rowStep));
		dy += K * channels, left -= K;
	}
};

// Patches has for rows the elements (p, q, c) of a window, and along k the
// pixels of y: what each sees of x under that element.
template <int W, int R, int K>
struct Patches : Along<W, R, K> {
	using A = Along<W, R, K>;
	const float *x;
	int left, height, width, channels;
	int p[A::rows], q[A::rows], under[A::rows];  // of the element, from the corner of the window
	int image[A::ks], h[A::ks], v[A::ks];        // of the pixel: its image and place there
	int stepImage, stepH, stepV, endH, endV, stride;

	METHOD Patches(const float *x, int row0, Conv g, int first, int end)
		: x(x), left(end - first - A::k), height(g.h), width(g.w), channels(g.c), stride(g.stride) {
		endH = g.oh * stride, endV = g.ow * stride;
		stepV = K % g.ow * stride, stepH = K / g.ow % g.oh * stride, stepImage = K / g.ow / g.oh * (g.h * g.w * g.c);
#pragma unroll
		for (int i = 0; i < A::rows; i++) {
			int row = row0 + A::row + i * A::rowStep, c = row % g.c, tap = row / g.c;
			p[i] = tap / g.kw - g.pad, q[i] = tap % g.kw - g.pad;
			under[i] = (p[i] * g.w + q[i]) * g.c + c;
			if (tap >= g.kh * g.kw) p[i] = -(1 << 30); // there is no such element
		}
#pragma unroll
		for (int j = 0; j < A::ks; j++) {
			int pixel = first + A::k + j * A::kStep;
			v[j] = pixel % g.ow * stride, h[j] = pixel / g.ow % g.oh * stride;
			image[j] = pixel / g.ow / g.oh * (g.h * g.w * g.c);
		}
	}

	METHOD void fetch() {
#pragma unroll
		for (int j = 0; j < A::ks; j++) {
			int corner = image[j] + (h[j] * width + v[j]) * channels;
#pragma unroll
			for (int i = 0; i < A::rows; i++) {
				bool ok = (j * A::kStep < left) & ((unsigned)(h[j] + p[i]) < (unsigned)height) & ((unsigned)(v[j] + q[i]) < (unsigned)width);
				A::v[i][j] = load_if<W>(ok, x + (corner + under[i]));
			}
			h[j] += stepH, v[j] += stepV, image[j] += stepImage;
			if (v[j] >= endV) v[j] -= endV, h[j] += stride;
			if (h[j] >= endH) h[j] -= endH, image[j] += height * width * channels;
		}
		left -= K;
	}
};

// ---- The product of what lies in shared memory.

// Place is where the sums of a thread lie in the tile: rows m + {0..3, 32..35},
// columns n + {0..3, 16..19}. The lanes are spread so that neighbours read the
// same A, and 16 lanes one row of 128 bytes of it.
template <class T>
struct Place {
	int group, m, n;
	METHOD Place() {
		int lane = threadIdx.x % 32, warp = threadIdx.x / 32 % (8 / T::groups);
		group = threadIdx.x / (256 / T::groups);
		m = warp % (T::m / 64) * 64 + lane / 2 % 8 * 4;
		n = warp / (T::m / 64) * 32 + (lane % 2 + lane / 16 * 2) * 4;
	}
};

typedef float Sums[8][8];

// multiply computes this thread's sums over the slabs of A and B. While one
// slab is multiplied, the next is on its way from global memory, and goes to
// the other half of shared memory: one barrier separates slabs. What fetch gives
// behind the last slab is zeros.
template <class T, class A, class B>
DEVICE void multiply(Sums &sum, A &a, B &b, float *memory, int slabs) {
	Place<T> at;
	int first = at.group * T::steps;
	a.fetch();
	b.fetch();
	a.put(memory);
	b.put(memory + T::k * T::ldm);
	__syncthreads();
	for (int s = 0; s < slabs; s++) {
		a.fetch();
		b.fetch();
		const float *as = memory + s % 2 * T::slab + first * T::ldm + at.m;
		const float *bs = memory + s % 2 * T::slab + T::k * T::ldm + first * T::ldn + at.n;
#pragma unroll
		for (int k = 0; k < T::steps; k++) {
			pack<4> u[2] = {load<4>(as + k * T::ldm), load<4>(as + k * T::ldm + 32)};
			pack<4> v[2] = {load<4>(bs + k * T::ldn), load<4>(bs + k * T::ldn + 16)};
#pragma unroll
			for (int i = 0; i < 8; i++)
#pragma unroll
				for (int j = 0; j < 8; j++) sum[i][j] = fmaf(u[i / 4].v[i % 4], v[j / 4].v[j % 4], sum[i][j]);
		}
		float *next = memory + (s + 1) % 2 * T::slab;
		a.put(next);
		b.put(next + T::k * T::ldm);
		__syncthreads();
	}
}

// add_groups adds the sums of all groups, in order, to those of the first.
template <class T>
DEVICE void add_groups(Sums &sum, float *memory) {
	constexpr int threads = 256 / T::groups;
	float *mine = memory + threadIdx.x % threads * 4;
#pragma unroll
	for (int g = 1; g < T::groups; g++) {
		if (threadIdx.x / threads == g) {
#pragma unroll
			for (int i = 0; i < 16; i++)
				store4(mine + i * threads * 4, make_float4(sum[i / 2][i % 2 * 4], sum[i / 2][i % 2 * 4 + 1], sum[i / 2][i % 2 * 4 + 2], sum[i / 2][i % 2 * 4 + 3]));
		}
		__syncthreads();
		if (threadIdx.x < threads) {
#pragma unroll
			for (int i = 0; i < 16; i++) {
				pack<4> other = load<4>(mine + i * threads * 4);
#pragma unroll
				for (int j = 0; j < 4; j++) sum[i / 2][i % 2 * 4 + j] += other.v[j];
			}
		}
		__syncthreads();
	}
}

// store_some stores the first count of 4 elements, or all.
DEVICE void store_some(float *p, pack<4> x, int count, bool aligned) {
	if (aligned && count >= 4) {
		store<4>(p, x);
		return;
	}
#pragma unroll
	for (int e = 0; e < 4; e++)
		if (e < count) p[e] = x.v[e];
}

// ---- The three products.

// y = x * w + b: a block for each tile of [n oh ow, oc], those of the same
// pixels side by side.
template <class T, int W>
DEVICE void forward(float *y, const float *x, const float *w, const float *b, Conv g) {
	__shared__ __align__(16) float memory[T::memory];
	int columns = tiles(g.oc, T::n), pixels = g.n * g.oh * g.ow, length = g.kh * g.kw * g.c;
	int m0 = blockIdx.x / columns * T::m, n0 = blockIdx.x % columns * T::n;

	Windows<W, T::m, T::k> windows(x, g.h, g.w, g.c, g.kh, g.kw);
#pragma unroll
	for (int i = 0; i < windows.rows; i++) {
		int m = m0 + windows.row + i * windows.rowStep, row = m / g.ow;
		windows.place(i, row / g.oh, row % g.oh * g.stride - g.pad, (m % g.ow * g.stride - g.pad) * g.c, m < pixels);
	}
	Filters<W, T::n, T::k> filters(w, n0, g.oc, length);
	Sums sum = {};
	multiply<T>(sum, windows, filters, memory, tiles(length, T::k));
	add_groups<T>(sum, memory);

	Place<T> at;
	if (at.group > 0) return;
	bool aligned = aligned4(y) && g.oc % 4 == 0;
#pragma unroll
	for (int j = 0; j < 2; j++) {
		int n = n0 + at.n + j * 16;
		pack<4> bias = {};
#pragma unroll
		for (int e = 0; e < 4; e++)
			if (b && n + e < g.oc) bias.v[e] = b[n + e];
#pragma unroll
		for (int i = 0; i < 8; i++) {
			int m = m0 + at.m + i / 4 * 32 + i % 4;
			pack<4> v;
#pragma unroll
			for (int e = 0; e < 4; e++) v.v[e] = sum[i][j * 4 + e] + bias.v[e];
			if (m < pixels) store_some(y + (m * g.oc + n), v, g.oc - n, aligned);
		}
	}
}

// dx of all pixels (h, v), by phase: h + pad and v + pad modulo the stride tell
// which taps reach a pixel, every stride-th one, and in one phase it is a
// convolution of stride 1 with these taps, last to first. A block for each tile
// of each phase, rows of them being what the largest phase needs; the phases
// with most taps begin. Pixels that no tap reaches become 0.
template <class T, int W>
DEVICE void backward_input(float *dx, const float *dy, const float *w, int rows, Conv g) {
	__shared__ __align__(16) float memory[T::memory];
	__shared__ int places[T::m]; // of the tile's pixels in dx, and -1
	int columns = tiles(g.c, T::n), tile = blockIdx.x / columns, n0 = blockIdx.x % columns * T::n;
	int phase = tile / rows, m0 = tile % rows * T::m, s = g.stride;
	int ph = phase / s, pv = phase % s;                                   // the first tap
	int h0 = (ph + s - g.pad % s) % s, v0 = (pv + s - g.pad % s) % s;     // the first pixel
	int hs = (g.h - h0 + s - 1) / s, vs = (g.w - v0 + s - 1) / s;         // number of pixels
	int hTaps = (g.kh - ph + s - 1) / s, vTaps = (g.kw - pv + s - 1) / s; // and of taps
	int pixels = g.n * hs * vs;
	if (m0 >= pixels) return;

	for (int i = threadIdx.x; i < T::m; i += 256) {
		int m = m0 + i, row = m / vs;
		places[i] = m < pixels ? ((row / hs * g.h + h0 + row % hs * s) * g.w + v0 + m % vs * s) * g.c : -1;
	}
	Sums sum = {};
	if (hTaps > 0 && vTaps > 0) {
		Windows<W, T::m, T::k> windows(dy, g.oh, g.ow, g.oc, hTaps, vTaps);
#pragma unroll
		for (int i = 0; i < windows.rows; i++) {
			int m = m0 + windows.row + i * windows.rowStep, row = m / vs;
			windows.place(i, row / hs, row % hs + (h0 + g.pad - ph) / s - hTaps + 1, (m % vs + (v0 + g.pad - pv) / s - vTaps + 1) * g.oc, m < pixels);
		}
		TurnedFilters<W, T::n, T::k> filters(w, n0, g, hTaps, vTaps, ph + (hTaps - 1) * s, pv + (vTaps - 1) * s);
		multiply<T>(sum, windows, filters, memory, tiles(hTaps * vTaps * g.oc, T::k));
		add_groups<T>(sum, memory);
	} else {
		__syncthreads();
	}

	Place<T> at;
	if (at.group > 0) return;
	bool aligned = aligned4(dx) && g.c % 4 == 0;
#pragma unroll
	for (int i = 0; i < 8; i++) {
		int place = places[at.m + i / 4 * 32 + i % 4];
#pragma unroll
		for (int j = 0; j < 2; j++) {
			int n = n0 + at.n + j * 16;
			pack<4> v;
#pragma unroll
			for (int e = 0; e < 4; e++) v.v[e] = sum[i][j * 4 + e];
			if (place >= 0) store_some(dx + (place + n), v, g.c - n, aligned);
		}
	}
}

// part [slice, oc, kh kw c], each slice stride elements from the last: the sums
// over length pixels of y each. A block for each tile of each slice.
template <class T, int W>
DEVICE void backward_weight(float *part, const float *dy, const float *x, int length, int stride, Conv g) {
	__shared__ __align__(16) float memory[T::memory];
	int window = g.kh * g.kw * g.c, columns = tiles(g.oc, T::n), rows = tiles(window, T::m);
	int tile = blockIdx.x / columns, slice = tile / rows, first = slice * length, end = g.n * g.oh * g.ow;
	int m0 = tile % rows * T::m, n0 = blockIdx.x % columns * T::n;
	if (first + length < end) end = first + length;

	Patches<W, T::m, T::k> patches(x, m0, g, first, end);
	Channels<W, T::n, T::k> channels(dy, n0, g.oc, first, end);
	Sums sum = {};
	multiply<T>(sum, patches, channels, memory, tiles(end - first, T::k));
	add_groups<T>(sum, memory);

	Place<T> at;
	if (at.group > 0) return;
	part += (long long)slice * stride;
#pragma unroll
	for (int j = 0; j < 8; j++) {
		int n = n0 + at.n + j / 4 * 16 + j % 4;
#pragma unroll
		for (int i = 0; i < 2; i++) {
			int m = m0 + at.m + i * 32;
			pack<4> v;
#pragma unroll
			for (int e = 0; e < 4; e++) v.v[e] = sum[i * 4 + e][j];
			if (n < g.oc) store_some(part + (n * window + m), v, window - m, window % 4 == 0);
		}
	}
}

// conv2d_add_slices computes dw += the sum of part over its slices, n elements
// each, stride apart. A block has 128 elements and 8 warps, of which each adds
// every eighth slice; then their sums are added, in order.
KERNEL BOUNDS(256) conv2d_add_slices(float *dw, const float *part, int slices, int stride, int n) {
	__shared__ __align__(16) float sums[8][128];
	int column = threadIdx.x % 32 * 4, warp = threadIdx.x / 32, i = blockIdx.x * 128 + column;
	pack<4> sum = {};
	if (i < n) {
#pragma unroll 4
		for (int s = warp; s < slices; s += 8) {
			pack<4> v = load<4>(part + ((long long)s * stride + i));
#pragma unroll
			for (int e = 0; e < 4; e++) sum.v[e] += v.v[e];
		}
	}
	store<4>(&sums[warp][column], sum);
	__syncthreads();
	if (threadIdx.x >= 128) return;
	i = blockIdx.x * 128 + threadIdx.x;
	float total = 0;
#pragma unroll
	for (int s = 0; s < 8; s++) total += sums[s][threadIdx.x];
	if (i < n) dw[i] += total;
}

#define CONV2D(T, W, name)                                                                                          \
	KERNEL __launch_bounds__(256, 2) conv2d_##name(float *y, const float *x, const float *w, const float *b, Conv g) { \
		forward<T, W>(y, x, w, b, g);                                                                               \
	}                                                                                                               \
	KERNEL __launch_bounds__(256, 2) conv2d_backward_input_##name(float *dx, const float *dy, const float *w, int rows, Conv g) { \
		backward_input<T, W>(dx, dy, w, rows, g);                                                                   \
	}                                                                                                               \
	KERNEL __launch_bounds__(256, 2) conv2d_backward_weight_##name(float *part, const float *dy, const float *x, int length, int stride, Conv g) { \
		backward_weight<T, W>(part, dy, x, length, stride, g);                                                      \
	}

CONV2D(Large, 4, large)
CONV2D(Medium, 4, medium)
CONV2D(Small, 4, small)
CONV2D(Scalar, 1, scalar)
