// Batch normalisation of activations; what has one number per channel is float32.
// Behind gpu.cuh, ticket.cuh, half.cuh and moments.cuh.
#pragma once

// WIDE is the number of channels of a pack, where they are loaded at once. Twice
// as many need nearly twice the registers: SHARE is how many blocks of the
// kernels that sum share a multiprocessor at least.
constexpr int WIDE = wide<element>, SHARE = WIDE == 4 ? 3 : 2;

// rounded is v as an array of E holds it.
template <class E>
DEVICE float rounded(float v) {
	if constexpr (sizeof(E) == 4) {
		return v;
	} else {
		return widen(E{(unsigned short)round_pair(E(), v, 0)});
	}
}

// x is [rows, c], as a rowWalk shares it out: blockIdx.x is
// a group of channels and blockIdx.y a slice of depth rows; in a block
// threadIdx.x is a pack of channels, width of them, and threadIdx.y takes
// every blockDim.y-th row of the slice. What depends on the channel alone so
// stays in registers. Where packs of x cannot be loaded the same threads take
// the channels of their pack one after the other: sums stay what they are.

// A walk is the elements of one thread: at, at+step, ... below end, from the
// start of its slice.
struct walk {
	long long start;
	int at, end, step;
};
DEVICE walk walk_of(int rows, int c, int depth, int channel) {
	int first = blockIdx.y * depth, own = rows - first < depth ? rows - first : depth;
	return {(long long)first * c, (int)threadIdx.y * c + channel, channel < c ? own * c : 0, (int)blockDim.y * c};
}

// each_run goes through a walk by runs of R rows, and row by row at its end:
// use(run, at) gets what load returned for each. The loads of a run are under
// way together.
template <int R, class Load, class Use>
DEVICE void each_run(walk w, Load load, Use use) {
	decltype(load(0)) run[R], row[1];
	int at = w.at;
#pragma unroll 1
	for (; at + (R - 1) * w.step < w.end; at += R * w.step) {
#pragma unroll
		for (int i = 0; i < R; i++) run[i] = load(at + i * w.step);
		use(run, at);
	}
#pragma unroll 1
	for (; at < w.end; at += w.step) {
		row[0] = load(at);
		use(row, at);
	}
}

DEVICE int channel_of(int width) { return (blockIdx.x * blockDim.x + threadIdx.x) * width; }

// channels is W numbers of an array with one per channel, of any alignment.
template <int W, class T>
DEVICE pack<W> channels(const T *p, int channel, int c) {
	pack<W> v = {};
#pragma unroll
	for (int j = 0; j < W; j++) v.v[j] = channel < c ? p[channel + j] : 0;
	return v;
}

// inv_std is 1/√(variance + eps). Its divisions are done once in a block: by
// threads that differ in threadIdx.y, of which there are at least 8.
template <int W>
DEVICE pack<W> inv_std(const float *variance, double eps, int channel, int c) {
	__shared__ float r[W][32];
	int j = threadIdx.y;
	__syncthreads();
	if (j < W && channel < c) r[j][threadIdx.x] = 1 / sqrt(variance[channel + j] + eps);
	__syncthreads();
	pack<W> v = {};
#pragma unroll
	for (int j = 0; j < W; j++) v.v[j] = channel < c ? r[j][threadIdx.x] : 0;
	return v;
}

// put writes the sums of a block, 2W per lane, to its slice of partial [slices, 2, c].
template <int W>
DEVICE void put(double *partial, double (&sum)[2 * W], int channel, int c) {
	column_sum<256>(sum);
	if (threadIdx.y > 0 || channel >= c) return;
	double *own = partial + (long long)blockIdx.y * 2 * c + channel;
#pragma unroll
	for (int j = 0; j < W; j++) {
		own[j] = sum[j];
		own[c + j] = sum[W + j];
	}
}

// group_of is the channels of a block.
DEVICE group group_of(int width, int c) {
	int most = blockDim.x * width, first = blockIdx.x * most;
	return {first, c - first < most ? c - first : most};
}

// Eight elements of 16 bits as they lie in memory: half the registers, until
// somebody asks for value number j of them.
template <class E>
struct eight {
	float4 v;
};
template <int W, class E>
DEVICE auto load_raw(const E *p) {
	if constexpr (W == 8) {
		return eight<E>{load4((const float *)p)};
	} else {
		return load<W>(p);
	}
}
template <class E>
DEVICE float value(const eight<E> &x, int j) {
	float pair = j < 2 ? x.v.x : j < 4 ? x.v.y : j < 6 ? x.v.z : x.v.w;
	return widen(E{(unsigned short)(__float_as_int(pair) >> j % 2 * 16)});
}
template <int W>
DEVICE float value(const pack<W> &x, int j) {
	return x.v[j];
}

// add_moments adds to sum those of a run of rows: of x - first and of its square.
//
// Both are composed in double of sums in float that do not cancel, however
// large the mean: those of d = x - m, with m about the mean of the run. As
// first is one of the rows, (first - mean)² is no more than the sum of
// (x - mean)²: the variance, formed in double from the two sums, loses a factor
// of rows times 1e-16 at most.
template <int W, int N, class Row>
DEVICE void add_moments(double (&sum)[2 * W], const Row (&run)[N], const pack<W> &first) {
#pragma unroll
	for (int j = 0; j < W; j++) {
		float shifted = 0, rest = 0, squares = 0;
#pragma unroll
		for (int i = 1; i < N; i++) shifted += value(run[i], j) - value(run[0], j);
		float about = value(run[0], j) + shifted * (1.0f / N);
#pragma unroll
		for (int i = 0; i < N; i++) {
			float d = value(run[i], j) - about;
			rest += d;
			squares = fmaf(d, d, squares);
		}
		double shift = (double)about - first.v[j], s = N * shift + rest;
		sum[j] += s;
		sum[W + j] += squares + shift * (s + rest);
	}
}

template <int W>
DEVICE void moments(double *partial, const element *x, int rows, int c, int depth, int channel) {
	pack<W> first = {};
	double sum[2 * W] = {};
	if (channel < c) first = load<W>(x + channel);
	walk w = walk_of(rows, c, depth, channel);
	x += w.start;
	each_run<8>(w, [=](int at) INLINE { return load_raw<W>(x + at); }, [&](auto &run, int) INLINE { add_moments(sum, run, first); });
	put<W>(partial, sum, channel, c);
}

// batch_norm_statistics computes mean [c] and variance [c] of x, and moves the
// running statistics. For each slice the sums go to partial.
KERNEL BOUNDS(256, SHARE) NAME(batch_norm_statistics)(float *mean, float *variance, const element *x, float *running_mean, float *running_var, int *count,
                                                      float momentum, float unbias, int times, double *partial, unsigned *tickets, int rows, int c,
                                                      int width, int depth) {
	__shared__ double sum[64 * WIDE];
	int channel = channel_of(width), own = threadIdx.y * blockDim.x + threadIdx.x;
	if (width == WIDE && aligned4(x)) {
		moments<WIDE>(partial, x, rows, c, depth, channel);
	} else {
		for (int j = 0; j < width; j++) moments<1>(partial, x, rows, c, depth, channel + j);
	}
	group g = group_of(width, c);
	if (!total(sum, partial, tickets + blockIdx.x * 33, g, c, blockIdx.y, gridDim.y) || own >= g.count) return;
	channel = g.first + own;
	float m, v;
	finish(m, v, sum + own, g.count, widen(x[channel]), {running_mean, running_var, count, momentum, unbias, times}, rows, channel);
	mean[channel] = m;
	variance[channel] = v;
}

template <int W>
struct apply_row {
	pack<W> x, add;
};

// What depends on the channel: y = (x - mean)·scale + bias.
template <int W>
struct affine {
	pack<W> mean, scale, bias;
};

template <int W>
DEVICE pack<W> apply_to(apply_row<W> row, const affine<W> &a, bool add, int relu) {
#pragma unroll
	for (int j = 0; j < W; j++) {
		float v = (row.x.v[j] - a.mean.v[j]) * a.scale.v[j] + a.bias.v[j];
		if (add) v += row.add.v[j];
		row.x.v[j] = relu && v <= 0 ? 0 : v; // NaN stays
	}
	return row.x;
}

template <int W>
DEVICE void apply(element *y, const element *x, const element *add, const float *gamma, const float *beta, const float *mean,
                  const float *variance, double eps, int rows, int c, int relu, int depth, int channel) {
	pack<W> r = inv_std<W>(variance, eps, channel, c);
	affine<W> a = {channels<W>(mean, channel, c), channels<W>(gamma, channel, c), channels<W>(beta, channel, c)};
#pragma unroll
	for (int j = 0; j < W; j++) a.scale.v[j] *= r.v[j];
	walk w = walk_of(rows, c, depth, channel);
	y += w.start, x += w.start;
	if (add) add += w.start;
	each_run<4>(
		w, [=](int at) INLINE { return apply_row<W>{load<W>(x + at), add ? load<W>(add + at) : pack<W>{}}; },
		[&](auto &run, int at) INLINE {
#pragma unroll
			for (auto &row : run) {
				store<W>(y + at, apply_to(row, a, add, relu));
				at += w.step;
			}
		});
}

// batch_norm_apply computes y = gamma·(x - mean)/√(variance + eps) + beta + add
// and the ReLU of it, where relu is set; add may be null. y may be x or add.
KERNEL BOUNDS(256) NAME(batch_norm_apply)(element *y, const element *x, const element *add, const float *gamma, const float *beta,
                                          const float *mean, const float *variance, double eps, int rows, int c, int relu, int width, int depth) {
	int channel = channel_of(width);
	if (width == WIDE && aligned4(y) && aligned4(x) && aligned4(add)) {
		apply<WIDE>(y, x, add, gamma, beta, mean, variance, eps, rows, c, relu, depth, channel);
	} else {
		for (int j = 0; j < width; j++) apply<1>(y, x, add, gamma, beta, mean, variance, eps, rows, c, relu, depth, channel + j);
	}
}

template <int W>
struct gradient_row {
	pack<W> dz, x, y, more;
};

// What depends on the channel: x̂ = (x - mean)·r and factor = gamma·r. Where masks,
// the ReLU let through where (x - mean)·factor + bias, as an array holds it, is
// more than 0.
template <int W>
struct slope {
	pack<W> mean, r, factor, bias;
	bool masks;
};

// shuts tells whether the ReLU behind element j of x shut, by the slope.
template <int W>
DEVICE bool shuts(const slope<W> &k, const pack<W> &x, int j) {
	return k.masks && rounded<element>((x.v[j] - k.mean.v[j]) * k.factor.v[j] + k.bias.v[j]) <= 0;
}

// add_slopes adds to sum those of dz and of dz·x̂ over a run of rows.
template <int W, int N>
DEVICE void add_slopes(double (&sum)[2 * W], const gradient_row<W> (&run)[N], const slope<W> &k) {
	pack<W> s = {}, dot = {};
#pragma unroll
	for (auto &row : run) {
#pragma unroll
		for (int j = 0; j < W; j++) {
			s.v[j] += row.dz.v[j];
			dot.v[j] = fmaf(row.dz.v[j], (row.x.v[j] - k.mean.v[j]) * k.r.v[j], dot.v[j]);
		}
	}
#pragma unroll
	for (int j = 0; j < W; j++) {
		sum[j] += s.v[j];
		sum[W + j] += dot.v[j];
	}
}

// dx_of is factor·(dz - mean_dz - x̂·mean_dot).
template <int W>
DEVICE pack<W> dx_of(const gradient_row<W> &row, const slope<W> &k, const pack<W> &mean_dz, const pack<W> &mean_dot) {
	pack<W> dx;
#pragma unroll
	for (int j = 0; j < W; j++) {
		float xhat = (row.x.v[j] - k.mean.v[j]) * k.r.v[j];
		dx.v[j] = k.factor.v[j] * (row.dz.v[j] - mean_dz.v[j] - xhat * mean_dot.v[j]);
	}
	return dx;
}

// slope_of is the slope of a pack of channels; without beta it does not mask.
template <int W>
DEVICE slope<W> slope_of(const float *gamma, const float *beta, const float *mean, const float *variance, double eps, int channel, int c) {
	slope<W> k = {channels<W>(mean, channel, c), inv_std<W>(variance, eps, channel, c), channels<W>(gamma, channel, c)};
	k.masks = beta;
	if (beta) k.bias = channels<W>(beta, channel, c);
#pragma unroll
	for (int j = 0; j < W; j++) k.factor.v[j] *= k.r.v[j];
	return k;
}

template <int W>
DEVICE void sums(double *partial, element *dx, element *dy, const element *more, const element *y, const element *x, const float *gamma,
                 const float *beta, const float *mean, const float *variance, double eps, int rows, int c, int depth, int channel) {
	slope<W> k = slope_of<W>(gamma, beta, mean, variance, eps, channel, c);
	double sum[2 * W] = {};
	walk w = walk_of(rows, c, depth, channel);
	dy += w.start, x += w.start;
	if (more) more += w.start;
	if (y) y += w.start;
	if (dx) dx += w.start;
	each_run<2>(
		w,
		[=](int at) INLINE {
			return gradient_row<W>{load<W>(dy + at), load<W>(x + at), y ? load<W>(y + at) : pack<W>{}, more ? load<W>(more + at) : pack<W>{}};
		},
		[&](auto &run, int at) INLINE {
#pragma unroll
			for (auto &row : run) {
				pack<W> through;
#pragma unroll
				for (int j = 0; j < W; j++) {
					float dz = more ? rounded<element>(row.dz.v[j] + row.more.v[j]) : row.dz.v[j];
					row.dz.v[j] = (y ? row.y.v[j] <= 0 : shuts(k, row.x, j)) ? 0 : dz;
					through.v[j] = k.factor.v[j] * row.dz.v[j];
				}
				if (y || more) store<W>(dy + at, row.dz);
				if (dx) store<W>(dx + at, through);
				at += w.step;
			}
			add_slopes(sum, run, k);
		});
	put<W>(partial, sum, channel, c);
}

DEVICE void gradients(double *means, float *dgamma, float *dbeta, element *dx, element *dy, const element *more, const element *y,
                      const element *x, const float *gamma, const float *beta, const float *mean, const float *variance, double *partial,
                      unsigned *tickets, double eps, int rows, int c, int width, int depth) {
	__shared__ double sum[64 * WIDE];
	int channel = channel_of(width), own = threadIdx.y * blockDim.x + threadIdx.x;
	if (width == WIDE && aligned4(dx) && aligned4(dy) && aligned4(more) && aligned4(y) && aligned4(x)) {
		sums<WIDE>(partial, dx, dy, more, y, x, gamma, beta, mean, variance, eps, rows, c, depth, channel);
	} else {
		for (int j = 0; j < width; j++) sums<1>(partial, dx, dy, more, y, x, gamma, beta, mean, variance, eps, rows, c, depth, channel + j);
	}
	group g = group_of(width, c);
	if (!total(sum, partial, tickets + blockIdx.x * 33, g, c, blockIdx.y, gridDim.y) || own >= g.count) return;
	channel = g.first + own;
	dbeta[channel] += (float)sum[own];
	dgamma[channel] += (float)sum[g.count + own];
	means[channel] = sum[own] / rows;
	means[c + channel] = sum[g.count + own] / rows;
}

// batch_norm_gradients adds the sums of dz and of dz·x̂ over all rows to dbeta
// [c] and dgamma [c], and writes them, divided by rows, to means [2, c]. dz is
// dy, plus more if that is not null, where y > 0 or y is null; unless it is dy
// as it was, dy becomes dz, and what is computed from dz is computed from what
// dy holds then. Where dx is not null it becomes gamma·r·dz, the gradient through
// constant statistics; dx may be x or more.
KERNEL BOUNDS(256, SHARE) NAME(batch_norm_gradients)(double *means, float *dgamma, float *dbeta, element *dx, element *dy, const element *more,
                                                     const element *y, const element *x, const float *gamma, const float *mean,
                                                     const float *variance, double *partial, unsigned *tickets, double eps, int rows, int c,
                                                     int width, int depth) {
	gradients(means, dgamma, dbeta, dx, dy, more, y, x, gamma, 0, mean, variance, partial, tickets, eps, rows, c, width, depth);
}

// batch_norm_gradients_masked is the same with dz as dy where x gave more than 0
// through gamma and beta, else 0. dy stays as it is.
KERNEL BOUNDS(256, SHARE) NAME(batch_norm_gradients_masked)(double *means, float *dgamma, float *dbeta, element *dy, const element *x,
                                                            const float *gamma, const float *beta, const float *mean, const float *variance,
                                                            double *partial, unsigned *tickets, double eps, int rows, int c, int width, int depth) {
	gradients(means, dgamma, dbeta, 0, dy, 0, 0, x, gamma, beta, mean, variance, partial, tickets, eps, rows, c, width, depth);
}

template <int W>
DEVICE void backward(element *dx, const element *dz, const element *x, const float *gamma, const float *beta, const float *mean,
                     const float *variance, const double *means, double eps, int rows, int c, int depth, int channel) {
	slope<W> k = slope_of<W>(gamma, beta, mean, variance, eps, channel, c);
	pack<W> mean_dz = channels<W>(means, channel, c), mean_dot = channels<W>(means + c, channel, c);
	walk w = walk_of(rows, c, depth, channel);
	dx += w.start, dz += w.start, x += w.start;
	each_run<4>(
		w, [=](int at) INLINE { return gradient_row<W>{load<W>(dz + at), load<W>(x + at)}; },
		[&](auto &run, int at) INLINE {
#pragma unroll
			for (auto &row : run) {
#pragma unroll
				for (int j = 0; j < W; j++) row.dz.v[j] = shuts(k, row.x, j) ? 0 : row.dz.v[j];
				store<W>(dx + at, dx_of(row, k, mean_dz, mean_dot));
				at += w.step;
			}
		});
}

DEVICE void backward(element *dx, const element *dz, const element *x, const float *gamma, const float *beta, const float *mean,
                     const float *variance, const double *means, double eps, int rows, int c, int width, int depth) {
	int channel = channel_of(width);
	if (width == WIDE && aligned4(dx) && aligned4(dz) && aligned4(x)) {
		backward<WIDE>(dx, dz, x, gamma, beta, mean, variance, means, eps, rows, c, depth, channel);
	} else {
		for (int j = 0; j < width; j++) backward<1>(dx, dz, x, gamma, beta, mean, variance, means, eps, rows, c, depth, channel + j);
	}
}

// batch_norm_backward computes dx = gamma·r·(dz - means[0] - x̂·means[1]), with
// r = 1/√(variance + eps) and x̂ = (x - mean)·r. dx may be x.
KERNEL BOUNDS(256) NAME(batch_norm_backward)(element *dx, const element *dz, const element *x, const float *gamma, const float *mean,
                                             const float *variance, const double *means, double eps, int rows, int c, int width, int depth) {
	backward(dx, dz, x, gamma, 0, mean, variance, means, eps, rows, c, width, depth);
}

// batch_norm_backward_masked is the same with dz as batch_norm_gradients_masked has
// it. dx may be dy too.
KERNEL BOUNDS(256) NAME(batch_norm_backward_masked)(element *dx, const element *dy, const element *x, const float *gamma, const float *beta,
                                                    const float *mean, const float *variance, const double *means, double eps, int rows, int c,
                                                    int width, int depth) {
	backward(dx, dy, x, gamma, beta, mean, variance, means, eps, rows, c, width, depth);
}
