// What becomes of the sums of a tile on their way to memory. Behind mma.cuh and
// moments.cuh.
#pragma once

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

// write stores what end makes of the sums, End::rows rows at a time, so that what
// end fetches for them from memory is on its way together, and End::turns times that
// without a branch. row(m) is where row m of the tile begins in memory, and null
// where there is no such row; columns are what the result has from the tile's first
// on. The results of 8 warps go through shared memory in two halves of the columns.
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
#pragma unroll End::turns
		for (int j = 0; j < T::m / rowStep; j += End::rows) {
			element *p[End::rows];
			typename End::Fetched fetched[End::rows];
#pragma unroll
			for (int r = 0; r < End::rows; r++) {
				int i = (j + r) * rowStep + threadIdx.x / lanes;
				p[r] = row(i / 64 * 64 + A::in_order(i / 8 % 8, i % 8));
				if (p[r]) end.fetch(fetched[r], p[r] + n, count, aligned);
			}
#pragma unroll
			for (int r = 0; r < End::rows; r++) {
				int i = (j + r) * rowStep + threadIdx.x / lanes;
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
				if (!p[r]) continue;
				end.change(v, fetched[r], p[r] + n, count, aligned);
				if (aligned) {
					if (count > 0) O::store_row(p[r] + n, v);
				} else {
#pragma unroll
					for (int e = 0; e < O::width; e++)
						if (e < count) O::store_one(p[r] + n + e, v[e]);
				}
			}
		}
		end.end(part * width, columns);
	}
}

// A Plain end stores the sums.
struct Plain {
	static constexpr int rows = 1, turns = 2;
	struct Fetched {};

	METHOD void begin(int, int) {}
	template <class E>
	METHOD void fetch(Fetched &, const E *, int, bool) {}
	template <class E>
	METHOD void change(float *, const Fetched &, const E *, int, bool) {}
	METHOD void end(int, int) {}
};

// sum_columns adds up what the threads of a block have of each of the columns that
// it stored at once, two sums of(e) each, and writes that to the block's partial
// [2, c], from column0 on.
struct two {
	double a, b;
};
template <class T, class O, class F>
DEVICE void sum_columns(double *partial, int c, int column0, int columns, F of) {
	constexpr int width = T::n / (T::warps / 4), lanes = width / O::width, walkers = T::threads / lanes;
	double *all = (double *)memory; // [walkers, 2, O::width, lanes]
	double *own = all + threadIdx.x / lanes * 2 * width + threadIdx.x % lanes;
	__syncthreads();
#pragma unroll
	for (int e = 0; e < O::width; e++) {
		two sums = of(e);
		own[e * lanes] = sums.a;
		own[e * lanes + width] = sums.b;
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

// fetch_row begins to load what a thread stores at once of another array, which may
// be null, from element at on, if it can be loaded in one piece.
template <class E>
DEVICE void fetch_row(int (&bits)[4], const E *array, long long at, int count, bool aligned) {
	if (array && aligned && count > 0) load16(bits, array + at);
}

// read is count numbers: those of bits, or one by one of p.
template <class O>
DEVICE void read(float (&v)[O::width], const int (&bits)[4], const typename O::element *p, int count, bool aligned) {
	if (aligned) {
		O::row(v, bits);
	} else {
#pragma unroll
		for (int e = 0; e < O::width; e++) v[e] = e < count ? O::one(p + e) : 0;
	}
}

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
		sum_columns<T, O>(partial, c, column0, columns, [&](int e) INLINE {
			double f = first[e], s = sum[e];
			return two{rows * f + s, rows * f * f + (2 * f * s + squares[e])};
		});
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

	static constexpr int rows = 1, turns = 2;
	struct Fetched {
		int add[4] = {};
	};

	METHOD void begin(int n, int count) {
#pragma unroll
		for (int e = 0; e < O::width; e++) offset[e] = bias && e < count ? bias[n + e] : 0;
		own = norm + n;
		moments.begin();
	}
	METHOD void fetch(Fetched &f, const element *p, int count, bool aligned) {
		fetch_row(f.add, add, p - y, count, aligned);
	}
	METHOD void change(float *v, const Fetched &f, const element *p, int count, bool aligned) {
#pragma unroll
		for (int e = 0; e < O::width; e++) v[e] += offset[e];
		if (norm) {
#pragma unroll
			for (int e = 0; e < O::width; e++) v[e] = (v[e] - own[e]) * own[T::n + e] + own[2 * T::n + e];
		}
		if (add) {
			float more[O::width];
			read<O>(more, f.add, add + (p - y), count, aligned);
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
