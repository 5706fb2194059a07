#include "gpu.cuh"
#include "ticket.cuh"

// x is [rows, c], as a rowWalk shares it out: blockIdx.x is
// a group of channels and blockIdx.y a slice of depth rows; in a block
// threadIdx.x is a pack of channels, width of them, and threadIdx.y takes
// every blockDim.y-th row of the slice. What depends on the channel alone so
// stays in registers. Where x cannot be loaded by fours the same threads take
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
// threads that differ in threadIdx.y, of which there are at least 4.
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

// The 2·count sums of a group of channels: number i is the first sum of
// channel first+i, or the second one of channel first+i-count.
struct group {
	int first, count;
	__device__ int at(int i, int c) const { return first + i + (i < count ? 0 : c - count); } // in [2, c]
};
DEVICE group group_of(int width, int c) {
	int most = blockDim.x * width, first = blockIdx.x * most;
	return {first, c - first < most ? c - first : most};
}

// tree adds elements at, at+STEP, ... of 32, of which those from n on are 0, as
// a tree does whose every level adds the upper half to the lower one.
template <int STEP>
DEVICE double tree(const double *x, int at, int n, int stride) {
	if constexpr (STEP == 32) {
		double v = x[(at < n ? at : 0) * stride]; // without a branch, so that the loads are under way together
		return at < n ? v : 0;
	} else {
		return tree<2 * STEP>(x, at, n, stride) + tree<2 * STEP>(x, at + STEP, n, stride);
	}
}

// total adds the sums of all slices up, in the last block of a group of
// channels; the others return false. It goes by two steps, so that none has
// much to read while all wait: the last of the slices i, i+32, i+64, ... adds
// these up, the last of these blocks adds the 32 sums up, in a tree. Up to 32
// slices need no first step.
//
// partial is [slices, 2, c], with room for [32, 2, c] behind it; tickets is
// [groups, 33].
DEVICE bool total(double (&sum)[256], double *partial, unsigned *tickets, group g, int c) {
	int thread = threadIdx.y * blockDim.x + threadIdx.x, threads = blockDim.x * blockDim.y;
	int slices = gridDim.y, n = slices, own = blockIdx.y % 32;
	tickets += blockIdx.x * 33;
	if (slices > 32) {
		if (!last_of((slices - own + 31) / 32, tickets + 1 + own)) return false;
		double *step = partial + 2ll * slices * c;
		for (int i = thread; i < 2 * g.count; i += threads) {
			double s = 0;
#pragma unroll 8
			for (int j = own; j < slices; j += 32) s += partial[2ll * j * c + g.at(i, c)];
			step[2ll * own * c + g.at(i, c)] = s;
		}
		partial = step, n = 32;
	}
	if (!last_of(n, tickets)) return false;
	for (int i = thread; i < 2 * g.count; i += threads) {
		const double *of = partial + g.at(i, c);
		sum[i] = 0;
#pragma unroll 1 // sixteen loads at once are enough
		for (int j = 0; j < 2; j++) sum[i] += tree<2>(of, j, n, 2 * c);
	}
	__syncthreads();
	return true;
}

template <int W>
DEVICE void moments(double *partial, const float *x, int rows, int c, int depth, int channel) {
	pack<W> first = {};
	double sum[2 * W] = {};
	if (channel < c) first = load<W>(x + channel);
	walk w = walk_of(rows, c, depth, channel);
	x += w.start;
	each_run<8>(
		w, [=](int at) INLINE { return load<W>(x + at); },
		[&](auto &run, int) INLINE {
			const int n = sizeof(run) / sizeof(run[0]);
#pragma unroll
			for (int j = 0; j < W; j++) {
				float shifted = 0, rest = 0, squares = 0;
#pragma unroll
				for (int i = 1; i < n; i++) shifted += run[i].v[j] - run[0].v[j];
				float about = run[0].v[j] + shifted * (1.0f / n);
#pragma unroll
				for (int i = 0; i < n; i++) {
					float d = run[i].v[j] - about;
					rest += d;
					squares = fmaf(d, d, squares);
				}
				double shift = (double)about - first.v[j], s = n * shift + rest;
				sum[j] += s;
				sum[W + j] += squares + shift * (s + rest);
			}
		});
	put<W>(partial, sum, channel, c);
}

// batch_norm_statistics computes mean [c] and variance [c] of x, and moves the
// running statistics [c] times times; if that is 0 they may be null.
//
// For each slice the sums of x - K and of (x - K)², K being the first row, go
// to partial. Both are composed in double of sums in float over runs of eight
// rows that do not cancel, however large the mean: those of d = x - m, with m
// about the mean of the run. As K is one of the rows, (K - mean)² is no more
// than the sum of (x - mean)²: the variance, formed in double from the two sums,
// loses a factor of rows times 1e-16 at most.
KERNEL BOUNDS(256, 3) batch_norm_statistics(float *mean, float *variance, float *running_mean, float *running_var, int *count, const float *x,
                                         double *partial, unsigned *tickets, float momentum, float unbias, int times, int rows, int c,
                                         int width, int depth) {
	__shared__ double sum[256];
	int channel = channel_of(width), own = threadIdx.y * blockDim.x + threadIdx.x;
	if (width == 4 && aligned4(x)) {
		moments<4>(partial, x, rows, c, depth, channel);
	} else {
		for (int j = 0; j < width; j++) moments<1>(partial, x, rows, c, depth, channel + j);
	}
	group g = group_of(width, c);
	if (!total(sum, partial, tickets, g, c) || own >= g.count) return;
	channel = g.first + own;
	double shift = sum[own] / rows, v = sum[g.count + own] / rows - shift * shift;
	float m = x[channel] + shift, s = v < 0 ? 0 : v; // NaN stays
	mean[channel] = m;
	variance[channel] = s;
	if (times == 0) return;
	if (channel == 0) *count += times;
	float keep = 1 - momentum, running_m = running_mean[channel], running_s = running_var[channel];
	float to_m = momentum * m, to_s = momentum * (s * unbias);
	for (int k = 0; k < times; k++) {
		running_m = keep * running_m + to_m;
		running_s = keep * running_s + to_s;
	}
	running_mean[channel] = running_m;
	running_var[channel] = running_s;
}

template <int W>
struct apply_row {
	pack<W> x, add;
};

template <int W>
DEVICE void apply(float *y, const float *x, const float *add, const float *gamma, const float *beta, const float *mean, const float *variance,
                  double eps, int rows, int c, int relu, int depth, int channel) {
	pack<W> r = inv_std<W>(variance, eps, channel, c), scale = channels<W>(gamma, channel, c);
	pack<W> m = channels<W>(mean, channel, c), bias = channels<W>(beta, channel, c);
#pragma unroll
	for (int j = 0; j < W; j++) scale.v[j] *= r.v[j];
	walk w = walk_of(rows, c, depth, channel);
	y += w.start, x += w.start;
	if (add) add += w.start;
	each_run<4>(
		w, [=](int at) INLINE { return apply_row<W>{load<W>(x + at), add ? load<W>(add + at) : pack<W>{}}; },
		[&](auto &run, int at) INLINE {
#pragma unroll
			for (auto &row : run) {
#pragma unroll
				for (int j = 0; j < W; j++) {
					float v = (row.x.v[j] - m.v[j]) * scale.v[j] + bias.v[j];
					if (add) v += row.add.v[j];
					row.x.v[j] = relu && v <= 0 ? 0 : v; // NaN stays
				}
				store<W>(y + at, row.x);
				at += w.step;
			}
		});
}

// batch_norm_apply computes y = gamma·(x - mean)/√(variance + eps) + beta + add
// and the ReLU of it, where relu is set; add may be null. y may be x or add.
KERNEL BOUNDS(256) batch_norm_apply(float *y, const float *x, const float *add, const float *gamma, const float *beta, const float *mean,
                                    const float *variance, double eps, int rows, int c, int relu, int width, int depth) {
	int channel = channel_of(width);
	if (width == 4 && aligned4(y) && aligned4(x) && aligned4(add)) {
		apply<4>(y, x, add, gamma, beta, mean, variance, eps, rows, c, relu, depth, channel);
	} else {
		for (int j = 0; j < width; j++) apply<1>(y, x, add, gamma, beta, mean, variance, eps, rows, c, relu, depth, channel + j);
	}
}

template <int W>
struct gradient_row {
	pack<W> dz, x, y, more;
};

template <int W>
DEVICE void sums(double *partial, float *dx, float *dy, const float *more, const float *y, const float *x, const float *gamma, const float *mean,
                 const float *variance, double eps, int rows, int c, int depth, int channel) {
	pack<W> r = inv_std<W>(variance, eps, channel, c), factor = channels<W>(gamma, channel, c), m = channels<W>(mean, channel, c);
	double sum[2 * W] = {};
#pragma unroll
	for (int j = 0; j < W; j++) factor.v[j] *= r.v[j];
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
			pack<W> s = {}, dot = {};
#pragma unroll
			for (auto &row : run) {
				pack<W> slope;
#pragma unroll
				for (int j = 0; j < W; j++) {
					float dz = more ? row.dz.v[j] + row.more.v[j] : row.dz.v[j];
					dz = y && row.y.v[j] <= 0 ? 0 : dz;
					s.v[j] += dz;
					dot.v[j] = fmaf(dz, (row.x.v[j] - m.v[j]) * r.v[j], dot.v[j]);
					row.dz.v[j] = dz;
					slope.v[j] = factor.v[j] * dz;
				}
				if (y || more) store<W>(dy + at, row.dz);
				if (dx) store<W>(dx + at, slope);
				at += w.step;
			}
#pragma unroll
			for (int j = 0; j < W; j++) {
				sum[j] += s.v[j];
				sum[W + j] += dot.v[j];
			}
		});
	put<W>(partial, sum, channel, c);
}

// batch_norm_gradients adds the sums of dz and of dz·x̂ over all rows to dbeta
// [c] and dgamma [c], and writes them, divided by rows, to means [2, c]. dz is
// dy, plus more if that is not null, where y > 0 or y is null; unless it is dy
// as it was, dy becomes dz. Where dx is not null it becomes gamma·r·dz, the
// gradient through constant statistics; dx may be x or more.
KERNEL BOUNDS(256, 3) batch_norm_gradients(double *means, float *dgamma, float *dbeta, float *dx, float *dy, const float *more, const float *y,
                                           const float *x, const float *gamma, const float *mean, const float *variance, double *partial,
                                           unsigned *tickets, double eps, int rows, int c, int width, int depth) {
	__shared__ double sum[256];
	int channel = channel_of(width), own = threadIdx.y * blockDim.x + threadIdx.x;
	if (width == 4 && aligned4(dx) && aligned4(dy) && aligned4(more) && aligned4(y) && aligned4(x)) {
		sums<4>(partial, dx, dy, more, y, x, gamma, mean, variance, eps, rows, c, depth, channel);
	} else {
		for (int j = 0; j < width; j++) sums<1>(partial, dx, dy, more, y, x, gamma, mean, variance, eps, rows, c, depth, channel + j);
	}
	group g = group_of(width, c);
	if (!total(sum, partial, tickets, g, c) || own >= g.count) return;
	channel = g.first + own;
	dbeta[channel] += (float)sum[own];
	dgamma[channel] += (float)sum[g.count + own];
	means[channel] = sum[own] / rows;
	means[c + channel] = sum[g.count + own] / rows;
}

template <int W>
DEVICE void backward(float *dx, const float *dz, const float *x, const float *gamma, const float *mean, const float *variance, const double *means,
                     double eps, int rows, int c, int depth, int channel) {
	pack<W> r = inv_std<W>(variance, eps, channel, c), factor = channels<W>(gamma, channel, c), m = channels<W>(mean, channel, c);
	pack<W> mean_dz = channels<W>(means, channel, c), mean_dot = channels<W>(means + c, channel, c);
#pragma unroll
	for (int j = 0; j < W; j++) factor.v[j] *= r.v[j];
	walk w = walk_of(rows, c, depth, channel);
	dx += w.start, dz += w.start, x += w.start;
	each_run<4>(
		w, [=](int at) INLINE { return gradient_row<W>{load<W>(dz + at), load<W>(x + at)}; },
		[&](auto &run, int at) INLINE {
#pragma unroll
			for (auto &row : run) {
#pragma unroll
				for (int j = 0; j < W; j++) {
					float xhat = (row.x.v[j] - m.v[j]) * r.v[j];
					row.x.v[j] = factor.v[j] * (row.dz.v[j] - mean_dz.v[j] - xhat * mean_dot.v[j]);
				}
				store<W>(dx + at, row.x);
				at += w.step;
			}
		});
}

// batch_norm_backward computes dx = gamma·r·(dz - means[0] - x̂·means[1]), with
// r = 1/√(variance + eps) and x̂ = (x - mean)·r. dx may be x.
KERNEL BOUNDS(256) batch_norm_backward(float *dx, const float *dz, const float *x, const float *gamma, const float *mean, const float *variance,
                                       const double *means, double eps, int rows, int c, int width, int depth) {
	int channel = channel_of(width);
	if (width == 4 && aligned4(dx) && aligned4(dz) && aligned4(x)) {
		backward<4>(dx, dz, x, gamma, mean, variance, means, eps, rows, c, depth, channel);
	} else {
		for (int j = 0; j < width; j++) backward<1>(dx, dz, x, gamma, mean, variance, means, eps, rows, c, depth, channel + j);
	}
}
