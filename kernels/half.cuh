// The formats of 16 bits in which activations are kept. Kernels compute in
// float32 or better, and round to the nearest, ties to even, where they store.
// Behind gpu.cuh.
//
// A header with kernels for activations is written for one type, element, and
// names them by NAME, which its .cu file defines.
#pragma once

struct f16 {
	unsigned short bits;
};
struct bf16 {
	unsigned short bits;
};

// wide is how many elements have 16 bytes.
template <class T>
constexpr int wide = 16 / sizeof(T);

// widen is x as kernels compute with it.
DEVICE float widen(float x) { return x; }
DEVICE double widen(double x) { return x; }
DEVICE float widen(f16 x) {
#if defined(__clang__) && !defined(__NVCC__)
	return __builtin_bit_cast(_Float16, x.bits); // clang unrolls no loop with assembly in it
#else
	float v;
	asm("cvt.f32.f16 %0, %1;" : "=f"(v) : "h"(x.bits));
	return v;
#endif
}
DEVICE float widen(bf16 x) { return __int_as_float(x.bits << 16); }

// round_pair rounds two numbers to the format of the first argument, the first
// of them in the low half.
DEVICE unsigned round_pair(f16, float low, float high) {
	unsigned v;
	asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(v) : "f"(high), "f"(low));
	return v;
}
DEVICE unsigned round_pair(bf16, float low, float high) {
	unsigned v;
	asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(v) : "f"(high), "f"(low));
	return v;
}

// ---- Packs, as in gpu.cuh: of 8 elements of 16 bits, which are aligned like 4
// of float32, of 4, and of 1.

template <int W, class T>
DEVICE pack<W> load_half(const T *p) {
	if constexpr (W == 1) {
		return {widen(*p)};
	} else {
		int pairs[W / 2];
		if constexpr (W == 8) {
			float4 v = load4((const float *)p);
			pairs[0] = __float_as_int(v.x), pairs[1] = __float_as_int(v.y), pairs[2] = __float_as_int(v.z), pairs[3] = __float_as_int(v.w);
		} else {
			long long v = *(const long long *)p;
			pairs[0] = (int)v, pairs[1] = (int)(v >> 32);
		}
		pack<W> x;
#pragma unroll
		for (int j = 0; j < W; j++) x.v[j] = widen(T{(unsigned short)(pairs[j / 2] >> j % 2 * 16)});
		return x;
	}
}
template <int W, class T>
DEVICE void store_half(T *p, pack<W> x) {
	if constexpr (W == 1) {
		p->bits = round_pair(T(), x.v[0], 0);
	} else {
		int pairs[W / 2];
#pragma unroll
		for (int j = 0; j < W / 2; j++) pairs[j] = round_pair(T(), x.v[2 * j], x.v[2 * j + 1]);
		if constexpr (W == 8) {
			store4((float *)p, make_float4(__int_as_float(pairs[0]), __int_as_float(pairs[1]), __int_as_float(pairs[2]), __int_as_float(pairs[3])));
		} else {
			*(long long *)p = (long long)pairs[1] << 32 | (unsigned)pairs[0];
		}
	}
}
template <int W>
DEVICE pack<W> load(const f16 *p) { return load_half<W>(p); }
template <int W>
DEVICE pack<W> load(const bf16 *p) { return load_half<W>(p); }
template <int W>
DEVICE void store(f16 *p, pack<W> x) { store_half(p, x); }
template <int W>
DEVICE void store(bf16 *p, pack<W> x) { store_half(p, x); }

// Eight float32 beside as many of 16 bits.
template <>
__device__ __forceinline__ pack<8> load<8>(const float *p) {
	float4 a = load4(p), b = load4(p + 4);
	return {a.x, a.y, a.z, a.w, b.x, b.y, b.z, b.w};
}
template <>
__device__ __forceinline__ void store<8>(float *p, pack<8> x) {
	store4(p, make_float4(x.v[0], x.v[1], x.v[2], x.v[3]));
	store4(p + 4, make_float4(x.v[4], x.v[5], x.v[6], x.v[7]));
}
