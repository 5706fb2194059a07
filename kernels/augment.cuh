// Images become the input of a model. Behind gpu.cuh, half.cuh and philox.cuh.
#pragma once

// augment computes channels first to first + 4, or as many as there are, of y
// [n, h, w, c] from images [n, h, w, c]: crop, flip, scale and shift, and a
// square of the side cut that is 0. Each image has pieces blocks of 1024 elements, four for each thread; one thread
// draws for all.
KERNEL BOUNDS(256) NAME(augment)(element *y, const unsigned char *images, const int *index, const int *key, int h, int w, int c, int crop, int flip, int cut,
                           int pieces, int first, float scale0, float scale1, float scale2, float scale3, float shift0, float shift1,
                           float shift2, float shift3) {
	__shared__ int draw[5];                // the way down, the way right, whether it is mirrored; where the square begins
	__shared__ float scales[4], shifts[4]; // an index into arguments would copy them
	int image = blockIdx.x / pieces, k = (blockIdx.x % pieces * 256 + threadIdx.x) * 4, pixels = h * w * c;
	if (threadIdx.x == 0) {
		words r = philox(key[0], index[image], key[1], 0, PURPOSE_AUGMENT);
		unsigned side = 2 * crop + 1;
		draw[0] = (int)(r.w[0] % side) - crop;
		draw[1] = (int)(r.w[1] % side) - crop;
		draw[2] = flip && r.w[2] & 1;
		draw[3] = (int)((r.w[3] & 0xffff) % (unsigned)h) - cut / 2;
		draw[4] = (int)((r.w[3] >> 16) % (unsigned)w) - cut / 2;
		scales[0] = scale0, scales[1] = scale1, scales[2] = scale2, scales[3] = scale3;
		shifts[0] = shift0, shifts[1] = shift1, shifts[2] = shift2, shifts[3] = shift3;
	}
	__syncthreads();
	int down = draw[0], right = draw[1], mirrored = draw[2], top = draw[3], side = draw[4], left = pixels - k;
	if (left <= 0) return;
	const unsigned char *from = images + (long long)image * pixels;
	element *to = y + (long long)image * pixels + k;
	int channel = k % c, column = k / c % w, row = k / c / w;
	pack<4> v;
	bool own[4]; // whether this launch writes it: it has four channels
#pragma unroll
	for (int j = 0; j < 4; j++) {
		int at = (mirrored ? w - 1 - column : column) + right, line = row + down;
		bool inside = line >= 0 && line < h && at >= 0 && at < w;
		float pixel = inside ? from[(line * w + at) * c + channel] : 0;
		int number = channel - first;
		bool hole = (unsigned)(row - top) < (unsigned)cut && (unsigned)(column - side) < (unsigned)cut;
		v.v[j] = hole ? 0 : pixel * scales[number & 3] - shifts[number & 3];
		own[j] = j < left && number >= 0 && number < 4;
		channel = channel + 1 < c ? channel + 1 : 0;
		column += channel == 0;
		row += column == w;
		column = column < w ? column : 0;
	}
	if (c <= 4 && left >= 4 && ((unsigned long long)to & (4 * sizeof(element) - 1)) == 0) {
		store<4>(to, v);
		asm volatile("" ::: "memory"); // else clang joins the last store with that below, and splits this one
		return;
	}
#pragma unroll
	for (int j = 0; j < 4; j++) {
		if (own[j]) store<1>(to + j, {v.v[j]});
	}
}
