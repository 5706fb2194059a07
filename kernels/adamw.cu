#include "gpu.cuh"
#include "segments.cuh"

// power returns x to the power of n, for n of 0 or more.
DEVICE double power(double x, int n) {
	double y = 1;
	for (; n > 0; n /= 2, x *= x) {
		if (n % 2) y *= x;
	}
	return y;
}

// adamw_step computes, in one block per entry of table and with t = step[0],
//
//	w = from - lr·decay·from
//	m = beta1·m + new1·g      v = beta2·v + new2·g²
//	w -= lr/(1 - b1^t) · m / (√v/√(1 - b2^t) + eps)
//
// beta and new being b and 1 - b, rounded; w = from alone if skip[0] is there and not
// 0. w may be from.
KERNEL BOUNDS(256) adamw_step(float *w, const float *from, float *m, float *v, const float *g, const float *lr, const int *step,
                              const int *skip, float decay, float beta1, float beta2, float new1, float new2, float eps, double b1,
                              double b2, const int4 *table) {
	if (skip && *skip) return stay(w, from, table[blockIdx.x]);
	__shared__ float corrections[2]; // so that one thread raises to powers, in float64
	if (threadIdx.x == 0) {
		corrections[0] = *lr / (float)(1 - power(b1, *step));
		corrections[1] = (float)sqrt(1 - power(b2, *step));
	}
	__syncthreads();
	float rate = corrections[0], correct = corrections[1];
	int4 entry = table[blockIdx.x];
	decay = entry.w & NO_DECAY ? 0 : *lr * decay;
	walk(entry, [=](auto width, int i) {
		constexpr int W = decltype(width)::value;
		pack<W> weight = load<W>(from + i), first = load<W>(m + i), second = load<W>(v + i), d = load<W>(g + i);
#pragma unroll
		for (int j = 0; j < W; j++) {
			weight.v[j] -= decay * weight.v[j];
			first.v[j] = beta1 * first.v[j] + new1 * d.v[j];
			second.v[j] = beta2 * second.v[j] + new2 * d.v[j] * d.v[j];
			weight.v[j] -= rate * first.v[j] / (sqrtf(second.v[j]) / correct + eps);
		}
		store<W>(w + i, weight);
		store<W>(m + i, first);
		store<W>(v + i, second);
	}, w, from, m, v, g);
}
