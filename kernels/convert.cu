// Conversions between float32 and the formats of 16 bits, to the nearest, ties
// to even.
#include "gpu.cuh"

DEVICE float from_f16(unsigned short x) {
	float v;
	asm("cvt.f32.f16 %0, %1;" : "=f"(v) : "h"(x));
	return v;
}
DEVICE unsigned short to_f16(float x) {
	unsigned short v;
	asm("cvt.rn.f16.f32 %0, %1;" : "=h"(v) : "f"(x));
	return v;
}
DEVICE unsigned short to_bf16(float x) {
	unsigned short v;
	asm("cvt.rn.bf16.f32 %0, %1;" : "=h"(v) : "f"(x));
	return v;
}

// y [n] = x.
KERNEL BOUNDS(256) widen_f16(float *y, const unsigned short *x, int n) {
	int i = blockIdx.x * 256 + threadIdx.x;
	if (i < n) y[i] = from_f16(x[i]);
}
KERNEL BOUNDS(256) widen_bf16(float *y, const unsigned short *x, int n) {
	int i = blockIdx.x * 256 + threadIdx.x;
	if (i < n) y[i] = __int_as_float(x[i] << 16);
}

// y [n] = x, rounded.
KERNEL BOUNDS(256) narrow_f16(unsigned short *y, const float *x, int n) {
	int i = blockIdx.x * 256 + threadIdx.x;
	if (i < n) y[i] = to_f16(x[i]);
}
KERNEL BOUNDS(256) narrow_bf16(unsigned short *y, const float *x, int n) {
	int i = blockIdx.x * 256 + threadIdx.x;
	if (i < n) y[i] = to_bf16(x[i]);
}
