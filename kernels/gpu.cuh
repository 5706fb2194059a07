// What the kernels need of CUDA, for clang without a CUDA SDK and for nvcc.
// Everything that the two spell differently stands here; the kernels include
// it and what is ours, nothing of NVIDIA's. There is no device library: exp and
// log are instructions of the hardware, sqrt and division are exact.
//
// Products and sums are rounded one by one, as in the reference loops: the
// compiler is told not to contract them. Where one rounding is meant the
// kernel says fmaf.
#pragma once

#define KERNEL extern "C" __global__ void
#define DEVICE static __device__ __forceinline__
#define INLINE __attribute__((always_inline)) // behind the parameters of a lambda
#define BOUNDS(...) __launch_bounds__(__VA_ARGS__) // threads of a block, and how many blocks at least share a multiprocessor
#define ALL 0xffffffffu // the lanes of a warp

#if defined(__clang__) && !defined(__NVCC__)
#define __global__ __attribute__((global))
#define __device__ __attribute__((device))
#define __host__ __attribute__((host))
#define __shared__ __attribute__((shared))
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...) __attribute__((launch_bounds(__VA_ARGS__)))
#define __align__(n) __attribute__((aligned(n)))
#include <__clang_cuda_builtin_vars.h> // threadIdx, blockIdx, blockDim, gridDim

struct __align__(16) float4 {
	float x, y, z, w;
};
struct __align__(16) int4 {
	int x, y, z, w;
};
DEVICE float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
DEVICE float fmaf(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
DEVICE float fabsf(float x) { return __builtin_fabsf(x); }
DEVICE float sqrtf(float x) { return __nvvm_sqrt_rn_f(x); }
DEVICE double fma(double a, double b, double c) { return __builtin_fma(a, b, c); }
DEVICE double fabs(double x) { return __builtin_fabs(x); }
DEVICE double sqrt(double x) { return __nvvm_sqrt_rn_d(x); }
DEVICE int __float_as_int(float x) { return __builtin_bit_cast(int, x); }
DEVICE float __int_as_float(int x) { return __builtin_bit_cast(float, x); }
DEVICE int __popc(unsigned x) { return __builtin_popcount(x); }
DEVICE unsigned __umulhi(unsigned a, unsigned b) { return (unsigned)((unsigned long long)a * b >> 32); }
DEVICE void __syncwarp(unsigned lanes = ALL) { __nvvm_bar_warp_sync(lanes); }
DEVICE int __shfl_xor_sync(unsigned lanes, int v, int lane) { return __nvvm_shfl_sync_bfly_i32(lanes, v, lane, 31); }
DEVICE float __shfl_xor_sync(unsigned lanes, float v, int lane) { return __nvvm_shfl_sync_bfly_f32(lanes, v, lane, 31); }
DEVICE double __shfl_xor_sync(unsigned lanes, double v, int lane) {
	long long bits = __builtin_bit_cast(long long, v);
	int low = __nvvm_shfl_sync_bfly_i32(lanes, (int)bits, lane, 31);
	int high = __nvvm_shfl_sync_bfly_i32(lanes, (int)(bits >> 32), lane, 31);
	return __builtin_bit_cast(double, (long long)high << 32 | (unsigned)low);
}
DEVICE unsigned shared_address(const void *p) { return (unsigned)(unsigned long long)(__attribute__((address_space(3))) const void *)p; }
#else
DEVICE unsigned shared_address(const void *p) { return (unsigned)__cvta_generic_to_shared(p); }
#endif

// ---- Memory. Sixteen bytes at once go through these: of an array clang knows
// the declared alignment only, and splits the access; of a pointer parameter
// it believes that of the type.
DEVICE float4 load4(const float *p) { return *(const float4 *)p; }
DEVICE void store4(float *p, float4 v) { *(float4 *)p = v; }

// aligned4 tells whether load4 and store4 may be used at p.
DEVICE bool aligned4(const void *p) { return ((unsigned long long)p & 15) == 0; }

// A pack is W elements that follow each other. A kernel is written for packs
// of any width: it runs with W = 4 where its arrays are aligned, and with W = 1
// where they are not and at their ends.
template <int W>
struct pack {
	float v[W];
};
template <int W>
DEVICE pack<W> load(const float *p) {
	if constexpr (W == 4) {
		float4 v = load4(p);
		return {v.x, v.y, v.z, v.w};
	} else {
		return {*p};
	}
}
template <int W>
DEVICE void store(float *p, pack<W> x) {
	if constexpr (W == 4) {
		store4(p, make_float4(x.v[0], x.v[1], x.v[2], x.v[3]));
	} else {
		*p = x.v[0];
	}
}

// ---- Elementary functions.
// exp to about 2 units in the last place: x·log2(e) in a high and a low part,
// so that a large |x| loses nothing.
DEVICE float exp_(float x) {
	const float log2e = 1.4426950408889634f, log2e_low = 1.925963033500011e-8f, ln2 = 0.6931471805599453f;
	float high = x * log2e, low = fmaf(x, log2e, -high), power;
	low = fmaf(x, log2e_low, low);
	asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(high));
	return power * fmaf(low, ln2, 1.0f);
}
DEVICE float log_(float x) {
	float power;
	asm("lg2.approx.ftz.f32 %0, %1;" : "=f"(power) : "f"(x));
	return power * 0.6931471805599453f;
}

// ---- Sums, in an order that depends on the size of the block alone.
template <class T>
DEVICE T warp_sum(T v) {
#pragma unroll
	for (int i = 16; i; i /= 2) v += __shfl_xor_sync(ALL, v, i);
	return v;
}

// block_sum returns the sum of v over the THREADS of the block in all of
// them. All threads call it; it begins and ends with a barrier, so that calls
// may follow one another.
template <int THREADS, class T>
DEVICE T block_sum(T v) {
	__shared__ T part[THREADS / 32];
	__syncthreads();
	v = warp_sum(v);
	if (threadIdx.x % 32 == 0) part[threadIdx.x / 32] = v;
	__syncthreads();
	T sum = 0;
#pragma unroll
	for (int i = 0; i < THREADS / 32; i++) sum += part[i];
	return sum;
}

// column_sum adds every v of the threads of one threadIdx.x over threadIdx.y,
// in a tree; those with threadIdx.y 0 have the sums. All threads of the block,
// at most THREADS, call it; calls may follow one another.
template <int THREADS, int K, class T>
DEVICE void column_sum(T (&v)[K]) {
	__shared__ T part[K][THREADS / 2];
	for (int n = blockDim.y, half; n > 1; n = half) {
		half = (n + 1) / 2;
		int y = threadIdx.y, up = (y - half) * blockDim.x + threadIdx.x, own = y * blockDim.x + threadIdx.x;
		__syncthreads();
		if (y >= half && y < n) {
#pragma unroll
			for (int k = 0; k < K; k++) part[k][up] = v[k];
		}
		__syncthreads();
		if (y + half < n) {
#pragma unroll
			for (int k = 0; k < K; k++) v[k] += part[k][own];
		}
	}
}
