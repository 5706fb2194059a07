// The end of the gradient of an input that a batch normalisation gave: what the
// first of the two passes of its gradient does. Behind conv2d_mma_ends.cuh.
#pragma once

// Norm is a batch normalisation of x, with its ReLU, whose result y a convolution
// read, and what becomes of its gradient. Without x there is none. The ReLU lets
// through where y > 0, or, with beta, where y was, by what x gives; with neither
// there is no ReLU. Rows of all these arrays can be loaded 16 bytes at a time.
template <class E>
struct Norm {
	const E *more, *y, *x; // more is another part of the gradient of y, or null
	const float *gamma, *beta, *mean, *variance;
	double eps;
	double *means; // [2, c], of dz and of dz·x̂ over all rows
	float *dgamma, *dbeta;
	double *partial;
	unsigned *tickets;
};

// An Input end makes dz of the gradient of y, as batch_norm_gradients does, but
// rounds the sum of both parts once, and sums dz and dz·x̂ over the rows that a
// thread stores, in float.
template <class T, class O>
struct Input {
	typedef typename O::element element;
	const element *dz, *more, *y, *x;
	const float *slope; // in shared memory [4, T::n]: mean, r, gamma·r, beta, of channels as place has them
	bool masks;
	double *partial; // of the block [2, c], from its first channel on
	int c;
	const float *own; // of slope
	float sum[O::width], dot[O::width];

	static constexpr int rows = 4, turns = 1;
	struct Fetched {
		int x[4] = {}, more[4] = {}, y[4] = {};
	};

	// place is where a channel is in slope: the second four of eight that a thread
	// has lie behind the first ones of all threads, so that these do not meet in a
	// bank.
	METHOD static int place(int n) { return O::width == 4 ? n : n / 4 % 2 * (T::n / 2) + n / 8 * 4 + n % 4; }

	METHOD void begin(int n, int) {
		own = slope + place(n);
#pragma unroll
		for (int e = 0; e < O::width; e++) sum[e] = 0, dot[e] = 0;
	}
	METHOD void fetch(Fetched &f, const element *p, int count, bool) {
		long long at = p - dz;
		fetch_row(f.x, x, at, count, true);
		fetch_row(f.more, more, at, count, true);
		fetch_row(f.y, y, at, count, true);
	}
	METHOD void change(float *v, const Fetched &f, const element *, int, bool) {
		if (!x) return;
		float in[O::width], other[O::width], result[O::width]; // those that are absent are 0
		bool shut[O::width];
		O::row(in, f.x);
		O::row(other, f.more);
		O::row(result, f.y);
#pragma unroll
		for (int e = 0; e < O::width; e++) shut[e] = (y != nullptr) & (result[e] <= 0); // NaN is let through
#pragma unroll
		for (int e = 0; e < O::width; e += 4) {
			const float *k = own + e / 4 * (T::n / 2);
			pack<4> mean = load<4>(k), r = load<4>(k + T::n);
			if (masks) {
				pack<4> factor = load<4>(k + 2 * T::n), bias = load<4>(k + 3 * T::n);
#pragma unroll
				for (int j = 0; j < 4; j++) shut[e + j] = O::stored((in[e + j] - mean.v[j]) * factor.v[j] + bias.v[j]) <= 0;
			}
#pragma unroll
			for (int j = 0; j < 4; j++) {
				float through = O::stored(v[e + j] + other[e + j]);
				v[e + j] = shut[e + j] ? 0 : through;
				sum[e + j] += v[e + j];
				dot[e + j] = fmaf(v[e + j], (in[e + j] - mean.v[j]) * r.v[j], dot[e + j]);
			}
		}
	}
	METHOD void end(int column0, int columns) {
		if (x) sum_columns<T, O>(partial, c, column0, columns, [&](int e) INLINE { return two{sum[e], dot[e]}; });
	}
};

// NORM is a Norm as parameters of a kernel with results of format O, and NORM_GIVEN
// what it is given as such.
#define NORM(O) \
	const O::element *more, const O::element *y, const O::element *x, const float *gamma, const float *beta, const float *mean, const float *variance, double eps, \
	double *means, float *dgamma, float *dbeta, double *partial, unsigned *tickets
#define NORM_GIVEN(O) Norm<O::element>{more, y, x, gamma, beta, mean, variance, eps, means, dgamma, dbeta, partial, tickets}

// Unnormalised says that no normalisation gave the input.
struct Unnormalised {};

template <class T, class A, class O, class F>
DEVICE void end_input(const Sums &sum, typename O::element *dx, Unnormalised, int, int, int n0, Conv g, F row) {
	Plain end;
	write<T, A, O>(sum, end, g.c - n0, aligned4(dx) && g.c % O::width == 0, row);
}

// end_input stores the sums of a gradient of an input, or dz, whose sums it adds
// to dgamma and dbeta; row(m) is where row m of the tile has channel n0 in it, and
// null where there is no such row. The tile is number slice of so many that have all
// pixels of its channels. dz may be more, and begin anywhere without a normalisation.
template <class T, class A, class O, class F>
DEVICE void end_input(const Sums &sum, typename O::element *dz, const Norm<typename O::element> &k, int slice, int slices, int n0, Conv g, F row) {
	__shared__ __align__(16) float slope[4 * T::n];
	int channel = n0 + threadIdx.x, channels = g.c - n0 < T::n ? g.c - n0 : T::n;
	bool mine = threadIdx.x < channels;
	if (k.x && threadIdx.x < T::n) {
		float *own = slope + Input<T, O>::place(threadIdx.x), r = mine ? 1 / sqrt(k.variance[channel] + k.eps) : 0;
		own[0] = mine ? k.mean[channel] : 0;
		own[T::n] = r;
		own[2 * T::n] = mine ? k.gamma[channel] * r : 0;
		own[3 * T::n] = mine && k.beta ? k.beta[channel] : 0;
	}
	Input<T, O> end = {dz, k.more, k.y, k.x, slope, k.beta != nullptr, k.partial + (2ll * slice * g.c + n0), g.c};
	write<T, A, O>(sum, end, g.c - n0, aligned4(dz) && g.c % O::width == 0, row);
	if (!k.x) return;
	double *all = (double *)memory;
	if (!total(all, k.partial, k.tickets + blockIdx.y * 33, {n0, channels}, g.c, slice, slices) || !mine) return;
	double s = all[threadIdx.x], dot = all[channels + threadIdx.x];
	int rows = g.n * g.h * g.w;
	k.dbeta[channel] += (float)s;
	k.dgamma[channel] += (float)dot;
	k.means[channel] = s / rows;
	k.means[g.c + channel] = dot / rows;
}
