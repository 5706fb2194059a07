// Batch normalisation of few rows, behind batchnorm.cuh. A block has all the rows
// of its packs of channels, eight in the registers of each thread, and so needs no
// second pass over memory and no other block. threadIdx.x is a pack, threadIdx.y =
// slice·walkers + walker; rows are shared out, and sums run, as in a rowWalk of
// these walkers with slices of one run. Packs have four channels, of 16 bits too:
// with eight there would be half as many blocks. Arrays can be loaded so.
struct few {
	int channel, walker, slice, walkers, slices, own; // own is the number of the thread
	int at, step, count;                              // elements at, at+step, ...: count of them, at most 8
};
DEVICE few few_of(int rows, int c, int walkers) {
	few f;
	f.channel = channel_of(4);
	f.walkers = walkers, f.slices = blockDim.y / walkers;
	f.slice = threadIdx.y / walkers, f.walker = threadIdx.y % walkers;
	f.own = threadIdx.y * blockDim.x + threadIdx.x;
	int row = f.slice * walkers * 8 + f.walker, left = f.channel < c ? (rows - row + walkers - 1) / walkers : 0;
	f.at = row * c + f.channel, f.step = walkers * c, f.count = left < 8 ? left : 8;
	return f;
}

// load_few loads the rows of a thread, and zeros for those that are not there.
DEVICE void load_few(pack<4> (&to)[8], const element *x, const few &f) {
#pragma unroll
	for (int i = 0; i < 8; i++) to[i] = i < f.count ? load<4>(x + f.at + i * f.step) : pack<4>{};
}

// few_sum adds the eight sums of each thread up over the threads of its pack,
// walkers first, then slices, as column_sum and total do. All threads find the
// sums of their pack in sum[0..7][threadIdx.x].
DEVICE void few_sum(double (&sum)[8][512], const double (&v)[8], const few &f) {
#pragma unroll
	for (int k = 0; k < 8; k++) sum[k][f.own] = v[k];
	int lanes = blockDim.x;
	for (int n = f.walkers, half; n > 1; n = half) {
		half = (n + 1) / 2;
		__syncthreads();
		if (f.walker + half < n) {
#pragma unroll
			for (int k = 0; k < 8; k++) sum[k][f.own] += sum[k][f.own + half * lanes];
		}
	}
	for (int half = 16; half; half /= 2) {
		__syncthreads();
		if (f.walker == 0 && f.slice < half && f.slice + half < f.slices) {
#pragma unroll
			for (int k = 0; k < 8; k++) sum[k][f.own] += sum[k][f.own + half * f.walkers * lanes];
		}
	}
	__syncthreads();
}

// batch_norm_train_few is batch_norm_statistics and batch_norm_apply.
KERNEL BOUNDS(512) NAME(batch_norm_train_few)(element *y, float *mean, float *variance, const element *x, const element *add, const float *gamma,
                                              const float *beta, float *running_mean, float *running_var, int *count, float momentum,
                                              float unbias, int times, double eps, int rows, int c, int relu, int walkers) {
	__shared__ double sum[8][512];
	__shared__ pack<4> means[32], scales[32];
	few f = few_of(rows, c, walkers);
	pack<4> run[8], first = {};
	double own[8] = {};
	if (f.channel < c) first = load<4>(x + f.channel);
	load_few(run, x, f);
	if (f.count == 8) {
		add_moments(own, run, first);
	} else {
#pragma unroll
		for (int i = 0; i < 7; i++) {
			pack<4> one[1] = {run[i]};
			if (i < f.count) add_moments(own, one, first);
		}
	}
	few_sum(sum, own, f);
	int lane = f.own / 4, j = f.own % 4, channel = blockIdx.x * blockDim.x * 4 + f.own;
	if (lane < blockDim.x && channel < c) {
		float m, v;
		double sums[2] = {sum[j][lane], sum[4 + j][lane]};
		finish(m, v, sums, 1, widen(x[channel]), {running_mean, running_var, count, momentum, unbias, times}, rows, channel);
		mean[channel] = means[lane].v[j] = m;
		variance[channel] = v;
		float r = 1 / sqrt(v + eps);
		scales[lane].v[j] = gamma[channel] * r;
	}
	__syncthreads();
	affine<4> a = {};
	if (f.channel < c) a = {means[threadIdx.x], scales[threadIdx.x], channels<4>(beta, f.channel, c)}; // nobody wrote the others
#pragma unroll
	for (int i = 0; i < 8; i++) {
		if (i >= f.count) break;
		int at = f.at + i * f.step;
		store<4>(y + at, apply_to(apply_row<4>{run[i], add ? load<4>(add + at) : pack<4>{}}, a, add, relu));
	}
}

// batch_norm_backward_few is batch_norm_gradients and batch_norm_backward.
KERNEL BOUNDS(512) NAME(batch_norm_backward_few)(element *dx, float *dgamma, float *dbeta, element *dy, const element *more, const element *y,
                                                 const element *x, const float *gamma, const float *beta, const float *mean, const float *variance,
                                                 double eps, int rows, int c, int walkers) {
	__shared__ double sum[8][512];
	__shared__ pack<4> mean_dz[32], mean_dot[32];
	few f = few_of(rows, c, walkers);
	pack<4> dz[8], xs[8], other[8];
	load_few(dz, dy, f);
	load_few(xs, x, f);
	if (more) {
		load_few(other, more, f);
#pragma unroll
		for (int i = 0; i < 8; i++) {
#pragma unroll
			for (int j = 0; j < 4; j++) dz[i].v[j] = rounded<element>(other[i].v[j] + dz[i].v[j]);
		}
	}
	if (y) {
		load_few(other, y, f);
#pragma unroll
		for (int i = 0; i < 8; i++) {
#pragma unroll
			for (int j = 0; j < 4; j++) dz[i].v[j] = other[i].v[j] <= 0 ? 0 : dz[i].v[j];
		}
	}
	slope<4> k = slope_of<4>(gamma, beta, mean, variance, eps, f.channel, c);
	if (beta) {
#pragma unroll
		for (int i = 0; i < 8; i++) {
#pragma unroll
			for (int j = 0; j < 4; j++) dz[i].v[j] = shuts(k, xs[i], j) ? 0 : dz[i].v[j];
		}
	}
	double own[8] = {};
#pragma unroll
	for (int i = 0; i < 8; i += 2) {
		gradient_row<4> two[2] = {{dz[i], xs[i]}, {dz[i + 1], xs[i + 1]}}, one[1] = {{dz[i], xs[i]}};
		if (i + 1 < f.count) {
			add_slopes(own, two, k);
		} else if (i < f.count) {
			add_slopes(own, one, k);
		}
	}
	few_sum(sum, own, f);
	int lane = f.own / 4, j = f.own % 4, channel = blockIdx.x * blockDim.x * 4 + f.own;
	if (lane < blockDim.x && channel < c) {
		double s = sum[j][lane], dot = sum[4 + j][lane];
		dbeta[channel] += (float)s;
		dgamma[channel] += (float)dot;
		mean_dz[lane].v[j] = s / rows;
		mean_dot[lane].v[j] = dot / rows;
	}
	__syncthreads();
#pragma unroll
	for (int i = 0; i < 8; i++) {
		if (i >= f.count) break;
		int at = f.at + i * f.step;
		if (y || more) store<4>(dy + at, dz[i]);
		store<4>(dx + at, dx_of(gradient_row<4>{dz[i], xs[i]}, k, mean_dz[threadIdx.x], mean_dot[threadIdx.x]));
	}
}
