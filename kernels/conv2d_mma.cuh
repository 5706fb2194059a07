// The three products of a convolution on tensor cores, one template over the
// format of the operands; sums are float32. Behind gpu.cuh, moments.cuh,
// conv2d.cuh and conv2d_parts.cuh. Here neighbours in n are neighbours in the
// result:
//
//	                m              n            k
//	forward         pixel of y     OC           (p, q, c)
//	backward input  pixel of x     C            (p, q, o)
//	backward weight OC             (p, q, c)    pixel of y
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

// store16 stores 16 bytes in one piece, whatever else the compiler sees there.
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
	METHOD static void row(float *v, const float *p) {
		float4 x = load4(p);
		v[0] = x.x, v[1] = x.y, v[2] = x.z, v[3] = x.w;
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
	METHOD static void row(float *v, const element *p) {
		float4 x = load4((const float *)p);
		int pairs[4] = {__float_as_int(x.x), __float_as_int(x.y), __float_as_int(x.z), __float_as_int(x.w)};
#pragma unroll
		for (int e = 0; e < 8; e++) v[e] = F::widen((element)(pairs[e / 2] >> e % 2 * 16));
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
	METHOD static float widen(element bits) { return __int_as_float(bits << 16); }
	METHOD static void multiply(Product &c, const Left &a, const Right &b) { MMA("m16n8k16.row.col.f32.bf16.bf16.f32", c, a, b); }
};

// ---- Tiles. A block computes M x N of C and goes BYTES along k at a time;
// STAGES such slabs are in shared memory or on their way there.
template <class F, int M, int N, int BYTES, int STAGES>
struct Tile {
	typedef F format;
	static constexpr int m = M, n = N, bytes = BYTES, k = BYTES / 16 * F::width, stages = STAGES, stage = (M + N) * BYTES;
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
	unsigned begin = shared_address(memory), end = begin + T::stages * T::stage, put = begin, get = begin;
	auto fetch = [&]() INLINE {
		a.fetch(way, put);
		b.fetch(way, put + T::m * T::bytes);
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
		b.read(v, get + T::m * T::bytes, 0);
		fetch(); // while they come
		if (put == end) put = begin;
#pragma unroll
		for (int s = 0; s < T::steps; s++) {
			if (s > 0) {
				a.read(u, get, s);
				b.read(v, get + T::m * T::bytes, s);
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

// put takes the sums of a warp to its 16 KB of shared memory, as [64][64] with
// the rows as they were multiplied; pieces of 16 bytes change places so that
// neighbouring rows do not meet in a bank.
DEVICE int piece_of(int row, int piece) { return piece ^ row % 4 * 2; }
DEVICE void put(const Sums &sum, unsigned to, int lane) {
	int row = lane / 4, column = lane % 4 * 2;
	to += row * 256 + column % 4 * 4;
#pragma unroll
	for (int i = 0; i < 8; i++)
#pragma unroll
		for (int j = 0; j < 8; j++) {
			const float *v = &sum[i / 2][j][i % 2 * 2];
			unsigned at = to + (piece_of(row, column / 4) ^ j % 4 * 2) * 16 + j / 4 * 128 + i * 2048;
			asm volatile("st.shared.v2.f32 [%0], {%1,%2};" ::"r"(at), "f"(v[0]), "f"(v[1]) : "memory");
		}
}

// write stores what end makes of the sums. row(m) is where row m of the tile
// begins in memory, and null where there is no such row; columns are what the
// result has from the tile's first on. The results of 8 warps go through shared
// memory in two halves of the columns.
template <class T, class A, class O, class End, class F>
DEVICE void write(const Sums &sum, End &end, int columns, bool aligned, F row) {
	typedef typename O::element element;
	constexpr int parts = T::warps / 4, width = T::n / parts, lanes = width / O::width, rowStep = T::threads / lanes;
	Place<T> at;
#pragma unroll 1
	for (int part = 0; part < parts; part++) {
		if (part > 0) __syncthreads();
		if (at.warp / 4 == part) put(sum, shared_address(memory) + at.warp % 4 * 16384, at.lane);
		__syncthreads();
		int column = threadIdx.x % lanes * O::width, n = part * width + column, count = columns - n;
		int swap = O::width == 8 ? column / 32 % 2 : 0; // half of the lanes read the second piece first, or two would meet
		end.begin(n, count);
#pragma unroll 2
		for (int j = 0; j < T::m / rowStep; j++) {
			int i = j * rowStep + threadIdx.x / lanes;
			element *p = row(i / 64 * 64 + A::in_order(i / 8 % 8, i % 8));
			const float *from = (const float *)memory + (i / 64 + column / 64 * (T::m / 64)) * 4096 + i % 64 * 64;
			float v[O::width];
#pragma unroll
			for (int e = 0; e < O::width; e += 4) {
				int at = piece_of(i, column % 64 / 4 + (e / 4 ^ swap)) * 4;
				pack<4> x = load<4>(from + at);
#pragma unroll
				for (int g = 1; g < T::groups; g++) {
					pack<4> y = load<4>(from + g * (4 / T::groups) * 4096 + at);
#pragma unroll
					for (int k = 0; k < 4; k++) x.v[k] += y.v[k];
				}
#pragma unroll
				for (int k = 0; k < 4; k++) v[e + k] = x.v[k];
			}
#pragma unroll
			for (int e = 0; e < O::width / 2; e++) {
				float low = v[e];
				if (swap) v[e] = v[e + O::width / 2], v[e + O::width / 2] = low;
			}
			if (!p) continue;
			end.change(v, p + n, count, aligned);
			if (aligned) {
				if (count > 0) O::store_row(p + n, v);
			} else {
#pragma unroll
				for (int e = 0; e < O::width; e++)
					if (e < count) O::store_one(p + n + e, v[e]);
			}
		}
		end.end(part * width, columns);
	}
}

// A Plain end stores the sums.
struct Plain {
	METHOD void begin(int, int) {}
	template <class E>
	METHOD void change(float *, const E *, int, bool) {}
	METHOD void end(int, int) {}
};

// ---- The end of a forward pass: the bias, batch normalisation, another tensor
// and the ReLU; or the statistics of what is stored.

// Constants are what a batch normalisation with known statistics has for each
// channel. Without gamma there is none.
struct Constants {
	const float *gamma, *beta, *mean, *variance;
	double eps;
};

// Statistics is where mean and variance of the channels of y go, and what that
// takes: see moments.cuh. Without partial they are not wanted.
struct Statistics {
	float *mean, *variance;
	running moved;
	double *partial;
	unsigned *tickets;
};

// Moments sums a column of y over the rows that a thread stores, in float around
// the first of them, and over the block in double around 0. In double that loses
// (mean/deviation)² times 1e-16 of the variance, a tenth of what the rounding of
// y to float32 adds to it.
template <class T, class O>
struct Moments {
	static constexpr int width = T::n / (T::warps / 4), lanes = width / O::width, walkers = T::threads / lanes;
	double *partial; // of the block [2, c], from its first channel on, or null
	int c, rows;
	float first[O::width], sum[O::width], squares[O::width];

	METHOD void begin() {
		rows = 0;
#pragma unroll
		for (int e = 0; e < O::width; e++) first[e] = 0, sum[e] = 0, squares[e] = 0;
	}
	METHOD void see(const float *v) {
#pragma unroll
		for (int e = 0; e < O::width; e++) {
			float x = O::stored(v[e]);
			if (rows == 0) first[e] = x;
			float d = x - first[e];
			sum[e] += d;
			squares[e] = fmaf(d, d, squares[e]);
		}
		rows++;
	}
	METHOD void end(int column0, int columns) {
		double *all = (double *)memory; // [walkers, 2, O::width, lanes]
		double *own = all + threadIdx.x / lanes * 2 * width + threadIdx.x % lanes;
		__syncthreads();
#pragma unroll
		for (int e = 0; e < O::width; e++) {
			double f = first[e], s = sum[e];
			own[e * lanes] = rows * f + s;
			own[e * lanes + width] = rows * f * f + (2 * f * s + squares[e]);
		}
		__syncthreads();
#pragma unroll 1
		for (int i = threadIdx.x; i < 2 * width; i += T::threads) {
			double s = 0;
#pragma unroll
			for (int j = 0; j < walkers; j++) s += all[j * 2 * width + i];
			int column = column0 + i % lanes * O::width + i % width / lanes;
			if (column < columns) partial[i / width * c + column] = s;
		}
	}
};

template <class T, class O>
struct Forward {
	typedef typename O::element element;
	const float *bias; // of the tile's first channel, or null
	const float *norm; // in shared memory [3, T::n]: mean, scale, beta; or null
	const element *y, *add;
	int relu;
	Moments<T, O> moments;
	float offset[O::width];
	const float *own; // of norm

	METHOD void begin(int n, int count) {
#pragma unroll
		for (int e = 0; e < O::width; e++) offset[e] = bias && e < count ? bias[n + e] : 0;
		own = norm + n;
		moments.begin();
	}
	METHOD void change(float *v, const element *p, int count, bool aligned) {
#pragma unroll
		for (int e = 0; e < O::width; e++) v[e] += offset[e];
		if (norm) {
#pragma unroll
			for (int e = 0; e < O::width; e++) v[e] = (v[e] - own[e]) * own[T::n + e] + own[2 * T::n + e];
		}
		if (add) {
			const element *from = add + (p - y);
			float more[O::width] = {};
			if (aligned) {
				if (count > 0) O::row(more, from);
			} else {
#pragma unroll
				for (int e = 0; e < O::width; e++)
					if (e < count) more[e] = O::one(from + e);
			}
#pragma unroll
			for (int e = 0; e < O::width; e++) v[e] += more[e];
		}
#pragma unroll
		for (int e = 0; e < O::width; e++) v[e] = relu && v[e] <= 0 ? 0 : v[e]; // NaN stays
		if (moments.partial) moments.see(v);
	}
	METHOD void end(int column0, int columns) {
		if (moments.partial) moments.end(column0, columns);
	}
};

// ---- The three products, with results of format O.

// y = x * w + b, normalised, plus add, and the ReLU of it where relu is set; b and
// add may be null. Block (i, j) has tile i of the pixels and j of the channels.
template <class T, class O>
DEVICE void forward(typename O::element *y, const typename T::format::element *x, const typename T::format::element *w, const float *b,
                    const typename O::element *add, int relu, Constants k, Statistics s, Conv g) {
	typedef Across<LEFT, T, T::m> A;
	typedef Across<RIGHT, T, T::n> B;
	__shared__ __align__(16) float norm[3 * T::n];
	Place<T> at;
	int m0 = blockIdx.x * T::m, n0 = blockIdx.y * T::n, pixels = g.n * g.oh * g.ow;

	Taps<T::k> taps(g.kh, 1, g.kw * g.c); // a row of a window is contiguous in x too
	Windows<A> windows(A(at.m, at.first), x, g.h, g.w, g.c);
#pragma unroll
	for (int i = 0; i < windows.rows; i++) {
		int m = m0 + windows.row + i * windows.rowStep, row = m / g.ow;
		windows.place(i, row / g.oh, row % g.oh * g.stride - g.pad, m % g.ow * g.stride - g.pad, m < pixels);
	}
	Filters<B> filters(B(at.n, at.first), w, n0, g.oc, g.kh * g.kw * g.c);
	Sums sum = {};
	multiply<T>(sum, taps, windows, filters);

	int channel = n0 + threadIdx.x, channels = g.oc - n0 < T::n ? g.oc - n0 : T::n;
	bool mine = threadIdx.x < channels;
	if (k.gamma && threadIdx.x < T::n) {
		norm[threadIdx.x] = mine ? k.mean[channel] : 0;
		norm[T::n + threadIdx.x] = mine ? k.gamma[channel] * (float)(1 / sqrt(k.variance[channel] + k.eps)) : 0;
		norm[2 * T::n + threadIdx.x] = mine ? k.beta[channel] : 0;
	}
	double *partial = s.partial ? s.partial + (2ll * blockIdx.x * g.oc + n0) : nullptr;
	Forward<T, O> end = {b ? b + n0 : b, k.gamma ? norm : nullptr, y, add, relu, {partial, g.oc}};
	write<T, A, O>(sum, end, g.oc - n0, aligned4(y) && aligned4(add) && g.oc % O::width == 0, [=](int m) INLINE {
		return m0 + m < pixels ? y + ((m0 + m) * g.oc + n0) : nullptr;
	});
	if (!s.partial) return;
	double *all = (double *)memory;
	if (!total(all, s.partial, s.tickets + blockIdx.y * 33, {n0, channels}, g.oc, blockIdx.x, gridDim.x) || !mine) return;
	float mean, variance;
	finish(mean, variance, all + threadIdx.x, channels, 0, s.moved, pixels, channel);
	s.mean[channel] = mean;
	s.variance[channel] = variance;
}

// dx, phase by phase. Pixels that no tap reaches become 0. Block (i, j, k) has
// tile i of the pixels of phase k, and j of the channels; the phases with most
// taps begin.
template <class T, class O>
DEVICE void backward_input(typename O::element *dx, const typename T::format::element *dy, const typename T::format::element *w, Phases f, Conv g) {
	typedef Across<LEFT, T, T::m> A;
	typedef Along<RIGHT, T, T::n> B;
	Place<T> at;
	int m0 = blockIdx.x * T::m, n0 = blockIdx.y * T::n;
	Phase a(blockIdx.z, f, g.stride);
	int pixels = g.n * a.hs * a.vs;

	Taps<T::k> taps(m0 < pixels ? a.hTaps : 0, a.vTaps, g.oc); // some phases have fewer pixels than the grid has room for
	Windows<A> windows(A(at.m, at.first), dy, g.oh, g.ow, g.oc);
#pragma unroll
	for (int i = 0; i < windows.rows; i++) {
		int m = m0 + windows.row + i * windows.rowStep, row = m / a.vs;
		windows.place(i, row / a.hs, row % a.hs + a.i0 - a.hTaps + 1, m % a.vs + a.j0 - a.vTaps + 1, m < pixels);
	}
	int right = a.s * g.c, down = right * g.kw, last = (a.p * g.kw + a.q) * g.c + (a.hTaps - 1) * down + (a.vTaps - 1) * right;
	TurnedFilters<B> filters(B(at.n, at.first), w, n0, g.c, g.kh * g.kw * g.c, last, -down, -right);
	Sums sum = {};
	multiply<T>(sum, taps, windows, filters);

	Plain end;
	write<T, A, O>(sum, end, g.c - n0, aligned4(dx) && g.c % O::width == 0, [=](int i) INLINE {
		int m = m0 + i, row = m / a.vs;
		return m < pixels ? dx + (((row / a.hs * g.h + a.h0 + row % a.hs * a.s) * g.w + a.v0 + m % a.vs * a.s) * g.c + n0) : nullptr;
	});
}

// dw += the sums over all pixels of y, of which a block takes length. Block
// (i, j, k) has tile i of the channels and j of the elements of a window, in part
// k of the pixels.
template <class T>
DEVICE void backward_weight(float *dw, const typename T::format::element *dy, const typename T::format::element *x, float *parts, unsigned *tickets, int length, Steps steps, Conv g) {
	typedef Along<LEFT, T, T::m> A;
	typedef Along<RIGHT, T, T::n> B;
	Place<T> at;
	int m0 = blockIdx.x * T::m, n0 = blockIdx.y * T::n;
	int first = blockIdx.z * length, end = g.n * g.oh * g.ow;
	if (first + length < end) end = first + length;

	Pixels<T::k> pixels(first, end);
	Channels<A> channels(A(at.m, at.first), dy, m0, g.oc, first);
	Patches<B> patches(B(at.n, at.first), x, n0, first, steps, g);
	Sums sum = {};
	multiply<T>(sum, pixels, channels, patches);

	Parts<T::m, T::n, T::threads> all(parts, tickets);
	float *own = all.own();
	Plain plain;
	write<T, A, Float32>(sum, plain, T::n, true, [=](int m) INLINE { return own + m * T::n; });
	all.finish(dw, m0, g.oc, n0, g.kh * g.kw * g.c);
}

// Blocks with 4 warps share a multiprocessor by two.
#define PRODUCT(T) KERNEL __launch_bounds__(T::threads, 8 / T::warps)

// CONV2D and CONV2D_WEIGHT define the kernels of a tile whose names end so.
#define CONV2D(name, T, F, O) \
	PRODUCT(T) conv2d_##name(O::element *y, const F::element *x, const F::element *w, const float *b, const O::element *add, int relu, \
	                         const float *gamma, const float *beta, double eps, float *mean, float *variance, float *running_mean, float *running_var, int *count, float momentum, float unbias, int times, \
	                         double *partial, unsigned *tickets, Conv g) { \
		forward<T, O>(y, x, w, b, add, relu, {gamma, beta, mean, variance, eps}, {mean, variance, {running_mean, running_var, count, momentum, unbias, times}, partial, tickets}, g); \
	} \
	PRODUCT(T) conv2d_backward_input_##name(O::element *dx, const F::element *dy, const F::element *w, Phases f, Conv g) { \
		backward_input<T, O>(dx, dy, w, f, g); \
	}
#define CONV2D_WEIGHT(name, T, F) \
	PRODUCT(T) conv2d_backward_weight_##name(float *dw, const F::element *dy, const F::element *x, float *parts, unsigned *tickets, int length, Steps steps, Conv g) { \
		backward_weight<T>(dw, dy, x, parts, tickets, length, steps, g); \
	}

// The tiles, with the shared memory that two blocks of a multiprocessor of
// compute capability 8.0 have, or one of 8 warps. They stand in Go too.
template <class F>
using T256x128 = Tile<F, 256, 128, 64, 4>;
template <class F>
using T128x128 = Tile<F, 128, 128, 64, 4>;
template <class F>
using T256x64 = Tile<F, 256, 64, 64, 4>;
template <class F>
using T128x64 = Tile<F, 128, 64, 128, 3>;
template <class F>
using T64x64 = Tile<F, 64, 64, 128, 4>;

#define TILES(TILE) TILE(256x128) TILE(128x128) TILE(256x64) TILE(128x64) TILE(64x64)
