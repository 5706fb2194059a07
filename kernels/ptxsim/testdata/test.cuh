// What the test kernels need of CUDA, for clang without a CUDA SDK.
#pragma once
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __host__ __attribute__((host))
#define __shared__ __attribute__((shared))
#define DEVICE static __attribute__((device)) inline __attribute__((always_inline))
#define BOUNDS(n) __attribute__((launch_bounds(n)))
#define KERNEL extern "C" __global__ void
#include <__clang_cuda_builtin_vars.h>
#define ALL 0xffffffffu

struct __attribute__((aligned(16))) float4 {
	float x, y, z, w;
};

// An array's declared alignment is 4; through a pointer parameter clang
// believes the type's alignment and moves 16 bytes at once.
DEVICE float4 load4(const float *p) { return *(const float4 *)p; }
DEVICE void store4(float *p, float4 v) { *(float4 *)p = v; }

DEVICE float shuffle_xor(float v, int lane) { return __nvvm_shfl_sync_bfly_f32(ALL, v, lane, 31); }

DEVICE float warp_sum(float v) {
	for (int i = 16; i; i /= 2) v += shuffle_xor(v, i);
	return v;
}

DEVICE float warp_max(float v) {
	for (int i = 16; i; i /= 2) v = __builtin_fmaxf(v, shuffle_xor(v, i));
	return v;
}

DEVICE float exp2_(float x) {
	float r;
	asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(r) : "f"(x));
	return r;
}

// The address of shared memory as the assembly wants it.
DEVICE unsigned shared_address(const void *p) { return (unsigned)(unsigned long long)(__attribute__((address_space(3))) const void *)p; }
