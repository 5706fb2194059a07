// Images of a batch are mixed in pairs. Behind gpu.cuh and half.cuh.
#pragma once

// mix mixes image i of x [n, pixels] with image n-1-i, both in place, as the row
// mixing {weight, share, top, bottom, left, right} says: inside of the box they
// change places, elsewhere each becomes share·own + (1-share)·other. partners[i]
// is labels[n-1-i]. A pixel of an image has c elements, a row w pixels. Each pair
// has pieces blocks of 256 elements.
KERNEL BOUNDS(256) NAME(mix)(element *x, int *partners, const int *labels, const float *mixing, int n, int w, int c, int pixels, int pieces) {
	int i = blockIdx.x / pieces, j = n - 1 - i, k = blockIdx.x % pieces * 256 + threadIdx.x;
	if (k == 0) {
		partners[i] = labels[j];
		partners[j] = labels[i];
	}
	if (i == j || k >= pixels) return;
	float share = mixing[1], rest = 1 - share, row = (float)(k / c / w), column = (float)(k / c % w);
	bool inside = row >= mixing[2] && row < mixing[3] && column >= mixing[4] && column < mixing[5];
	element *own = x + (long long)i * pixels + k, *other = x + (long long)j * pixels + k;
	float a = widen(*own), b = widen(*other);
	store<1>(own, {inside ? b : share * a + rest * b});
	store<1>(other, {inside ? a : share * b + rest * a});
}
