#include "gpu.cuh"
#include "segments.cuh"

// sgd_step computes, in one block per entry of table,
//
//	d = g + decay·from      momentum = mu·momentum + (1 - dampening)·d
//	w = from - lr·momentum, or, with Nesterov, - lr·(d + mu·momentum)
//
// and w = from - lr·d where momentum is absent; w = from alone if skip[0] is there
// and not 0. w may be from.
KERNEL BOUNDS(256) sgd_step(float *w, const float *from, float *momentum, const float *g, const float *lr, const float *dampening,
                            const int *skip, float mu, float decay, int nesterov, const int4 *table) {
	if (skip && *skip) return stay(w, from, table[blockIdx.x]);
	int4 entry = table[blockIdx.x];
	if (entry.w & NO_DECAY) decay = 0;
	float rate = *lr, fresh = 1 - *dampening;
	walk(entry, [=](auto width, int i) {
		constexpr int W = decltype(width)::value;
		pack<W> weight = load<W>(from + i), d = load<W>(g + i);
#pragma unroll
		for (int j = 0; j < W; j++) d.v[j] += decay * weight.v[j];
		if (momentum) {
			pack<W> m = load<W>(momentum + i);
#pragma unroll
			for (int j = 0; j < W; j++) {
				m.v[j] = mu * m.v[j] + fresh * d.v[j];
				d.v[j] = nesterov ? d.v[j] + mu * m.v[j] : m.v[j];
			}
			store<W>(momentum + i, m);
		}
#pragma unroll
		for (int j = 0; j < W; j++) weight.v[j] -= rate * d.v[j];
		store<W>(w + i, weight);
	}, w, from, momentum ? momentum : w, g);
}
