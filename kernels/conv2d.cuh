// The operands of the three products of a convolution, each one matrix product
//
//	C[m, n] = sum over k of A[m, k] B[n, k]
//
// whose operands are gathered from the images on the way to shared memory
// (implicit GEMM). Behind gpu.cuh.
//
// An operand knows where its elements are. How a block shares them out among
// its threads and how they lie in shared memory is its base's, A here:
//
//	A::element        what it is in global memory
//	A::slab           how far the block goes along k at a time
//	row, k            the first element of a thread, which has rows elements
//	                  rowStep apart, and at each ks of them, kStep apart along k
//	take(i, j, ok, to, from)
//	                  begins to bring what is at from for element (i, j), or
//	                  zeros, and those that follow it
#pragma once

#define METHOD __device__ __forceinline__

// Conv is the geometry, the struct of the same name in Go.
struct Conv {
	int n, h, w, c, oc, kh, kw, stride, pad, oh, ow;
};

DEVICE int tiles(int n, int size) { return (n + size - 1) / size; }

// ---- The way along k. All threads of a block go it together, in steps of K:
// what follows from it is the same for all of them.

// Taps goes along the rows p and columns q of a window, and with each (p, q)
// along e < span, its elements. A span that K does not divide ends with zeros,
// and so does everything.
template <int K>
struct Taps {
	int rows, columns, span;
	int p, q, e;
	int room; // elements of the span from e on

	METHOD Taps(int rows, int columns, int span)
		: rows(rows), columns(columns), span(span), p(0), q(0), e(0), room(rows * columns > 0 ? span : 0) {}
	METHOD int slabs() { return rows * columns * tiles(span, K); }
	METHOD int at() const { return (p * columns + q) * span + e; } // in an array of all of them
	METHOD void next() {
		e += K;
		if (e >= span) e = 0, q++;
		if (q >= columns) q = 0, p++;
		room = p < rows ? span - e : 0;
	}
};

// Pixels goes along the pixels from first to end.
template <int K>
struct Pixels {
	int room;

	METHOD Pixels(int first, int end) : room(end - first) {}
	METHOD int slabs() { return tiles(room, K); }
	METHOD void next() { room -= K; }
};

// ---- The operands. fetch() begins to bring the thread's share of the next
// slab, with zeros where there is nothing.

// Windows has for rows windows of images of the given height, the rows of which
// have width elements, and goes along their taps. A tap and its e are the same
// distance from the corner of every window, so that the padding is a matter of
// two comparisons and nothing is divided.
template <class A>
struct Windows : A {
	typedef typename A::element element;
	const element *x;
	int height, width, channels;
	int top[A::rows], left[A::rows], corner[A::rows];

	METHOD Windows(const A &a, const element *x, int height, int width, int channels)
		: A(a), x(x), height(height), width(width * channels), channels(channels) {}

	// place sets where the window of row i begins: image, row and column there.
	// Without it there is no such row.
	METHOD void place(int i, int image, int h, int v, bool ok) {
		top[i] = ok ? h : -(1 << 30), left[i] = v * channels + A::k;
		corner[i] = (image * height + h) * width + left[i];
	}
	template <class To>
	METHOD void fetch(const Taps<A::slab> &t, To to) {
		int right = t.q * channels + t.e, at = t.p * width + right;
#pragma unroll
		for (int i = 0; i < A::rows; i++) {
			bool inside = (unsigned)(top[i] + t.p) < (unsigned)height;
			const element *from = x + (corner[i] + at);
#pragma unroll
			for (int j = 0; j < A::ks; j++) {
				bool ok = inside & ((unsigned)(left[i] + right + j * A::kStep) < (unsigned)width) & (A::k + j * A::kStep < t.room);
				A::take(i, j, ok, to, from + j * A::kStep);
			}
		}
	}
};

// Filters has for rows the output channels of w [rows, kh, kw c].
template <class A>
struct Filters : A {
	typedef typename A::element element;
	const element *w;
	int length, left;

	METHOD Filters(const A &a, const element *w, int row0, int rows, int length)
		: A(a), w(w + ((row0 + A::row) * length + A::k)), length(length), left(rows - row0 - A::row) {}
	template <class Way, class To>
	METHOD void fetch(const Way &t, To to) {
		const element *from = w + t.at();
#pragma unroll
		for (int i = 0; i < A::rows; i++)
#pragma unroll
			for (int j = 0; j < A::ks; j++) {
				bool ok = (i * A::rowStep < left) & (A::k + j * A::kStep < t.room);
				A::take(i, j, ok, to, from + (i * A::rowStep * length + j * A::kStep));
			}
	}
};

// TurnedFilters has for rows the input channels of w [oc, kh, kw, c], and goes
// along taps that begin with first, an offset in w, and are down and right from
// each other; e are the output channels.
template <class A>
struct TurnedFilters : A {
	typedef typename A::element element;
	const element *w;
	int filter, down, right, left;

	METHOD TurnedFilters(const A &a, const element *w, int row0, int rows, int filter, int first, int down, int right)
		: A(a), w(w + (first + A::k * filter + row0 + A::row)), filter(filter), down(down), right(right), left(rows - row0 - A::row) {}
	template <class Way, class To>
	METHOD void fetch(const Way &t, To to) {
		const element *from = w + (t.e * filter + t.p * down + t.q * right);
#pragma unroll
		for (int j = 0; j < A::ks; j++)
#pragma unroll
			for (int i = 0; i < A::rows; i++) {
				bool ok = (i * A::rowStep < left) & (A::k + j * A::kStep < t.room);
				A::take(i, j, ok, to, from + (j * A::kStep * filter + i * A::rowStep));
			}
	}
};

// Channels has for rows the channels of dy [pixels, channels].
template <class A>
struct Channels : A {
	typedef typename A::element element;
	const element *dy;
	int channels, left;

	METHOD Channels(const A &a, const element *dy, int row0, int channels, int first)
		: A(a), dy(dy + ((first + A::k) * channels + row0 + A::row)), channels(channels), left(channels - row0 - A::row) {}
	template <class To>
	METHOD void fetch(const Pixels<A::slab> &t, To to) {
#pragma unroll
		for (int j = 0; j < A::ks; j++)
#pragma unroll
			for (int i = 0; i < A::rows; i++) {
				bool ok = (i * A::rowStep < left) & (A::k + j * A::kStep < t.room);
				A::take(i, j, ok, to, dy + (j * A::kStep * channels + i * A::rowStep));
			}
		dy += A::slab * channels;
	}
};

// Steps is how far a slab of pixels is in x: images, in elements, rows and
// columns.
struct Steps {
	int image, h, v;
};

// Patches has for rows the elements (p, q, c) of a window: what each pixel of y
// sees of x under that element.
template <class A>
struct Patches : A {
	typedef typename A::element element;
	const element *x;
	int height, width, channels, stride;
	int p[A::rows], q[A::rows], under[A::rows]; // of the element, from the pixel's place
	int h[A::ks], v[A::ks], image[A::ks];       // of the pixel: its place in x
	Steps step;
	int endH, endV, size;

	METHOD Patches(const A &a, const element *x, int row0, int first, Steps step, Conv g)
		: A(a), x(x), height(g.h), width(g.w), channels(g.c), stride(g.stride), step(step),
		  endH(g.oh * g.stride), endV(g.ow * g.stride), size(g.h * g.w * g.c) {
#pragma unroll
		for (int i = 0; i < A::rows; i++) {
			int row = row0 + A::row + i * A::rowStep, c = row % g.c, tap = row / g.c;
			p[i] = tap / g.kw - g.pad, q[i] = tap % g.kw - g.pad;
			under[i] = (p[i] * g.w + q[i]) * g.c + c;
			if (tap >= g.kh * g.kw) p[i] = -(1 << 30); // no such element: nothing to read
		}
#pragma unroll
		for (int j = 0; j < A::ks; j++) {
			int pixel = first + A::k + j * A::kStep;
			v[j] = pixel % g.ow * stride, h[j] = pixel / g.ow % g.oh * stride, image[j] = pixel / g.ow / g.oh * size;
		}
	}
	template <class To>
	METHOD void fetch(const Pixels<A::slab> &t, To to) {
#pragma unroll
		for (int j = 0; j < A::ks; j++) {
			int at = image[j] + (h[j] * width + v[j]) * channels;
			bool inside = A::k + j * A::kStep < t.room;
#pragma unroll
			for (int i = 0; i < A::rows; i++) {
				bool ok = inside & ((unsigned)(h[j] + p[i]) < (unsigned)height) & ((unsigned)(v[j] + q[i]) < (unsigned)width);
				A::take(i, j, ok, to, x + (at + under[i]));
			}
			h[j] += step.h, v[j] += step.v, image[j] += step.image;
			if (v[j] >= endV) v[j] -= endV, h[j] += stride;
			if (h[j] >= endH) h[j] -= endH, image[j] += size;
		}
	}
};

// ---- The gradient of the input, by phase: h + pad and v + pad modulo the
// stride tell which taps reach pixel (h, v) of x, every stride-th one, and in one
// phase it is a convolution of stride 1 with these taps, last to first.

// Phases is how often the stride goes into sizes, and what is left.
struct Phases {
	int h, hLeft, w, wLeft;     // of h - 1 and w - 1
	int kh, khLeft, kw, kwLeft; // of kh - 1 and kw - 1
	int pad, padLeft;
	unsigned inverse; // of the stride, times 2^32
};

// Phase is one of them. What all threads share is found without division, so
// that the compiler sees that they share it.
struct Phase {
	int s, p, q;        // stride and first tap
	int h0, v0, i0, j0; // the first pixel, and where dy has its first tap
	int hs, vs;         // number of pixels
	int hTaps, vTaps;   // and of taps

	METHOD Phase(int z, Phases f, int stride) : s(stride) {
		p = __umulhi(z, f.inverse), q = z - p * s;
		h0 = p - f.padLeft, v0 = q - f.padLeft, i0 = f.pad, j0 = f.pad;
		if (h0 < 0) h0 += s, i0++;
		if (v0 < 0) v0 += s, j0++;
		hs = f.h + (h0 <= f.hLeft), vs = f.w + (v0 <= f.wLeft);
		hTaps = f.kh + (p <= f.khLeft), vTaps = f.kw + (q <= f.kwLeft);
	}
};
