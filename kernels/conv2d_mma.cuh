// The three products of a convolution on tensor cores. Behind mma.cuh,
// conv2d_input_end.cuh, conv2d.cuh and conv2d_parts.cuh. Here neighbours in n are
// neighbours in the result:
//
//	                m              n            k
//	forward         pixel of y     OC           (p, q, c)
//	backward input  pixel of x     C            (p, q, o)
//	backward weight OC             (p, q, c)    pixel of y
#pragma once

// ---- The three products, with results of format O.

// end_forward makes y of the sums of a forward pass; row(m) is where row m of the
// tile has channel n0 in y, and null where there is no such row.
template <class T, class A, class O, class F>
DEVICE void end_forward(const Sums &sum, typename O::element *y, const float *b, const typename O::element *add, int relu, Constants k, Statistics s, int n0, Conv g, F row) {
	__shared__ __align__(16) float norm[3 * T::n];
	int channel = n0 + threadIdx.x, channels = g.oc - n0 < T::n ? g.oc - n0 : T::n;
	bool mine = threadIdx.x < channels;
	if (k.gamma && threadIdx.x < T::n) {
		norm[threadIdx.x] = mine ? k.mean[channel] : 0;
		norm[T::n + threadIdx.x] = mine ? k.gamma[channel] * (float)(1 / sqrt(k.variance[channel] + k.eps)) : 0;
		norm[2 * T::n + threadIdx.x] = mine ? k.beta[channel] : 0;
	}
	double *partial = s.partial ? s.partial + (2ll * blockIdx.x * g.oc + n0) : nullptr;
	Forward<T, O> end = {b ? b + n0 : b, k.gamma ? norm : nullptr, y, add, relu, {partial, g.oc}};
	write<T, A, O>(sum, end, g.oc - n0, aligned4(y) && aligned4(add) && g.oc % O::width == 0, row);
	if (!s.partial) return;
	double *all = (double *)memory;
	if (!total(all, s.partial, s.tickets + blockIdx.y * 33, {n0, channels}, g.oc, blockIdx.x, gridDim.x) || !mine) return;
	float mean, variance;
	finish(mean, variance, all + threadIdx.x, channels, 0, s.moved, g.n * g.oh * g.ow, channel);
	s.mean[channel] = mean;
	s.variance[channel] = variance;
}

// y = x * w + b, normalised, plus add, and the ReLU of it where relu is set; b and
// add may be null. Block (i, j) has tile i of the pixels and j of the channels.
template <class T, class O>
DEVICE void forward(typename O::element *y, const typename T::format::element *x, const typename T::format::element *w, const float *b,
                    const typename O::element *add, int relu, Constants k, Statistics s, Conv g) {
	typedef Across<LEFT, T, T::m> A;
	typedef Across<RIGHT, T, T::n> B;
	Place<T> at;
	int m0 = blockIdx.x * T::m, n0 = blockIdx.y * T::n, pixels = g.n * g.oh * g.ow;

	Taps<T::k> taps(g.kh, 1, g.kw * g.c); // a row of a window is contiguous in x too
	Windows<A> windows(A(at.m, at.first), x, g.h, g.w, g.c);
#pragma unroll
	for (int i = 0; i < windows.rows; i++) {
		int m = m0 + windows.row + i * windows.rowStep, row = m / g.ow;
		windows.place(i, row / g.oh, row % g.oh * g.stride - g.pad, m % g.ow * g.stride - g.pad, m < pixels);
	}
	Filters<B> filters(B(at.n, at.first), w, n0, g.oc, g.kh * g.kw * g.c);
	Sums sum = {};
	multiply<T>(sum, taps, windows, filters);
	end_forward<T, A, O>(sum, y, b, add, relu, k, s, n0, g, [=](int m) INLINE {
		return m0 + m < pixels ? y + ((m0 + m) * g.oc + n0) : nullptr;
	});
}

// dx, phase by phase, or what a normalisation makes of it: k is a Norm or
// Unnormalised. Pixels that no tap reaches become 0. Block (i, j, k) has
// tile i of the pixels of phase k, and j of the channels; the phases with most
// taps begin.
template <class T, class O, class K>
DEVICE void backward_input(typename O::element *dx, const typename T::format::element *dy, const typename T::format::element *w, const K &k, Phases f, Conv g) {
	typedef Across<LEFT, T, T::m> A;
	typedef Along<RIGHT, T, T::n> B;
	Place<T> at;
	int m0 = blockIdx.x * T::m, n0 = blockIdx.y * T::n;
	Phase a(blockIdx.z, f, g.stride);
	int pixels = g.n * a.hs * a.vs;

	Taps<T::k> taps(m0 < pixels ? a.hTaps : 0, a.vTaps, g.oc); // some phases have fewer pixels than the grid has room for
	Windows<A> windows(A(at.m, at.first), dy, g.oh, g.ow, g.oc);
#pragma unroll
	for (int i = 0; i < windows.rows; i++) {
		int m = m0 + windows.row + i * windows.rowStep, row = m / a.vs;
		windows.place(i, row / a.hs, row % a.hs + a.i0 - a.hTaps + 1, m % a.vs + a.j0 - a.vTaps + 1, m < pixels);
	}
	int right = a.s * g.c, down = right * g.kw, last = (a.p * g.kw + a.q) * g.c + (a.hTaps - 1) * down + (a.vTaps - 1) * right;
	TurnedFilters<B> filters(B(at.n, at.first), w, n0, g.c, g.kh * g.kw * g.c, last, -down, -right);
	Sums sum = {};
	multiply<T>(sum, taps, windows, filters);

	end_input<T, A, O>(sum, dx, k, blockIdx.z * gridDim.x + blockIdx.x, gridDim.z * gridDim.x, n0, g, [=](int i) INLINE {
		int m = m0 + i, row = m / a.vs;
		return m < pixels ? dx + (((row / a.hs * g.h + a.h0 + row % a.hs * a.s) * g.w + a.v0 + m % a.vs * a.s) * g.c + n0) : nullptr;
	});
}

// dw += the sums over all pixels of y, of which a block takes length. Block
// (i, j, k) has tile i of the channels and j of the elements of a window, in part
// k of the pixels.
template <class T>
DEVICE void backward_weight(float *dw, const typename T::format::element *dy, const typename T::format::element *x, float *parts, unsigned *tickets, int length, Steps steps, Conv g) {
	typedef Along<LEFT, T, T::m> A;
	typedef Along<RIGHT, T, T::n> B;
	Place<T> at;
	int m0 = blockIdx.x * T::m, n0 = blockIdx.y * T::n;
	int first = blockIdx.z * length, end = g.n * g.oh * g.ow;
	if (first + length < end) end = first + length;

	Pixels<T::k> pixels(first, end);
	Channels<A> channels(A(at.m, at.first), dy, m0, g.oc, first);
	Patches<B> patches(B(at.n, at.first), x, n0, first, steps, g);
	Sums sum = {};
	multiply<T>(sum, pixels, channels, patches);

	int columns = g.kh * g.kw * g.c;
	Parts<T::m, T::n, T::threads, 4> all(parts, tickets, g.oc, columns);
	float *own = parts + (blockIdx.z * all.size() + n0);
	Plain plain;
	write<T, A, Float32>(sum, plain, columns - n0, true, [=](int m) INLINE { return m0 + m < g.oc ? own + (m0 + m) * columns : nullptr; });
	all.finish(dw, m0, [=](int column) INLINE { return n0 + column; });
}

// Blocks with 4 warps share a multiprocessor by two.
#define PRODUCT(T) KERNEL __launch_bounds__(T::threads, 8 / T::warps)

// FORWARD defines the kernel of that name, which computes with a template above.
#define FORWARD(name, compute, T, F, O) \
	PRODUCT(T) name(O::element *y, const F::element *x, const F::element *w, const float *b, const O::element *add, int relu, \
	                const float *gamma, const float *beta, double eps, float *mean, float *variance, float *running_mean, float *running_var, int *count, float momentum, float unbias, int times, \
	                double *partial, unsigned *tickets, Conv g) { \
		compute<T, O>(y, x, w, b, add, relu, {gamma, beta, mean, variance, eps}, {mean, variance, {running_mean, running_var, count, momentum, unbias, times}, partial, tickets}, g); \
	}

// CONV2D and CONV2D_WEIGHT define the kernels of a tile whose names end so. That for
// the gradient of an input can begin that of a normalisation.
#define CONV2D(name, T, F, O) \
	FORWARD(conv2d_##name, forward, T, F, O) \
	PRODUCT(T) conv2d_backward_input_##name(O::element *dx, const F::element *dy, const F::element *w, NORM(O), Phases f, Conv g) { \
		backward_input<T, O>(dx, dy, w, NORM_GIVEN(O), f, g); \
	}

// LARGE_CONV2D is CONV2D of a tile of 8 warps. While these store half of their sums
// the others take the registers that a normalisation would need.
#define LARGE_CONV2D(name, T, F, O) \
	FORWARD(conv2d_##name, forward, T, F, O) \
	PRODUCT(T) conv2d_backward_input_##name(O::element *dx, const F::element *dy, const F::element *w, Phases f, Conv g) { \
		backward_input<T, O>(dx, dy, w, Unnormalised(), f, g); \
	}
#define CONV2D_WEIGHT(name, T, F) \
	PRODUCT(T) conv2d_backward_weight_##name(float *dw, const F::element *dy, const F::element *x, float *parts, unsigned *tickets, int length, Steps steps, Conv g) { \
		backward_weight<T>(dw, dy, x, parts, tickets, length, steps, g); \
	}

// The tiles, with the shared memory that two blocks of a multiprocessor of
// compute capability 8.0 have, or one of 8 warps. They stand in Go too.
template <class F>
using T256x128 = Tile<F, 256, 128, 64, 4>;
template <class F>
using T128x128 = Tile<F, 128, 128, 64, 4>;
template <class F>
using T256x64 = Tile<F, 256, 64, 64, 4>;
template <class F>
using T128x64 = Tile<F, 128, 64, 128, 3>;
template <class F>
using T64x64 = Tile<F, 64, 64, 128, 4>;

#define TILES(TILE, LARGE) LARGE(256x128) TILE(128x128) TILE(256x64) TILE(128x64) TILE(64x64)
