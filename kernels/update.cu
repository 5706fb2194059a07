#include "gpu.cuh"
#include "half.cuh"
#include "segments.cuh"

// The kernels of this file run one block per entry of table; arenas are those
// of update.go.

// total adds v of all threads of a block of 256 and leaves it in sums[entry].
DEVICE void total(double *sums, double v) {
	v = block_sum<256>(v);
	if (threadIdx.x == 0) sums[blockIdx.x] = v;
}

// root_of_sums sets norm[0] to the square root of the sum of sums [n]. One block.
KERNEL BOUNDS(1024) root_of_sums(float *norm, const double *sums, int n) {
	double sum = 0;
	for (int i = threadIdx.x; i < n; i += 1024) sum += sums[i];
	sum = block_sum<1024>(sum);
	if (threadIdx.x == 0) *norm = (float)sqrt(sum);
}

// scaled_norm sets sums[entry] to the sum of (T·g)².
KERNEL BOUNDS(256) scaled_norm(double *sums, const float *w, const float *g, float eta, const int4 *table) {
	int4 entry = table[blockIdx.x];
	bool scaled = entry.w & SCALED;
	if (entry.w & FROZEN) entry.z = entry.y;
	double sum = 0;
	walk(entry, [&](auto width, int i) {
		constexpr int W = decltype(width)::value;
		pack<W> v = load<W>(g + i);
		if (scaled) {
			pack<W> weight = load<W>(w + i);
#pragma unroll
			for (int j = 0; j < W; j++) v.v[j] *= fabsf(weight.v[j]) + eta;
		}
#pragma unroll
		for (int j = 0; j < W; j++) sum += (double)v.v[j] * v.v[j];
	}, w, g);
	total(sums, sum);
}

// scaled_distance sets sums[entry] to the sum of ((w - center)/T)².
KERNEL BOUNDS(256) scaled_distance(double *sums, const float *w, const float *center, float eta, const int4 *table) {
	int4 entry = table[blockIdx.x];
	bool scaled = entry.w & SCALED;
	if (entry.w & FROZEN) entry.z = entry.y;
	double sum = 0;
	walk(entry, [&](auto width, int i) {
		constexpr int W = decltype(width)::value;
		pack<W> weight = load<W>(w + i), c = load<W>(center + i);
#pragma unroll
		for (int j = 0; j < W; j++) {
			double v = weight.v[j] - c.v[j];
			if (scaled) {
				double t = fabsf(c.v[j]) + eta;
				v = t == 0 ? 0 : v / t;
			}
			sum += v * v;
		}
	}, w, center);
	total(sums, sum);
}

// climb computes w += rho/(norm + 1e-16) · T²·g and, where there is one,
// rounded = w, in frozen segments too.
template <class T>
DEVICE void climb(float *w, T *rounded, const float *g, const float *norm, const float *rho, float eta, int4 entry) {
	bool scaled = entry.w & SCALED, frozen = entry.w & FROZEN;
	if (frozen && !rounded) return;
	float factor = *rho / (*norm + 1e-16f);
	walk(entry, [=](auto width, int i) {
		constexpr int W = decltype(width)::value;
		pack<W> weight = load<W>(w + i);
		if (!frozen) {
			pack<W> v = load<W>(g + i);
#pragma unroll
			for (int j = 0; j < W; j++) {
				float t = scaled ? fabsf(weight.v[j]) + eta : 1;
				weight.v[j] += factor * (v.v[j] * (t * t));
			}
			store<W>(w + i, weight);
		}
		if (rounded) store<W>(rounded + i, weight);
	}, w, g, rounded);
}
KERNEL BOUNDS(256) ascend(float *w, const float *g, const float *norm, const float *rho, float eta, const int4 *table) {
	climb(w, (float *)0, g, norm, rho, eta, table[blockIdx.x]);
}
KERNEL BOUNDS(256) ascend_f16(float *w, f16 *rounded, const float *g, const float *norm, const float *rho, float eta, const int4 *table) {
	climb(w, rounded, g, norm, rho, eta, table[blockIdx.x]);
}
KERNEL BOUNDS(256) ascend_bf16(float *w, bf16 *rounded, const float *g, const float *norm, const float *rho, float eta, const int4 *table) {
	climb(w, rounded, g, norm, rho, eta, table[blockIdx.x]);
}

// lerp sets w = a + s·(b - a), and w = b if s is 1.
DEVICE void lerp(float *w, const float *a, const float *b, float s, int4 entry) {
	if (s == 1 && w == b) return;
	walk(entry, [=](auto width, int i) {
		constexpr int W = decltype(width)::value;
		pack<W> y = load<W>(b + i);
		if (s != 1) {
			pack<W> x = load<W>(a + i);
#pragma unroll
			for (int j = 0; j < W; j++) y.v[j] = x.v[j] + s * (y.v[j] - x.v[j]);
		}
		store<W>(w + i, y);
	}, w, a, b);
}

// project sets w = center + min(1, rho/(distance + 1e-16))·(w - center).
KERNEL BOUNDS(256) project(float *w, const float *center, const float *distance, const float *rho, const int4 *table) {
	float factor = *rho / (*distance + 1e-16f);
	lerp(w, center, w, factor > 1 ? 1 : factor, table[blockIdx.x]); // NaN stays
}

// interpolate sets w = slow + alpha[segment]·(fast - slow).
KERNEL BOUNDS(256) interpolate(float *w, const float *slow, const float *fast, const float *alpha, const int4 *table) {
	int4 entry = table[blockIdx.x];
	lerp(w, slow, fast, alpha[entry.x], entry);
}

// clip_norm computes g *= min(1, limit/(norm + 1e-6)).
KERNEL BOUNDS(256) clip_norm(float *g, const float *norm, float limit, const int4 *table) {
	float factor = limit / (*norm + 1e-6f);
	if (factor >= 1) return;
	walk(table[blockIdx.x], [=](auto width, int i) {
		constexpr int W = decltype(width)::value;
		pack<W> v = load<W>(g + i);
#pragma unroll
		for (int j = 0; j < W; j++) v.v[j] *= factor;
		store<W>(g + i, v);
	}, g);
}

// displacements sets sums [3, entries] to the sums u·u, v·v and u·v, with u =
// first - slow and v = fast - slow.
KERNEL BOUNDS(256) displacements(double *sums, const float *slow, const float *first, const float *fast, const int4 *table) {
	double uu = 0, vv = 0, uv = 0;
	walk(table[blockIdx.x], [&](auto width, int i) {
		constexpr int W = decltype(width)::value;
		pack<W> w = load<W>(slow + i), a = load<W>(first + i), b = load<W>(fast + i);
#pragma unroll
		for (int j = 0; j < W; j++) {
			double u = a.v[j] - w.v[j], v = b.v[j] - w.v[j];
			uu += u * u;
			vv += v * v;
			uv += u * v;
		}
	}, slow, first, fast);
	total(sums, uu);
	total(sums + gridDim.x, vv);
	total(sums + 2 * gridDim.x, uv);
}

// alignment sets alpha[i] to (1 + cos)/2 of the angle between the displacements
// of segment i, whose entries in sums [3, entries] are starts[i] to
// starts[i+1]. One block for each of n segments; if one block alone is
// launched, its angle is that of all segments and goes to all of them.
KERNEL BOUNDS(128) alignment(float *alpha, const double *sums, const int *starts, int n, int entries) {
	int first = blockIdx.x, last = gridDim.x == 1 ? n : first + 1;
	double s[3] = {};
	for (int i = starts[first] + threadIdx.x; i < starts[last]; i += 128) {
		s[0] += sums[i];
		s[1] += sums[entries + i];
		s[2] += sums[2 * entries + i];
	}
	double u = sqrt(block_sum<128>(s[0])), v = sqrt(block_sum<128>(s[1])), cos = block_sum<128>(s[2]);
	u = u < 1e-8 ? 1e-8 : u; // NaN stays, and below
	v = v < 1e-8 ? 1e-8 : v;
	cos /= u * v;
	cos = cos < -1 ? -1 : cos;
	cos = cos > 1 ? 1 : cos;
	for (int i = first + threadIdx.x; i < last; i += 128) alpha[i] = (float)((1 + cos) / 2);
}

// least returns the smaller of two numbers, NaN if one is.
DEVICE float least(float a, float b) { return b < a || b != b ? b : a; }

// summary sets out[0..2] to the smallest, the mean and the largest of x [n].
// One block.
KERNEL BOUNDS(256) summary(float *out, const float *x, int n) {
	const float inf = __int_as_float(0x7f800000);
	__shared__ float smallest[8], largest[8]; // the latter negative
	float low = inf, high = inf;
	double sum = 0;
	for (int i = threadIdx.x; i < n; i += 256) {
		low = least(low, x[i]);
		high = least(high, -x[i]);
		sum += x[i];
	}
#pragma unroll
	for (int i = 16; i; i /= 2) {
		low = least(low, __shfl_xor_sync(ALL, low, i));
		high = least(high, __shfl_xor_sync(ALL, high, i));
	}
	if (threadIdx.x % 32 == 0) {
		smallest[threadIdx.x / 32] = low;
		largest[threadIdx.x / 32] = high;
	}
	sum = block_sum<256>(sum); // and a barrier
	if (threadIdx.x > 0) return;
#pragma unroll
	for (int i = 1; i < 8; i++) {
		low = least(low, smallest[i]);
		high = least(high, largest[i]);
	}
	out[0] = low;
	out[1] = (float)(sum / n);
	out[2] = -high;
}
