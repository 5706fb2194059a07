// How the blocks that share the sums of a weight gradient add them up. Behind
// gpu.cuh and ticket.cuh.
#pragma once

// A block leaves its sums of a tile of dw in memory, its part, where they would lie
// in dw: parts are [gridDim.z, rows, columns], output channels by elements of a
// window, whose number is a multiple of W. Blocks (i, j, ·) share a tile of ROWS x
// COLUMNS. Few parts are added by the last of them; where tickets is null a launch
// behind this one does it.
template <int ROWS, int COLUMNS, int THREADS, int W>
struct Parts {
	static constexpr int turns = ROWS * COLUMNS / (W * THREADS), together = 4; // of a thread, and what it loads at once
	const float *first;
	unsigned *tickets;
	int rows, columns;

	METHOD Parts(const float *parts, unsigned *tickets, int rows, int columns) : first(parts), tickets(tickets), rows(rows), columns(columns) {}
	METHOD long long size() const { return (long long)rows * columns; }

	// add computes dw += the sums over all parts, of W elements at each of these
	// places; -1 is no place.
	METHOD void add(float *dw, const int (&places)[together]) {
		pack<W> sum[together] = {};
		const float *from = first;
#pragma unroll 4
		for (int part = 0; part < gridDim.z; part++, from += size())
#pragma unroll
			for (int i = 0; i < together; i++) {
				if (places[i] < 0) continue;
				pack<W> v = load<W>(from + places[i]);
#pragma unroll
				for (int e = 0; e < W; e++) sum[i].v[e] += v.v[e];
			}
		bool aligned = W == 1 || aligned4(dw);
#pragma unroll
		for (int i = 0; i < together; i++) {
			float *to = dw + places[i];
			if (places[i] < 0) continue;
			if (aligned) {
				pack<W> old = load<W>(to);
#pragma unroll
				for (int e = 0; e < W; e++) old.v[e] += sum[i].v[e];
				store<W>(to, old);
				asm volatile(""); // or the compiler divides a store of 16 bytes to share a part of it with the other way
			} else {
#pragma unroll
				for (int e = 0; e < W; e++) to[e] += sum[i].v[e];
			}
		}
	}

	// finish computes dw += the sum of the parts of the tile that begins at row0, and
	// whose column i is column_of(i) of dw, in the last block that comes here for it. W
	// columns from a multiple of W on stay together.
	template <class F>
	METHOD void finish(float *dw, int row0, F column_of) {
		if (!tickets || !last_of(gridDim.z, tickets + (blockIdx.x * gridDim.y + blockIdx.y))) return;
#pragma unroll 1
		for (int turn = 0; turn < turns; turn += together) {
			int places[together];
#pragma unroll
			for (int i = 0; i < together; i++) {
				int at = ((turn + i) * THREADS + threadIdx.x) * W, row = row0 + at / COLUMNS, column = column_of(at % COLUMNS);
				places[i] = row < rows && column < columns ? row * columns + column : -1;
			}
			add(dw, places);
		}
	}
};
