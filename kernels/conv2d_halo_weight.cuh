// The gradients of the weights of 3 x 3 windows with stride 1 and padding 1, on
// tensor cores. Behind conv2d_mma.cuh, whose kernels do the same for all windows.
//
// These fetch a pixel of x for each tap that sees it, nine times. Here a block
// computes all nine taps of its channels, and x goes by in shared memory, in a ring
// of its last pixels: each comes once, ahead of the last tap, and stays until the
// first has seen it too. Nothing lies between rows or images, so that a tap is one
// distance for all pixels and no multiplication is wasted.
#pragma once

// A HaloWeightTile is M channels of dy by the taps of C channels of x, 8 of them for
// a warp, which reads the M once for nine taps. k goes along K pixels at a time. In
// shared memory lie the ring of PIXELS, a power of two, then zeros, then slabs of dy.
template <class F, int M, int C, int PIXELS, int STAGES>
struct HaloWeightTile {
	typedef F format;
	static constexpr int m = M, n = 9 * C, channels = C, k = 4 * F::width, steps = 2, stages = STAGES;
	static constexpr int warps = C / 8, threads = warps * 32;
	static constexpr int pixel = C * 16 / F::width, ring = PIXELS * pixel; // in bytes
	static constexpr int zeros = 128, begin = ring + zeros, stage = k * M * 16 / F::width;
};

// Edges are which of a slab's pixels are at the edges of their image: bit 4 i is
// pixel i of the lane.
template <class T>
struct Edges {
	static constexpr bool words = T::format::width == 4;
	int h, v; // of one pixel
	int height, width;
	Steps step;
	unsigned top, bottom, left, right;

	METHOD Edges(int first, Steps step, Conv g) : height(g.h), width(g.w), step(step) {
		int pixel = first + threadIdx.x % T::k;
		v = pixel % g.w, h = pixel / g.w % g.h;
	}
	// all gives a lane what is known of its pixels: of one, or in float32 of four,
	// each known to another lane.
	METHOD static unsigned all(bool edge) {
		if constexpr (words) {
			unsigned v;
			asm volatile("{.reg .pred %%e; setp.ne.u32 %%e, %1, 0; vote.sync.ballot.b32 %0, %%e, 0xffffffff;}" : "=r"(v) : "r"((unsigned)edge));
			return v >> threadIdx.x % 4;
		} else {
			return edge;
		}
	}
	METHOD void next() {
		top = all(h == 0), bottom = all(h == height - 1), left = all(v == 0), right = all(v == width - 1);
		h += step.h, v += step.v;
		if (v >= width) v -= width, h++;
		if (h >= height) h -= height;
	}
	// outside are the pixels for which tap (p, q) is outside of the image.
	METHOD unsigned outside(int p, int q) const {
		return (p == 0 ? top : p == 2 ? bottom : 0) | (q == 0 ? left : q == 2 ? right : 0);
	}
};

// Ring is the right operand. Pixel i of those that windows cover lies at place
// i % PIXELS; its pieces of 16 bytes change places as in Halo, or by i % 4 * 2 in
// float32, so that neighbours do not meet in a bank. What is outside of the image
// is read from zeros, in the bank where the pixel would be.
template <class T>
struct Ring {
	typedef typename T::format F;
	typedef typename F::element element;
	static constexpr bool words = F::width == 4;
	static constexpr int pieces = T::pixel / 16, rowStep = T::threads / pieces;
	const element *x;  // the thread's piece of the next pixel that it brings
	int next, end;     // that pixel, and the one behind the last
	int forward, back; // elements of x in a slab, and bytes of the ring in a row
	unsigned put, to;  // where the slab goes, and the thread's pixel of it
	unsigned from;     // the lane's pixel under the first tap
	Edges<T> edges;

	METHOD static unsigned place(unsigned a) { return a ^ (words ? a >> 2 & 96 : a >> 3 & 48); }

	METHOD Ring(const element *x, int c0, int first, int last, Steps step, Conv g)
		: forward(T::k * g.c), back(g.w * T::pixel), put(0), edges(first, step, g) {
		int c = c0 + threadIdx.x % pieces * F::width, pixels = g.n * g.h * g.w, lane = threadIdx.x % 32;
		next = first - g.w - 1 + threadIdx.x / pieces;
		end = last + g.w + 1 < pixels ? last + g.w + 1 : pixels;
		if (c >= g.c) end = 0;
		if (threadIdx.x < T::zeros / 4) ((unsigned *)(memory + T::ring))[threadIdx.x] = 0;
		this->x = x + (next * g.c + c);
		to = place(threadIdx.x * 16);
		from = threadIdx.x / 32 * (8 * 16 / F::width) + (words ? lane % 4 * T::pixel + lane / 4 * 4 : lane * T::pixel);
#pragma unroll 1
		for (int slab = 0; slab < 2 * (g.w + 1); slab += T::k) fetch(g.c); // all that the first slab of dy sees but what comes with it
	}
	METHOD void fetch(int channels) {
#pragma unroll
		for (int i = 0; i < T::k; i += rowStep)
			copy16((unsigned)(next + i) < (unsigned)end, shared_address(memory) + put + to + i * T::pixel, x + i * channels);
		next += T::k, x += forward;
		put = (put + T::k * T::pixel) % T::ring;
	}
	// read takes what tap (p, q) sees.
	METHOD void read(Right (&v)[T::steps], int p, int q) {
		unsigned a = place(from + (p * back + q * T::pixel)), outside = edges.outside(p, q);
		if constexpr (words) {
#pragma unroll
			for (int i = 0; i < 4; i++) {
				unsigned at = outside >> 4 * i & 1 ? T::ring + a % T::zeros : (a + i * 4 * T::pixel) % T::ring;
				asm volatile("ld.shared.b32 %0, [%1];" : "=r"(v[i / 2][i % 2]) : "r"(shared_address(memory) + at) : "memory");
			}
		} else {
			unsigned at = outside ? T::ring + a % T::zeros : a % T::ring;
			LDMATRIX(".trans", v[0][0], v[0][1], v[1][0], v[1][1], shared_address(memory) + at);
		}
	}
};

// multiply_taps computes the warp's sums of all taps, as multiply does.
template <class T, class A>
DEVICE void multiply_taps(Product (&sum)[9][4], Pixels<T::k> &way, A &dy, Ring<T> &x, int channels) {
	unsigned begin = shared_address(memory) + T::begin, end = begin + T::stages * T::stage, put = begin, get = begin;
	auto fetch = [&]() INLINE {
		dy.fetch(way, put);
		x.fetch(channels);
		end_group();
		way.next();
		put += T::stage;
	};
	int slabs = way.slabs();
#pragma unroll
	for (int i = 1; i < T::stages; i++) fetch();
	for (; slabs > 0; slabs--) {
		wait_for_all_but<T::stages - 2>();
		__syncthreads();
		Left u[T::steps][4];
#pragma unroll
		for (int s = 0; s < T::steps; s++) {
			dy.read(u[s], get, s);
#pragma unroll
			for (int i = 0; i < 16; i++) T::format::round(u[s][i / 4][i % 4]);
		}
		x.edges.next();
		fetch();
		if (put == end) put = begin;
#pragma unroll
		for (int tap = 0; tap < 9; tap++) {
			Right v[T::steps];
			x.read(v, tap / 3, tap % 3);
#pragma unroll
			for (int s = 0; s < T::steps; s++) {
				T::format::round(v[s][0]), T::format::round(v[s][1]);
#pragma unroll
				for (int i = 0; i < 4; i++) T::format::multiply(sum[tap][i], u[s][i], v[s]);
			}
		}
		x.from += T::k * T::pixel;
		get += T::stage;
		if (get == end) get = begin;
	}
	wait_for_all_but<0>(); // no thread ends before its copies
}

// dw += the sums over all pixels of y, of which a block takes length. Block
// (i, j, k) has tile i of the channels of dy and j of those of x, in part k of the
// pixels.
template <class T>
DEVICE void halo_backward_weight(float *dw, const typename T::format::element *dy, const typename T::format::element *x, float *parts, unsigned *tickets, int length, Steps steps, Conv g) {
	typedef Along<LEFT, T, T::m> A;
	int m0 = blockIdx.x * T::m, c0 = blockIdx.y * T::channels;
	int first = blockIdx.z * length, last = g.n * g.oh * g.ow;
	if (first + length < last) last = first + length;

	Pixels<T::k> pixels(first, last);
	Channels<A> channels(A(0, 0), dy, m0, g.oc, first);
	Ring<T> ring(x, c0, first, last, steps, g);
	Product sum[9][4] = {};
	multiply_taps<T>(sum, pixels, channels, ring, g.c);

	int columns = 9 * g.c, lane = threadIdx.x % 32, c = c0 + threadIdx.x / 32 * 8 + lane % 4 * 2;
	Parts<T::m, T::n, T::threads, 4> all(parts, tickets, g.oc, columns);
	float *own = parts + (blockIdx.z * all.size() + c);
#pragma unroll
	for (int i = 0; i < 8; i++) { // four lanes store a sector
		int row = m0 + A::in_order(i, lane / 4);
		if (row >= g.oc || c >= g.c) continue;
#pragma unroll
		for (int tap = 0; tap < 9; tap++) {
			const float *v = &sum[tap][i / 2][i % 2 * 2];
			asm volatile("st.global.v2.f32 [%0], {%1,%2};" ::"l"(own + (row * columns + tap * g.c)), "f"(v[0]), "f"(v[1]) : "memory");
		}
	}
	all.finish(dw, m0, [=](int column) INLINE {
		int c = c0 + column % T::channels;
		return c < g.c ? column / T::channels * g.c + c : columns;
	});
}

// HALO_WEIGHT defines the kernel of a tile whose name ends so.
#define HALO_WEIGHT(name, T, F) \
	PRODUCT(T) conv2d_backward_weight_##name(float *dw, const F::element *dy, const F::element *x, float *parts, unsigned *tickets, int length, Steps steps, Conv g) { \
		halo_backward_weight<T>(dw, dy, x, parts, tickets, length, steps, g); \
	}

// The tile. It stands in Go too.
template <class F>
using W64x288 = HaloWeightTile<F, 64, 32, 256, 4>;
