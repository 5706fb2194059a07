// Convolutions of 3 x 3 windows with stride 1 and padding 1, and the gradients
// of their inputs, on tensor cores. Behind conv2d_input_end.cuh and conv2d_mma.cuh,
// whose kernels do the same for all windows.
//
// These let k go along all channels before they go to the next tap, and so fetch
// every pixel nine times from the L2 cache, which is then what bounds them. Here
// k goes along the nine taps of T::k channels before it goes to the next
// channels. The pixels under all windows of a tile, its patch, which has one more
// on all sides, the halo, come to shared memory once for these taps; a tap is
// another place in it to read from. What a tile of 256 x 128 fetches is 2.3 to 2.5
// times less.
#pragma once

// A HaloTile has in shared memory two patches of up to PATCH pixels, this and the
// next, and behind them the slabs of the right operand, each of them of one tap.
template <class F, int M, int N, int PATCH, int STAGES>
struct HaloTile : Tile<F, M, N, 64, STAGES> {
	static constexpr int patch = PATCH * 64, begin = 2 * patch, right = 0, stage = N * 64;
	static constexpr int pixels = PATCH;
};

// Around is the way along k: for each K of the channels all taps (p, q). K
// divides the channels.
template <int K>
struct Around {
	int channels, p, q, e;
	int room; // K, and 0 behind the end

	METHOD Around(int channels) : channels(channels), p(0), q(0), e(0), room(K) {}
	METHOD int slabs() { return channels / K * 9; }
	METHOD int at() const { return (p * 3 + q) * channels + e; }
	METHOD void next() {
		if (++q == 3) q = 0, p++;
		if (p == 3) p = 0, e += K;
		room = e < channels ? K : 0;
	}
};

// A Plane is how the pixels of images lie one behind the other: a row of zeros
// before each image and a pixel of zeros before each row, which are the halo of
// what is before them too. So a tap (p, q) is p rows and q pixels on from the
// first, whatever the pixel. A patch is a part of the plane.
//
// Eight pixels that follow each other do not meet in a bank of shared memory.
// Four of a row and four of the next, five on, would: in images of 4 x 4 the
// eight are the same row of two images, which are 28 apart for that.
struct Plane {
	int n, h, w;
	int row, image; // how far rows and images are from each other

	METHOD Plane(const Conv &g) : n(g.n), h(g.h), w(g.w), row(g.w + 1), image((g.h + 1) * row + (g.w == 4 ? 3 : 0)) {}

	// place is that of a pixel.
	METHOD int place(int pixel) const {
		int line = pixel / w, n = line / h;
		return n * image + (line - n * h + 1) * row + (pixel - line * w + 1);
	}
	// pixel is the one at a place, or -1.
	METHOD int pixel(int place) const {
		int n = place / image, left = place - n * image, i = left / row - 1, j = left - (i + 1) * row - 1;
		bool ok = (n < this->n) & ((unsigned)i < (unsigned)h) & (j >= 0);
		return ok ? (n * h + i) * w + j : -1;
	}
	// in_order is which pixel of a tile row m of the product is.
	METHOD int in_order(int m) const { return w == 4 ? (m & ~28) | (m >> 1 & 12) | (m << 2 & 16) : m; }
};

// Halo is the left operand: for rows the windows of M pixels of images [n, h, w,
// channels] from pixel m0 on. Piece i of a pixel, whose address in shared memory
// is a, is at place i ^ a / 128 % 4. A thread brings the same piece of every
// rowStep-th pixel.
//
// While the taps of one patch are multiplied the next one comes, a part with each
// of the first taps: the last part must be on its way before the slab of the next
// patch's first tap is, which is stages - 1 taps ahead.
template <class T>
struct Halo {
	typedef typename T::format::element element;
	static constexpr int pieces = T::bytes / 16, rowStep = T::threads / pieces, rows = T::pixels / rowStep;
	static constexpr int parts = 9 - (T::stages - 1) + 1, each = (rows + parts - 1) / parts;
	static_assert(rows % each == 0 && T::pixels % rowStep == 0 && rowStep % 8 == 0, "copies of a patch are not in equal parts");
	const int *source;        // in shared memory, for the thread's first pixel: which element of x it begins with; negative: it is of zeros
	const element *x;         // the thread's piece of the channels that the next patch has
	int room;                 // channels from there on
	unsigned to, patch;       // where the thread's first piece goes in one patch, and how far the present one is from that
	int tap, down;            // the present one, negative before the first, and what a row is more than three taps
	unsigned from[4], now[4]; // where the lane's pixels are in one patch, and under the present tap

	METHOD static unsigned place(unsigned a) { return a ^ (a >> 3 & 48); }

	METHOD Halo(int (&sources)[T::pixels], const Place<T> &at, const Plane &in, const element *x, int m0, int channels)
		: x(x + threadIdx.x % pieces * T::format::width), room(channels), patch(T::patch), tap(1 - T::stages), down(in.row - 3) {
		int first = in.place(m0) - in.row - 1, end = in.place(m0 + T::m - 1) + in.row + 2;
		for (int i = threadIdx.x; i < T::pixels; i += T::threads) sources[i] = (first + i < end ? in.pixel(first + i) : -1) * channels;
		__syncthreads();
		source = sources + threadIdx.x / pieces;
		to = place(shared_address(memory) + threadIdx.x * 16);
		copy<rows>(0);
		turn();
		int lane = threadIdx.x % 32;
#pragma unroll
		for (int i = 0; i < 4; i++) {
			int m = in.in_order(at.m + i * 16 + lane % 16);
			from[i] = shared_address(memory) + (in.place(m0 + m) - in.row - 1 - first) * T::bytes + (at.first * 2 + lane / 16) * 16;
		}
	}
	// copy begins to bring COUNT of the thread's pixels to the patch that is not
	// present.
	template <int COUNT>
	METHOD void copy(int first) {
		int at[COUNT];
#pragma unroll
		for (int i = 0; i < COUNT; i++) at[i] = source[(first + i) * rowStep];
#pragma unroll
		for (int i = 0; i < COUNT; i++)
			copy16((at[i] >= 0) & (room > 0), to + (T::patch - patch) + (first + i) * rowStep * T::bytes, x + at[i]);
	}
	// turn goes to the other patch.
	METHOD void turn() {
		patch = T::patch - patch;
		x += T::k, room -= T::k;
	}
	template <class Way>
	METHOD void fetch(const Way &, unsigned) {
		if ((unsigned)tap < rows / each) copy<each>(tap * each);
		if (++tap == 9) {
			tap = 0;
			turn();
		}
	}
	METHOD void read(Left (&v)[4], unsigned, int s) {
		if (s == 0) {
			int p = tap * 11 / 32; // tap / 3
#pragma unroll
			for (int i = 0; i < 4; i++) now[i] = place(from[i] + patch + (tap + p * down) * T::bytes);
		}
#pragma unroll
		for (int i = 0; i < 4; i++) LDMATRIX("", v[i][0], v[i][1], v[i][2], v[i][3], now[i] ^ s * 32);
	}
	METHOD static int in_order(int i, int r) { return i * 8 + r; }
};

// y = x * w + b, and the rest as in forward().
template <class T, class O>
DEVICE void halo_forward(typename O::element *y, const typename T::format::element *x, const typename T::format::element *w, const float *b,
                         const typename O::element *add, int relu, Constants k, Statistics s, Conv g) {
	typedef Across<RIGHT, T, T::n> B;
	__shared__ int sources[T::pixels];
	Place<T> at;
	Plane plane(g);
	int m0 = blockIdx.x * T::m, n0 = blockIdx.y * T::n, pixels = g.n * g.h * g.w;

	Around<T::k> taps(g.c);
	Halo<T> halo(sources, at, plane, x, m0, g.c);
	Filters<B> filters(B(at.n, at.first), w, n0, g.oc, 9 * g.c);
	Sums sum = {};
	multiply<T>(sum, taps, halo, filters);
	end_forward<T, Halo<T>, O>(sum, y, b, add, relu, k, s, n0, g, [=](int i) INLINE {
		int m = m0 + plane.in_order(i);
		return m < pixels ? y + (m * g.oc + n0) : nullptr;
	});
}

// dx, the convolution of dy with the filters turned around, or what a normalisation
// makes of it: k is a Norm or Unnormalised.
template <class T, class O, class K>
DEVICE void halo_backward_input(typename O::element *dx, const typename T::format::element *dy, const typename T::format::element *w, const K &k, Conv g) {
	typedef Along<RIGHT, T, T::n> B;
	__shared__ int sources[T::pixels];
	Place<T> at;
	Plane plane(g);
	int m0 = blockIdx.x * T::m, n0 = blockIdx.y * T::n, pixels = g.n * g.h * g.w;

	Around<T::k> taps(g.oc);
	Halo<T> halo(sources, at, plane, dy, m0, g.oc);
	TurnedFilters<B> filters(B(at.n, at.first), w, n0, g.c, 9 * g.c, 8 * g.c, -3 * g.c, -g.c);
	Sums sum = {};
	multiply<T>(sum, taps, halo, filters);
	end_input<T, Halo<T>, O>(sum, dx, k, blockIdx.x, gridDim.x, n0, g, [=](int i) INLINE {
		int m = m0 + plane.in_order(i);
		return m < pixels ? dx + (m * g.c + n0) : nullptr;
	});
}

// HALO defines the kernels of a tile whose names end so.
#define HALO(name, T, F, O) \
	FORWARD(conv2d_##name, halo_forward, T, F, O) \
	PRODUCT(T) conv2d_backward_input_##name(O::element *dx, const F::element *dy, const F::element *w, NORM(O), Conv g) { \
		halo_backward_input<T, O>(dx, dy, w, NORM_GIVEN(O), g); \
	}

// LARGE_HALO defines those of a tile of 8 warps: see LARGE_CONV2D.
#define LARGE_HALO(name, T, F, O) \
	FORWARD(conv2d_##name, halo_forward, T, F, O) \
	PRODUCT(T) conv2d_backward_input_##name(O::element *dx, const F::element *dy, const F::element *w, Conv g) { \
		halo_backward_input<T, O>(dx, dy, w, Unnormalised(), g); \
	}

// The tiles. They stand in Go too.
template <class F>
using H256x128 = HaloTile<F, 256, 128, 448, 4>;
template <class F>
using H128x128 = HaloTile<F, 128, 128, 256, 4>;
template <class F>
using H256x64 = HaloTile<F, 256, 64, 448, 4>;
template <class F>
using H128x64 = HaloTile<F, 128, 64, 256, 6>;

#define HALO_TILES(TILE, LARGE) LARGE(256x128) TILE(128x128) TILE(256x64) TILE(128x64)
