#include "gpu.cuh"

DEVICE int clamp(int i, int n) { return i < 0 ? 0 : i < n ? i : n - 1; }

// take_batch copies sample s = order[position[0] + i] of the set, pixels bytes
// of setImages and one of setLabels, to row i of images, to labels[i] and s
// itself to index[i]. Each row has pieces blocks of 4096 bytes, sixteen for
// each thread. What lies outside of order [ordered] or of the set [samples] is
// read at the nearest place within.
KERNEL BOUNDS(256) take_batch(unsigned char *images, int *labels, int *index, const unsigned char *setImages, const unsigned char *setLabels,
                              const int *order, const int *position, int samples, int ordered, int pixels, int pieces) {
	int i = blockIdx.x / pieces, piece = blockIdx.x % pieces, at = (unsigned)*position + i;
	int s = clamp(order[clamp(at, ordered)], samples);
	if (piece == 0 && threadIdx.x == 0) {
		labels[i] = setLabels[s];
		index[i] = s;
	}
	unsigned char *to = images + (long long)i * pixels;
	const unsigned char *from = setImages + (long long)s * pixels;
	int lo = piece * 4096, hi = pixels - lo < 4096 ? pixels : lo + 4096;
	int end = aligned4(to) && aligned4(from) ? lo + (hi - lo) / 16 * 16 : lo;
	for (int k = lo + threadIdx.x * 16; k < end; k += 4096) store4((float *)(to + k), load4((const float *)(from + k)));
	for (int k = end + threadIdx.x; k < hi; k += 256) to[k] = from[k];
}
