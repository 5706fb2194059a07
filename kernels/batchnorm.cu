#include "gpu.cuh"

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

// total adds partial [slices, 2, c] up over the slices; threads with
// threadIdx.y 0 have the two sums.
DEVICE void total(double (&sum)[2], const double *partial, int slices, int c, int channel) {
	sum[0] = sum[1] = 0;
	if (channel < c) {
#pragma unroll 4
		for (int i = threadIdx.y; i < slices; i += 32) {
			sum[0] += partial[(2ll * i) * c + channel];
			sum[1] += partial[(2ll * i + 1) * c + channel];
		}
	}
	column_sum<256>(sum);
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

// batch_norm_moments computes, for each slice and channel of x, the sums of
// x - K and of (x - K)², K being the first row, to partial [slices, 2, c].
//
// Both are composed in double of sums in float over runs of eight rows that
// do not cancel, however large the mean: those of d = x - m, with m about the
// mean of the run. As K is one of the rows, (K - mean)² is no more than the sum
// of (x - mean)²: the variance, formed in double from the two sums, loses a
// factor of rows times 1e-16 at most.
KERNEL BOUNDS(256) batch_norm_moments(double *partial, const float *x, int rows, int c, int width, int depth) {
	int channel = channel_of(width);
	if (width == 4 && aligned4(x)) {
		moments<4>(partial, x, rows, c, depth, channel);
	} else {
		for (int j = 0; j < width; j++) moments<1>(partial, x, rows, c, depth, channel + j);
	}
}

// batch_norm_statistics computes mean [c] and variance [c] from the sums of
// batch_norm_moments. Blocks of [32, 8] threads take 8 channels each.
KERNEL BOUNDS(256) batch_norm_statistics(float *mean, float *variance, const double *partial, const float *x, int rows, int c, int slices) {
	int channel = blockIdx.x * 8 + threadIdx.x;
	double sum[2];
	total(sum, partial, slices, c, channel);
	if (threadIdx.y > 0 || channel >= c) return;
	double m = sum[0] / rows, v = sum[1] / rows - m * m;
	mean[channel] = x[channel] + m;
	variance[channel] = v < 0 ? 0 : v; // NaN stays
}

// batch_norm_update moves the running statistics [c] times times. Blocks have
// 256 threads, one per channel.
KERNEL BOUNDS(256) batch_norm_update(float *running_mean, float *running_var, int *count, const float *mean, const float *variance, float momentum,
                                     float unbias, int times, int c) {
	int i = blockIdx.x * 256 + threadIdx.x;
	if (i == 0) *count += times;
	if (i >= c || times == 0) return;
	float keep = 1 - momentum, m = running_mean[i], v = running_var[i];
	float to_m = momentum * mean[i], to_v = momentum * (variance[i] * unbias);
	for (int k = 0; k < times; k++) {
		m = keep * m + to_m;
		v = keep * v + to_v;
	}
	running_mean[i] = m;
	running_var[i] = v;
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
	pack<W> dz, x, y;
};

template <int W>
DEVICE void sums(double *partial, float *dx, float *dy, const float *y, const float *x, const float *gamma, const float *mean,
                 const float *variance, double eps, int rows, int c, int depth, int channel) {
	pack<W> r = inv_std<W>(variance, eps, channel, c), factor = channels<W>(gamma, channel, c), m = channels<W>(mean, channel, c);
	double sum[2 * W] = {};
#pragma unroll
	for (int j = 0; j < W; j++) factor.v[j] *= r.v[j];
	walk w = walk_of(rows, c, depth, channel);
	dy += w.start, x += w.start;
	if (y) y += w.start;
	if (dx) dx += w.start;
	each_run<2>(
		w, [=](int at) INLINE { return gradient_row<W>{load<W>(dy + at), load<W>(x + at), y ? load<W>(y + at) : pack<W>{}}; },
		[&](auto &run, int at) INLINE {
			pack<W> s = {}, dot = {};
#pragma unroll
			for (auto &row : run) {
				pack<W> slope;
#pragma unroll
				for (int j = 0; j < W; j++) {
					float dz = y && row.y.v[j] <= 0 ? 0 : row.dz.v[j];
					s.v[j] += dz;
					dot.v[j] = fmaf(dz, (row.x.v[j] - m.v[j]) * r.v[j], dot.v[j]);
					row.dz.v[j] = dz;
					slope.v[j] = factor.v[j] * dz;
				}
				if (y) store<W>(dy + at, row.dz);
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

// batch_norm_sums computes, for each slice and channel, the sums of dz and of
// dz·x̂ to partial [slices, 2, c]. Where y is not null dz is dy where y > 0, and
// dy becomes dz. Where dx is not null it becomes gamma·r·dz, the gradient
// through constant statistics; dx may be x.
KERNEL BOUNDS(256, 3) batch_norm_sums(double *partial, float *dx, float *dy, const float *y, const float *x, const float *gamma, const float *mean,
                                   const float *variance, double eps, int rows, int c, int width, int depth) {
	int channel = channel_of(width);
	if (width == 4 && aligned4(dx) && aligned4(dy) && aligned4(y) && aligned4(x)) {
		sums<4>(partial, dx, dy, y, x, gamma, mean, variance, eps, rows, c, depth, channel);
	} else {
		for (int j = 0; j < width; j++) sums<1>(partial, dx, dy, y, x, gamma, mean, variance, eps, rows, c, depth, channel + j);
	}
}

// batch_norm_gradients adds the sums of batch_norm_sums over all slices to
// dbeta [c] and dgamma [c], and writes them, divided by rows, to means [2, c].
// Blocks of [32, 8] threads take 8 channels each.
KERNEL BOUNDS(256) batch_norm_gradients(double *means, float *dgamma, float *dbeta, const double *partial, int rows, int c, int slices) {
	int channel = blockIdx.x * 8 + threadIdx.x;
	double sum[2];
	total(sum, partial, slices, c, channel);
	if (threadIdx.y > 0 || channel >= c) return;
	dbeta[channel] += (float)sum[0];
	dgamma[channel] += (float)sum[1];
	means[channel] = sum[0] / rows;
	means[c + channel] = sum[1] / rows;
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
