#include "gpu.cuh"

DEVICE bool finite(float x) { return fabsf(x) < __int_as_float(0x7f800000); }

// unscale computes x [n] *= factor, and sets overflow[0] to 1 if an element of
// the result is not finite: whoever finds one stores it. Each thread of the
// blocks of 256 has four.
KERNEL BOUNDS(256) unscale(float *x, int *overflow, float factor, int n) {
	int i = (blockIdx.x * 256 + threadIdx.x) * 4;
	bool all = true;
	if (i + 4 <= n && aligned4(x)) {
		pack<4> v = load<4>(x + i);
#pragma unroll
		for (int j = 0; j < 4; j++) {
			v.v[j] *= factor;
			all &= finite(v.v[j]);
		}
		store<4>(x + i, v);
	} else {
		for (int end = i + 4 < n ? i + 4 : n; i < end; i++) {
			x[i] *= factor;
			all &= finite(x[i]);
		}
	}
	if (!all) *overflow = 1;
}

// restore_if copies x [n], elements of 4 bytes, to y if condition[0] is not 0.
// That is rare: blocks of 256 are few and go over the arrays in strides, so that
// a launch that copies nothing is over soon.
KERNEL BOUNDS(256) restore_if(float *y, const float *x, const int *condition, int n) {
	if (*condition == 0) return;
	int first = blockIdx.x * 256 + threadIdx.x, step = gridDim.x * 256;
	int end = aligned4(y) && aligned4(x) ? n / 4 : 0;
	for (int i = first; i < end; i += step) store4(y + 4 * i, load4(x + 4 * i));
	for (int i = 4 * end + first; i < n; i += step) y[i] = x[i];
}

// count_and_clear adds flag[0] to count[0] and sets it to 0.
KERNEL count_and_clear(int *count, int *flag) {
	*count += *flag;
	*flag = 0;
}
