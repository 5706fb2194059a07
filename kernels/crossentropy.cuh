// The loss, and how many predictions are right. Behind gpu.cuh, half.cuh and
// ticket.cuh.
#pragma once

// The kernels over rows give each a warp, in blocks of four; they leave a
// number per row, and the last block adds these up. Exponentials and logarithms are float64's,
// so that the loss of a sure prediction, the difference of two nearly equal
// numbers, is as good as the reference's: there are few of them.

// exp_double returns exp(x) for x of at most 0 or a little more, to 1e-14 of
// it.
DEVICE double exp_double(double x) {
	const double log2e = 1.4426950408889634, ln2 = 0x1.62e42fee00000p-1, ln2_low = 0x1.a39ef35793c76p-33, shift = 0x1.8p52;
	if (x < -700) return 0; // far below the smallest float
	double shifted = fma(x, log2e, shift), k = shifted - shift; // rounds x/ln2 to an integer, in the low bits of shifted
	double r = fma(-k, ln2_low, fma(-k, ln2, x)), power = 1;
#pragma unroll
	for (int i = 11; i > 0; i--) power = fma(power, r * (1.0 / i), 1.0); // Taylor's series: |r| < 0.35
	long long bits; // of 2 to the power of k
	double scale;
	asm("mov.b64 %0, %1;" : "=l"(bits) : "d"(shifted));
	asm("mov.b64 %0, %1;" : "=d"(scale) : "l"((bits + 1023) << 52));
	return power * scale;
}

// log_double returns log(x) for x from 1 to what float holds: Newton's step
// from float32's logarithm, whose error of 1e-7 it squares.
DEVICE double log_double(double x) {
	double y = log_((float)x), d = x * exp_double(-y) - 1;
	return y + d;
}

// add_up sets sum[0] to the sum of x [n] over divisor, in the last block: as if
// each thread of 256 took every 256th number, of which a thread here has two.
DEVICE void add_up(float *sum, const double *x, unsigned *ticket, int n, int divisor) {
	__shared__ double part[8];
	if (!last_of(gridDim.x, ticket)) return;
	double own[2] = {};
	for (int i = threadIdx.x; i < n; i += 256) {
		own[0] += x[i];
		if (i + 128 < n) own[1] += x[i + 128];
	}
#pragma unroll
	for (int k = 0; k < 2; k++) {
		own[k] = warp_sum(own[k]);
		if (threadIdx.x % 32 == 0) part[4 * k + threadIdx.x / 32] = own[k];
	}
	__syncthreads();
	double all = 0;
#pragma unroll
	for (int i = 0; i < 8; i++) all += part[i];
	if (threadIdx.x == 0) *sum = (float)(all / divisor);
}

// row_loss sets losses[i] to the cross-entropy of row i of logits [n, c] and that
// row of dlogits to the gradient of the mean over the rows; NaN where a label is
// out of range. Where there are others, the label has the weight and the other
// one the rest.
DEVICE void row_loss(double *losses, float *dlogits, const element *logits, const int *labels, const int *others, const float *weight, int i, int n,
                     int c, double smoothing) {
	int lane = threadIdx.x % 32;
	const element *row = logits + (long long)i * c;
	float *drow = dlogits + (long long)i * c;
	int label = labels[i], other = others ? others[i] : label;
	double on = 1 - smoothing, off = 0;
	if (others) {
		off = on * (1 - (double)*weight);
		on *= *weight;
	}
	float top = __int_as_float(0xff800000);
	for (int j = lane; j < c; j += 32) top = widen(row[j]) > top ? widen(row[j]) : top; // a NaN comes back in the sum
#pragma unroll
	for (int j = 16; j; j /= 2) {
		float more = __shfl_xor_sync(ALL, top, j);
		top = more > top ? more : top;
	}
	if (label < 0 || label >= c || other < 0 || other >= c) top = __int_as_float(0x7fc00000);
	double sum = 0, loss = 0;
	for (int j = lane; j < c; j += 32) sum += exp_double((double)widen(row[j]) - top);
	double lse = top + log_double(warp_sum(sum)), rest = smoothing / c;
	for (int j = lane; j < c; j += 32) {
		double q = j == label ? rest + on : rest, log = widen(row[j]) - lse;
		if (j == other) q += off;
		if (q != 0) loss -= q * log; // 0·log 0 is 0
		drow[j] = (float)((exp_double(log) - q) / n);
	}
	loss = warp_sum(loss);
	if (lane == 0) losses[i] = loss;
}

// cross_entropy sets loss[0] to the mean of the cross-entropy of the rows of
// logits [n, c] and dlogits [n, c] to its gradient. losses is [n]; others and
// weight may be absent.
KERNEL BOUNDS(128) NAME(cross_entropy)(float *loss, float *dlogits, const element *logits, const int *labels, const int *others, const float *weight,
                                 double *losses, unsigned *ticket, int n, int c, double smoothing) {
	int i = blockIdx.x * 4 + threadIdx.x / 32;
	if (i < n) row_loss(losses, dlogits, logits, labels, others, weight, i, n, c, smoothing);
	add_up(loss, losses, ticket, n, n);
}

// row_hit sets hits[i] to 1 if the largest element of row i of logits [n, c], the
// first of equals, is at the label, and to 0 if not; NaN are passed over.
DEVICE void row_hit(double *hits, const element *logits, const int *labels, int i, int c) {
	int lane = threadIdx.x % 32;
	const element *row = logits + (long long)i * c;
	float best = 0;
	int at = -1;
	for (int j = lane; j < c; j += 32) {
		float v = widen(row[j]);
		if (v == v && (at < 0 || v > best)) best = v, at = j;
	}
#pragma unroll
	for (int j = 16; j; j /= 2) {
		float v = __shfl_xor_sync(ALL, best, j);
		int other = __shfl_xor_sync(ALL, at, j);
		if (other >= 0 && (at < 0 || v > best || (v == best && other < at))) best = v, at = other;
	}
	if (lane == 0) hits[i] = at >= 0 && at == labels[i];
}

// count_correct sets count[0] to the number of rows of logits [n, c] that are
// right. hits is [n].
KERNEL BOUNDS(128) NAME(count_correct)(float *count, const element *logits, const int *labels, double *hits, unsigned *ticket, int n, int c) {
	int i = blockIdx.x * 4 + threadIdx.x / 32;
	if (i < n) row_hit(hits, logits, labels, i, c);
	add_up(count, hits, ticket, n, 1);
}
