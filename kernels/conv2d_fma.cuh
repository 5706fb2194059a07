// The three products of a convolution, multiplied and added in float32, each as one
// tiled matrix product, see conv2d.cuh. Operands are float32, or have 16 bits and are
// read one by one. A is always the operand that is gathered:
//
//	                m                n       k
//	forward         pixel of y       OC      (p, q, c)
//	backward input  pixel of x       C       (p, q, o)
//	backward weight (p, q, c)        OC      pixel of y
//
// Blocks have 256 threads and threads 8 x 8 sums. In tiles with fewer sums than
// that, groups of warps share them: each group takes its part of every slab of
// k, and at the end the groups are added in order.
// Behind gpu.cuh, half.cuh, ticket.cuh, conv2d.cuh and conv2d_parts.cuh.
#pragma once

// Tile is the part of C that a block computes, M x N, and how far it goes along
// k at a time. An operand lies in shared memory as float32 [K][M + 4]: threads read 4
// neighbours of one k, and the 4 keep what is written along k out of one bank.
template <int M, int N, int K>
struct Tile {
	static constexpr int m = M, n = N, k = K;
	static constexpr int groups = 256 * 64 / (M * N), steps = K / groups;
	static constexpr int ldm = M + 4, ldn = N + 4, slab = K * (ldm + ldn);
	static constexpr int exchange = groups > 1 ? M * N : 0; // room to add groups
	static constexpr int memory = 2 * slab > exchange ? 2 * slab : exchange;
};

// The tiles, for operands that allow 16-byte loads, for all others of float32, and
// for 16 bits, which come by way of registers.
typedef Tile<128, 128, 16> Large;
typedef Tile<128, 64, 16> Medium;
typedef Tile<64, 64, 32> Small;
typedef Tile<64, 64, 16> Scalar;
typedef Tile<64, 64, 8> Narrow;

// load_if loads W elements, or zeros without touching p.
template <int W, class E>
DEVICE pack<W> load_if(bool ok, const E *p) {
	pack<W> x = {};
	if (ok) x = load<W>(p);
	return x;
}

// copy_if begins to do the same, into shared memory; arrived() waits for what
// the thread has begun.
template <int W>
DEVICE void copy_if(bool ok, float *to, const float *p) {
	if constexpr (W == 4)
		asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(p), "r"(ok ? 16 : 0) : "memory");
	else
		asm volatile("cp.async.ca.shared.global [%0], [%1], 4, %2;" ::"r"(shared_address(to)), "l"(p), "r"(ok ? 4 : 0) : "memory");
}
DEVICE void arrived() { asm volatile("cp.async.wait_all;" ::: "memory"); }

// ---- From global memory to shared memory. An operand's fetch() begins to
// bring the thread's share of the next slab, with zeros where there is nothing,
// and put() ends it.

// Across is the share of an operand [R rows, k] that is contiguous along k. A
// warp reads 8 elements of each row, which are a sector, and writes without
// conflicts because k is 4 banks from k + 1, and 16 banks from k + 4. Single
// elements of float32 go to their places by themselves, others through registers.
template <int W, int R, int K, class E>
struct Across {
	typedef E element;
	static constexpr bool direct = W == 1 && sizeof(E) == 4;
	static constexpr int slab = K;
	static constexpr int along = 8 / W, lanes = 32 / along; // lanes along k, and along rows
	static constexpr int warps = R / lanes < 8 ? R / lanes : 8;
	static constexpr int rowStep = lanes * warps, rows = R / rowStep;
	static constexpr int kStep = 64 / warps, ks = K / kStep;
	int row, k, place; // of the first element, and where in shared memory it goes
	pack<W> v[rows][ks];

	METHOD Across() {
		int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
		row = lane / along + warp % warps * lanes;
		k = lane % along * W + warp / warps * 8;
		place = k * (R + 4) + row;
	}
	METHOD void take(int i, int j, bool ok, float *to, const E *from) {
		if constexpr (direct)
			copy_if<1>(ok, to + place + (j * kStep * (R + 4) + i * rowStep), from);
		else
			v[i][j] = load_if<W>(ok, from);
	}
	METHOD void put(float *to) {
		if constexpr (direct) return arrived();
		to += place;
#pragma unroll
		for (int i = 0; i < rows; i++)
#pragma unroll
			for (int j = 0; j < ks; j++)
#pragma unroll
				for (int e = 0; e < W; e++) to[(j * kStep + e) * (R + 4) + i * rowStep] = v[i][j].v[e];
	}
};

// Along is the share of an operand [k, R rows] that is contiguous along rows, as
// it will be in shared memory: float32 needs no registers on its way.
template <int W, int R, int K, class E>
struct Along {
	typedef E element;
	static constexpr bool direct = sizeof(E) == 4;
	static constexpr int slab = K;
	static constexpr int lanes = W == 1 ? 32 : 256 / K;
	static constexpr int rowStep = W * lanes, rows = R / rowStep;
	static constexpr int kStep = 256 / lanes, ks = K / kStep;
	int row, k; // the first
	pack<W> v[rows][ks];

	METHOD Along() {
		row = threadIdx.x % lanes * W;
		k = threadIdx.x / lanes;
	}
	METHOD float *place(int i, int j, float *to) const { return to + (k + j * kStep) * (R + 4) + row + i * rowStep; }
	METHOD void take(int i, int j, bool ok, float *to, const E *from) {
		if constexpr (direct)
			copy_if<W>(ok, place(i, j, to), from);
		else
			v[i][j] = load_if<W>(ok, from);
	}
	METHOD void put(float *to) {
		if constexpr (direct) {
			arrived();
		} else {
#pragma unroll
			for (int i = 0; i < rows; i++)
#pragma unroll
				for (int j = 0; j < ks; j++) store<W>(place(i, j, to), v[i][j]);
		}
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

// multiply computes this thread's sums of A and B along the way. While one
// slab is multiplied, the next is on its way from global memory, and goes to
// the other half of shared memory: one barrier separates slabs. What fetch gives
// behind the last slab is zeros.
template <class T, class Way, class A, class B>
DEVICE void multiply(Sums &sum, Way &way, A &a, B &b, float *memory) {
	Place<T> at;
	int slabs = way.slabs(), turn = 0; // where this slab is
	const float *as = memory + at.group * T::steps * T::ldm + at.m;
	const float *bs = memory + T::k * T::ldm + at.group * T::steps * T::ldn + at.n;
	a.fetch(way, memory);
	b.fetch(way, memory + T::k * T::ldm);
	a.put(memory);
	b.put(memory + T::k * T::ldm);
	__syncthreads();
	for (int s = 0; s < slabs; s++) {
		way.next();
		float *next = memory + (T::slab - turn);
		a.fetch(way, next);
		b.fetch(way, next + T::k * T::ldm);
#pragma unroll
		for (int k = 0; k < T::steps; k++) {
			const float *ak = as + turn + k * T::ldm, *bk = bs + turn + k * T::ldn;
			pack<4> u[2] = {load<4>(ak), load<4>(ak + 32)}, v[2] = {load<4>(bk), load<4>(bk + 16)};
#pragma unroll
			for (int i = 0; i < 8; i++)
#pragma unroll
				for (int j = 0; j < 8; j++) sum[i][j] = fmaf(u[i / 4].v[i % 4], v[j / 4].v[j % 4], sum[i][j]);
		}
		a.put(next);
		b.put(next + T::k * T::ldm);
		turn = T::slab - turn;
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

// A Run is how many elements at p belong to the result.
template <class E>
struct Run {
	E *p;
	int count;
};

// write stores the sums, W at a time: half j of row i where run(i, j) says.
template <int W, class F>
DEVICE void write(const Sums &sum, F run) {
#pragma unroll
	for (int i = 0; i < 8; i++)
#pragma unroll
		for (int j = 0; j < 2; j++) {
			auto r = run(i, j);
#pragma unroll
			for (int e = 0; e < 4; e += W) {
				pack<W> v;
#pragma unroll
				for (int k = 0; k < W; k++) v.v[k] = sum[i][j * 4 + e + k];
				if (e < r.count) store<W>(r.p + e, v);
			}
		}
}
template <class F>
DEVICE void write(const Sums &sum, bool inFours, F run) {
	if (inFours) {
		write<4>(sum, run);
		asm volatile(""); // or the compiler divides a store of 16 bytes to share a part of it with the other way
	} else {
		write<1>(sum, run);
	}
}

// ---- The three products.

// y = x * w + b. Block (i, j) has tile i of the pixels and j of the channels.
template <class T, int W, class E>
DEVICE void forward(E *y, const E *x, const E *w, const float *b, Conv g) {
	__shared__ __align__(16) float memory[T::memory];
	int m0 = blockIdx.x * T::m, n0 = blockIdx.y * T::n, pixels = g.n * g.oh * g.ow;

	Taps<T::k> taps(g.kh, 1, g.kw * g.c); // a row of a window is contiguous in x too
	Windows<Across<W, T::m, T::k, E>> windows({}, x, g.h, g.w, g.c);
#pragma unroll
	for (int i = 0; i < windows.rows; i++) {
		int m = m0 + windows.row + i * windows.rowStep, row = m / g.ow;
		windows.place(i, row / g.oh, row % g.oh * g.stride - g.pad, m % g.ow * g.stride - g.pad, m < pixels);
	}
	Filters<Across<W, T::n, T::k, E>> filters({}, w, n0, g.oc, g.kh * g.kw * g.c);
	Sums sum = {};
	multiply<T>(sum, taps, windows, filters, memory);
	add_groups<T>(sum, memory);

	Place<T> at;
	if (at.group > 0) return;
	if (b) {
#pragma unroll
		for (int j = 0; j < 8; j++) {
			int n = n0 + at.n + j / 4 * 16 + j % 4;
			float bias = n < g.oc ? b[n] : 0;
#pragma unroll
			for (int i = 0; i < 8; i++) sum[i][j] += bias;
		}
	}
	write(sum, aligned4(y) && g.oc % 4 == 0, [&](int i, int j) -> Run<E> {
		int m = m0 + at.m + i / 4 * 32 + i % 4, n = n0 + at.n + j * 16;
		return {y + (m * g.oc + n), m < pixels ? g.oc - n : 0};
	});
}

// dx, phase by phase. Pixels that no tap reaches become 0. Block (i, j, k) has
// tile i of the pixels of phase k, and j of the channels; the phases with most
// taps begin.
template <class T, int W, class E>
DEVICE void backward_input(E *dx, const E *dy, const E *w, Phases f, Conv g) {
	__shared__ __align__(16) float memory[T::memory];
	__shared__ int places[T::m]; // of the tile's pixels in dx, and -1
	int m0 = blockIdx.x * T::m, n0 = blockIdx.y * T::n;
	Phase a(blockIdx.z, f, g.stride);
	int pixels = g.n * a.hs * a.vs;
	if (m0 >= pixels) return;

	for (int i = threadIdx.x; i < T::m; i += 256) {
		int m = m0 + i, row = m / a.vs;
		places[i] = m < pixels ? ((row / a.hs * g.h + a.h0 + row % a.hs * a.s) * g.w + a.v0 + m % a.vs * a.s) * g.c : -1;
	}
	Taps<T::k> taps(a.hTaps, a.vTaps, g.oc);
	Windows<Across<W, T::m, T::k, E>> windows({}, dy, g.oh, g.ow, g.oc);
#pragma unroll
	for (int i = 0; i < windows.rows; i++) {
		int m = m0 + windows.row + i * windows.rowStep, row = m / a.vs;
		windows.place(i, row / a.hs, row % a.hs + a.i0 - a.hTaps + 1, m % a.vs + a.j0 - a.vTaps + 1, m < pixels);
	}
	int right = a.s * g.c, down = right * g.kw, last = (a.p * g.kw + a.q) * g.c + (a.hTaps - 1) * down + (a.vTaps - 1) * right;
	TurnedFilters<Along<W, T::n, T::k, E>> filters({}, w, n0, g.c, g.kh * g.kw * g.c, last, -down, -right);
	Sums sum = {};
	multiply<T>(sum, taps, windows, filters, memory);
	add_groups<T>(sum, memory);

	Place<T> at;
	if (at.group > 0) return;
	write(sum, aligned4(dx) && g.c % 4 == 0, [&](int i, int j) -> Run<E> {
		int place = places[at.m + i / 4 * 32 + i % 4], n = n0 + at.n + j * 16;
		return {dx + (place + n), place >= 0 ? g.c - n : 0};
	});
}

// dw += the sums over all pixels of y, of which a block takes length. Block
// (i, j, k) has tile i of the elements of a window and j of the channels, in part
// k of the pixels.
template <class T, int W, class E>
DEVICE void backward_weight(float *dw, const E *dy, const E *x, float *parts, unsigned *tickets, int length, Steps steps, Conv g) {
	__shared__ __align__(16) float memory[T::memory];
	int m0 = blockIdx.x * T::m, n0 = blockIdx.y * T::n, window = g.kh * g.kw * g.c;
	int first = blockIdx.z * length, end = g.n * g.oh * g.ow;
	if (first + length < end) end = first + length;

	Pixels<T::k> pixels(first, end);
	Patches<Along<W, T::m, T::k, E>> patches({}, x, m0, first, steps, g);
	Channels<Along<W, T::n, T::k, E>> channels({}, dy, n0, g.oc, first);
	Sums sum = {};
	multiply<T>(sum, pixels, patches, channels, memory);
	add_groups<T>(sum, memory);

	Place<T> at;
	Parts<T::n, T::m, 256, W> all(parts, tickets, g.oc, window);
	if (at.group == 0) {
		Sums turned; // neighbours in dw are rows of the tile
#pragma unroll
		for (int i = 0; i < 8; i++)
#pragma unroll
			for (int j = 0; j < 8; j++) turned[i][j] = sum[j][i];
		float *own = parts + blockIdx.z * all.size();
		write<W>(turned, [=](int i, int j) -> Run<float> {
			int row = n0 + at.n + i / 4 * 16 + i % 4, column = m0 + at.m + j * 32;
			return {own + (row * window + column), row < g.oc ? window - column : 0};
		});
	}
	all.finish(dw, n0, [=](int column) INLINE { return m0 + column; });
}

// CONV2D defines the kernels of a tile whose names end so. Two blocks share a
// multiprocessor: 128 registers for each thread.
#define CONV2D(name, T, W, E) \
	KERNEL __launch_bounds__(256, 2) conv2d_##name(E *y, const E *x, const E *w, const float *b, Conv g) { \
		forward<T, W>(y, x, w, b, g); \
	} \
	KERNEL __launch_bounds__(256, 2) conv2d_backward_input_##name(E *dx, const E *dy, const E *w, Phases f, Conv g) { \
		backward_input<T, W>(dx, dy, w, f, g); \
	} \
	KERNEL __launch_bounds__(256, 2) conv2d_backward_weight_##name(float *dw, const E *dy, const E *x, float *parts, unsigned *tickets, int length, Steps steps, Conv g) { \
		backward_weight<T, W>(dw, dy, x, parts, tickets, length, steps, g); \
	}
