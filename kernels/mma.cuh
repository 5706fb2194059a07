// A product of two matrices on tensor cores, as a block computes a tile of it, one
// template over the format of the operands; sums are float32. Behind gpu.cuh.
//
// A warp multiplies 64 x 64: with less it would read more of shared memory for
// each multiplication than there is time for. In tiles with fewer such squares
// than warps, groups of warps share them: each takes its part of every slab of
// k, and at the end the groups are added in order.
//
// Operands start at multiples of 16 bytes, and so do their rows.
#pragma once

// ---- The formats. width elements have 16 bytes; one multiplication takes 32
// bytes along k.

#define MMA(form, c, a, b) \
	asm volatile("mma.sync.aligned." form " {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};" \
	             : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]))

// What a warp multiplies, spread over its lanes: lane l has of row l / 4 of 8
// rows the 4 bytes l % 4 of the first 16 bytes, and of the last 16.
typedef unsigned Left[4];  // 16 rows of A: the first of both 8 rows, then the last
typedef unsigned Right[2]; // 8 rows of B
typedef float Product[4];  // 16 x 8 of C: columns l % 4 * 2 + {0, 1} of rows l / 4 and l / 4 + 8

// load16 loads 16 bytes in one piece and store16 stores them so, whatever else the
// compiler sees there.
DEVICE void load16(int (&v)[4], const void *p) {
	asm volatile("ld.global.v4.b32 {%0,%1,%2,%3}, [%4];" : "=r"(v[0]), "=r"(v[1]), "=r"(v[2]), "=r"(v[3]) : "l"(p));
}
DEVICE void store16(void *p, int x, int y, int z, int w) {
	asm volatile("st.global.v4.b32 [%0], {%1,%2,%3,%4};" ::"l"(p), "r"(x), "r"(y), "r"(z), "r"(w) : "memory");
}

// Float32 is what results are stored as, and with TF32 operands too.
struct Float32 {
	typedef float element;
	static constexpr int width = 4;

	METHOD static void store_row(float *p, const float *v) {
		store16(p, __float_as_int(v[0]), __float_as_int(v[1]), __float_as_int(v[2]), __float_as_int(v[3]));
	}
	METHOD static void store_one(float *p, float v) { *p = v; }
	METHOD static float one(const float *p) { return *p; }
	METHOD static void row(float *v, const int (&bits)[4]) {
#pragma unroll
		for (int e = 0; e < 4; e++) v[e] = __int_as_float(bits[e]);
	}
	METHOD static float stored(float v) { return v; }
};

// TF32 has 10 bits behind the point: float32 is rounded to it, to nearest, on
// the way to a multiplication.
struct TF32 : Float32 {
	METHOD static void round(unsigned &a) { asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(a) : "f"(__int_as_float(a))); }
	METHOD static void multiply(Product &c, const Left &a, const Right &b) { MMA("m16n8k8.row.col.f32.tf32.tf32.f32", c, a, b); }
};

// Half is what the formats of 16 bits share.
template <class F>
struct Half {
	typedef unsigned short element;
	static constexpr int width = 8;

	METHOD static void round(unsigned &) {}
	METHOD static void store_row(element *p, const float *v) {
		store16(p, F::pair(v[0], v[1]), F::pair(v[2], v[3]), F::pair(v[4], v[5]), F::pair(v[6], v[7]));
	}
	METHOD static void store_one(element *p, float v) { *p = (element)F::pair(v, 0); }
	METHOD static float one(const element *p) { return F::widen(*p); }
	METHOD static void row(float *v, const int (&bits)[4]) {
#pragma unroll
		for (int e = 0; e < 8; e++) v[e] = F::widen((element)(bits[e / 2] >> e % 2 * 16));
	}
	METHOD static float stored(float v) { return F::widen((element)F::pair(v, 0)); }
};
struct F16 : Half<F16> {
	METHOD static int pair(float low, float high) {
		int v;
		asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(v) : "f"(high), "f"(low));
		return v;
	}
	METHOD static float widen(element bits) {
		float v;
		asm("cvt.f32.f16 %0, %1;" : "=f"(v) : "h"(bits));
		return v;
	}
	METHOD static void multiply(Product &c, const Left &a, const Right &b) { MMA("m16n8k16.row.col.f32.f16.f16.f32", c, a, b); }
};
struct BF16 : Half<BF16> {
	METHOD static int pair(float low, float high) {
		int v;
		asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(v) : "f"(high), "f"(low));
		return v;
	}
	METHOD static float widen(element bits) {
		float v;
		asm("mov.b32 %0, {%1, %2};" : "=f"(v) : "h"((element)0), "h"(bits)); // so that the program is that of F16
		return v;
	}
	METHOD static void multiply(Product &c, const Left &a, const Right &b) { MMA("m16n8k16.row.col.f32.bf16.bf16.f32", c, a, b); }
};

// ---- Tiles. A block computes M x N of C and goes BYTES along k at a time;
// STAGES such slabs are in shared memory or on their way there.
template <class F, int M, int N, int BYTES, int STAGES>
struct Tile {
	typedef F format;
	static constexpr int m = M, n = N, bytes = BYTES, k = BYTES / 16 * F::width, stages = STAGES;
	static constexpr int begin = 0, right = M * BYTES, stage = (M + N) * BYTES; // in shared memory: the slabs, and the right operand in each
	static constexpr int warps = M * N > 128 * 128 ? 8 : 4, threads = warps * 32;
	static constexpr int groups = warps * 64 * 64 / (M * N), steps = BYTES / 32 / groups;
};

extern __shared__ __align__(128) unsigned char memory[];

// Place is where a warp works: rows m to m + 63 and columns n to n + 63 of the
// tile, and step first of every slab and those behind it.
template <class T>
struct Place {
	int warp, lane, m, n, first;
	METHOD Place() {
		warp = threadIdx.x / 32, lane = threadIdx.x % 32;
		int square = warp % (T::warps / T::groups);
		m = square % (T::m / 64) * 64, n = square / (T::m / 64) * 64;
		first = warp / (T::warps / T::groups) * T::steps;
	}
};

// ---- Shared memory. Rows of an operand are divided into pieces of 16 bytes,
// which change places within 128 bytes so that neither copies nor reads meet in
// a bank. fetch() of an operand takes its pieces there, and read() gives a warp
// its 64 rows and step s from the slab at an address. SIDE tells which operand
// it is.

enum { LEFT, RIGHT };

DEVICE void copy16(bool ok, unsigned to, const void *from) {
	asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(ok ? 16 : 0) : "memory");
}
template <int N>
DEVICE void wait_for_all_but() {
	asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}
DEVICE void end_group() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// ldmatrix gives lane l of each of four matrices the elements that 4 bytes
// hold, l % 4, of row l / 4, and turned the same of column l / 4; lanes 8 i to
// 8 i + 7 name the rows of matrix i.
#define LDMATRIX(form, v0, v1, v2, v3, at) \
	asm volatile("ldmatrix.sync.aligned.m8n8.x4" form ".shared.b16 {%0,%1,%2,%3}, [%4];" : "=r"(v0), "=r"(v1), "=r"(v2), "=r"(v3) : "r"(at) : "memory")

// Across is an operand [R rows, k] that is contiguous along k. It lies in shared
// memory as [R][BYTES]; piece i of row r is at place i ^ r % 8, or i ^ r / 2 % 4
// where 128 bytes have two rows.
template <int SIDE, class T, int R>
struct Across {
	typedef typename T::format::element element;
	static constexpr int slab = T::k, pieces = T::bytes / 16;
	static constexpr int rowStep = T::threads / pieces, rows = R / rowStep, kStep = slab, ks = 1;
	int row, k, to, from;

	METHOD static int place(int row, int piece) { return row * T::bytes + (piece ^ row / (8 / pieces) % pieces) * 16; }
	METHOD Across(int first, int step) { // the first row and the first step of the warp
		int lane = threadIdx.x % 32, low = lane / 8 % 2, high = lane / 16;
		row = threadIdx.x / pieces, k = threadIdx.x % pieces * T::format::width;
		to = place(row, threadIdx.x % pieces);
		from = SIDE == LEFT ? place(first + low * 8 + lane % 8, step * 2 + high) : place(first + high * 8 + lane % 8, step * 2 + low);
	}
	METHOD void take(int i, int, bool ok, unsigned to, const element *p) { copy16(ok, to + this->to + i * rowStep * T::bytes, p); }

	METHOD void read(Left (&v)[4], unsigned at, int s) {
#pragma unroll
		for (int i = 0; i < 4; i++) LDMATRIX("", v[i][0], v[i][1], v[i][2], v[i][3], at + (from ^ s * 32) + i * 16 * T::bytes);
	}
	METHOD void read(Right (&v)[8], unsigned at, int s) {
#pragma unroll
		for (int i = 0; i < 8; i += 2) LDMATRIX("", v[i][0], v[i][1], v[i + 1][0], v[i + 1][1], at + (from ^ s * 32) + i * 8 * T::bytes);
	}
	// in_order is where row r of 8 rows i is, of the 64.
	METHOD static int in_order(int i, int r) { return i * 8 + r; }
};

// Along is an operand [k, R rows] that is contiguous along rows. It lies in
// shared memory as it is; piece i of what belongs to one k is at place i ^ k % 8,
// or i ^ k % 4 * 2 in float32.
//
// Of 16 bits ldmatrix turns the matrices. Of float32 a lane reads single rows
// of the right operand, and two of the left, which are the same row of 8 and of
// the next 8: 16 lanes read two pieces of each of four k.
template <int SIDE, class T, int R>
struct Along {
	typedef typename T::format F;
	typedef typename F::element element;
	static constexpr bool words = F::width == 4;
	static constexpr int slab = T::k, pieces = R / F::width, bytes = R * sizeof(element);
	static constexpr int rowStep = R, rows = 1, kStep = T::threads / pieces, ks = slab / kStep;
	int row, k, to, from;

	METHOD static int turn(int k) { return words ? k % 4 * 2 : k % 8; }
	METHOD static int place(int k, int piece) { return k * bytes + (piece ^ turn(k)) * 16; }
	METHOD Along(int first, int step) {
		int lane = threadIdx.x % 32, low = lane / 8 % 2, high = lane / 16;
		row = threadIdx.x % pieces * F::width, k = threadIdx.x / pieces;
		to = place(k, threadIdx.x % pieces);
		if constexpr (words)
			from = SIDE == LEFT ? place(step * 8 + lane % 4, first / 4 + high * 2) + lane / 4 % 4 * 8 : place(step * 8 + lane % 4, first / 4 + high) + lane / 4 % 4 * 4;
		else
			from = SIDE == LEFT ? place(step * 16 + high * 8 + lane % 8, first / 8 + low) : place(step * 16 + lane % 16, first / 8 + high);
	}
	METHOD void take(int, int j, bool ok, unsigned to, const element *p) {
		copy16(ok, to + (this->to ^ turn(j * kStep) * 16) + j * kStep * bytes, p);
	}

	METHOD void read(Left (&v)[4], unsigned at, int s) {
		at += s * 2 * F::width * bytes;
#pragma unroll
		for (int i = 0; i < 4; i++) {
			if constexpr (words) {
#pragma unroll
				for (int h = 0; h < 4; h += 2)
					asm volatile("ld.shared.v2.b32 {%0,%1}, [%2];" : "=r"(v[i][h]), "=r"(v[i][h + 1]) : "r"(at + (from ^ i % 2 * 64) + i / 2 * 128 + h * 2 * bytes) : "memory");
			} else {
				LDMATRIX(".trans", v[i][0], v[i][1], v[i][2], v[i][3], at + (from ^ i * 32));
			}
		}
	}
	METHOD void read(Right (&v)[8], unsigned at, int s) {
		at += s * 2 * F::width * bytes;
#pragma unroll
		for (int i = 0; i < 8; i += 2) {
			if constexpr (words) {
#pragma unroll
				for (int h = 0; h < 4; h++) // of 8 rows i + h / 2
					asm volatile("ld.shared.b32 %0, [%1];" : "=r"(v[i + h / 2][h % 2]) : "r"(at + (from ^ (i + h / 2) % 4 * 32) + i / 4 * 128 + h % 2 * 4 * bytes) : "memory");
			} else {
				LDMATRIX(".trans", v[i][0], v[i][1], v[i + 1][0], v[i + 1][1], at + (from ^ i * 16));
			}
		}
	}
	METHOD static int in_order(int i, int r) { return words ? i / 2 * 16 + r * 2 + i % 2 : i * 8 + r; }
};

// ---- The product.

typedef Product Sums[4][8]; // of a warp's 64 x 64

// multiply computes the warp's sums along the way. While one slab is
// multiplied, stages - 1 are on their way; one barrier separates slabs. What
// fetch gives behind the last slab is zeros.
template <class T, class Way, class A, class B>
DEVICE void multiply(Sums &sum, Way &way, A &a, B &b) {
	unsigned begin = shared_address(memory) + T::begin, end = begin + T::stages * T::stage, put = begin, get = begin;
	auto fetch = [&]() INLINE {
		a.fetch(way, put);
		b.fetch(way, put + T::right);
		end_group();
		way.next();
		put += T::stage;
	};
	int slabs = way.slabs();
#pragma unroll
	for (int i = 1; i < T::stages; i++) fetch();
	for (; slabs > 0; slabs--) {
		wait_for_all_but<T::stages - 2>();
		__syncthreads();
		Left u[4];
		Right v[8];
		a.read(u, get, 0);
		b.read(v, get + T::right, 0);
		fetch(); // while they come
		if (put == end) put = begin;
#pragma unroll
		for (int s = 0; s < T::steps; s++) {
			if (s > 0) {
				a.read(u, get, s);
				b.read(v, get + T::right, s);
			}
#pragma unroll
			for (int i = 0; i < 16; i++) T::format::round(u[i / 4][i % 4]), T::format::round(v[i / 2][i % 2]);
#pragma unroll
			for (int i = 0; i < 4; i++)
#pragma unroll
				for (int j = 0; j < 8; j++) T::format::multiply(sum[i][j], u[i], v[j]);
		}
		get += T::stage;
		if (get == end) get = begin;
	}
	wait_for_all_but<0>();
	__syncthreads(); // shared memory is free
}
