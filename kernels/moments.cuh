// Mean and variance of channels, from sums over slices of the rows that a block
// each has computed. Behind gpu.cuh and ticket.cuh.
#pragma once

// The 2·count sums of a group of channels: number i is the first sum of
// channel first+i, or the second one of channel first+i-count.
struct group {
	int first, count;
	__device__ int at(int i, int c) const { return first + i + (i < count ? 0 : c - count); } // in [2, c]
};

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
// [33], the group's own. sum is shared memory.
DEVICE bool total(double *sum, double *partial, unsigned *tickets, group g, int c, int slice, int slices) {
	int thread = threadIdx.y * blockDim.x + threadIdx.x, threads = blockDim.x * blockDim.y, n = slices, own = slice % 32;
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
		double s = 0;
#pragma unroll 1 // sixteen loads at once are enough
		for (int j = 0; j < 2; j++) s += tree<2>(of, j, n, 2 * c);
		sum[i] = s;
	}
	__syncthreads();
	return true;
}

// A running is the running statistics [c], how they move and how often; if that
// is 0 they may be null.
struct running {
	float *mean, *variance;
	int *count;
	float momentum, unbias;
	int times;
};

// finish computes mean and variance of a channel from the sums of x - first and
// of its square, and moves the running statistics.
DEVICE void finish(float &mean, float &variance, const double *sum, int second, float first, running r, int rows, int channel) {
	double shift = sum[0] / rows, v = sum[second] / rows - shift * shift;
	mean = first + shift;
	variance = v < 0 ? 0 : v; // NaN stays
	if (r.times == 0) return;
	if (channel == 0) *r.count += r.times;
	float keep = 1 - r.momentum, m = r.mean[channel], s = r.variance[channel];
	float to_m = r.momentum * mean, to_s = r.momentum * (variance * r.unbias);
	for (int k = 0; k < r.times; k++) {
		m = keep * m + to_m;
		s = keep * s + to_s;
	}
	r.mean[channel] = m;
	r.variance[channel] = s;
}
