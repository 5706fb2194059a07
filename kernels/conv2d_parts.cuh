// How the blocks that share the sums of a weight gradient add them up, in the
// launch that computes them. Behind gpu.cuh and ticket.cuh.
#pragma once

// A block leaves its sums of a tile of dw in memory, its part: [ROWS, COLUMNS],
// output channels by elements of a window, whether dw has so many or not.
// Blocks (i, j, ·) share a tile, and its parts follow each other.
template <int ROWS, int COLUMNS, int THREADS>
struct Parts {
	static constexpr int size = ROWS * COLUMNS, lanes = 8;
	static constexpr int turns = size / (4 * THREADS), together = 4; // of a thread, and what it loads at once
	float *first;      // of the tile
	unsigned *tickets; // [1 + lanes]

	METHOD Parts(float *parts, unsigned *tickets) {
		int tile = blockIdx.x * gridDim.y + blockIdx.y;
		first = parts + (long long)tile * gridDim.z * size;
		this->tickets = tickets + tile * (1 + lanes);
	}
	METHOD float *own() { return first + (long long)blockIdx.z * size; }

	// add gives use the sums over count parts that are step apart, four elements
	// at a time.
	template <class F>
	METHOD static void add(const float *from, int count, int step, F use) {
		from += threadIdx.x * 4;
#pragma unroll 1
		for (int turn = 0; turn < turns; turn += together) {
			pack<4> sum[together] = {};
#pragma unroll 4
			for (int j = 0; j < count; j++)
#pragma unroll
				for (int i = 0; i < together; i++) {
					pack<4> v = load<4>(from + ((long long)j * step * size + (turn + i) * THREADS * 4));
#pragma unroll
					for (int e = 0; e < 4; e++) sum[i].v[e] += v.v[e];
				}
#pragma unroll
			for (int i = 0; i < together; i++) use(((turn + i) * THREADS + (int)threadIdx.x) * 4, sum[i]);
		}
	}

	// finish computes dw [rows, columns] += the sum of the parts of the tile that
	// begins at row0 and whose column i is column_of(i) of dw, in the last block that
	// comes here for it. Four columns from a multiple of four on stay together. Of
	// more than 8 parts the last block of i, i+8, i+16, ... adds these up first, so
	// that none has much to read while all wait.
	template <class F>
	METHOD void finish(float *dw, int row0, int rows, int columns, F column_of) {
		int count = gridDim.z, lane = blockIdx.z % lanes, own = (count - lane + lanes - 1) / lanes;
		if (count > lanes) {
			if (!last_of(own, tickets + 1 + lane)) return;
			float *to = first + lane * size;
			add(to, own, lanes, [=](int at, pack<4> sum) INLINE { store<4>(to + at, sum); });
			count = lanes;
		}
		if (!last_of(count, tickets)) return;
		bool inFours = aligned4(dw) && columns % 4 == 0;
		add(first, count, 1, [=](int at, pack<4> sum) INLINE {
			int row = row0 + at / COLUMNS, column = column_of(at % COLUMNS);
			float *to = dw + (row * columns + column);
			if (row >= rows || column >= columns) return;
			if (inFours) {
				pack<4> old = load<4>(to);
#pragma unroll
				for (int e = 0; e < 4; e++) old.v[e] += sum.v[e];
				store<4>(to, old);
				asm volatile(""); // or the compiler divides a store of 16 bytes to share a part of it with the other way
			} else {
#pragma unroll
				for (int e = 0; e < 4; e++)
					if (column + e < columns) to[e] += sum.v[e];
			}
		});
	}
};
