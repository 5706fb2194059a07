// What a card reaches at most: of its memory, of its L2 cache, of multiplications
// on registers alone. Their results serve to see that the work was done.
#include "gpu.cuh"

// ceiling_read adds to sum[t] what thread t reads: one of every so many 16 bytes of
// x, n of them, so many rounds. It reads past the cache of the multiprocessor.
KERNEL BOUNDS(256, 6) ceiling_read(int *sum, const int4 *x, int n, int rounds) {
	int step = gridDim.x * 256, t = blockIdx.x * 256 + threadIdx.x, own = 0;
	for (int round = 0; round < rounds; round++) {
		for (int i = t; i < n; i += 4 * step) {
			int4 v[4];
#pragma unroll
			for (int j = 0; j < 4; j++) {
				v[j] = {0, 0, 0, 0};
				if (i + j * step < n)
					asm volatile("ld.global.cg.v4.b32 {%0,%1,%2,%3}, [%4];" : "=r"(v[j].x), "=r"(v[j].y), "=r"(v[j].z), "=r"(v[j].w) : "l"(x + i + j * step));
			}
#pragma unroll
			for (int j = 0; j < 4; j++) own += v[j].x + v[j].y + v[j].z + v[j].w;
		}
	}
	sum[t] += own;
}

// ceiling_fma repeats c = x[0] c + x[1] for eight c of each thread, which begin
// with 0 to 7, and writes their sum to y.
KERNEL BOUNDS(256) ceiling_fma(float *y, const float *x, int rounds) {
	float a = x[0], b = x[1], c[8], sum = 0;
#pragma unroll
	for (int i = 0; i < 8; i++) c[i] = i;
	for (int round = 0; round < rounds; round++)
#pragma unroll
		for (int i = 0; i < 8; i++) c[i] = fmaf(a, c[i], b);
#pragma unroll
	for (int i = 0; i < 8; i++) sum += c[i];
	y[blockIdx.x * 256 + threadIdx.x] = sum;
}

#define MULTIPLY(form, c, a, b) \
	asm volatile("mma.sync.aligned." form " {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};" \
	             : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]))

// Each warp multiplies two matrices of 16 rows by four of 8 columns, whose words
// are 16 of x for each lane, adds up the products over all rounds, and a thread
// writes the sum of its elements of all eight to y.
#define CEILING_MMA(name, form) \
	KERNEL BOUNDS(256) name(float *y, const int *x, int rounds) { \
		int words[16], lane = threadIdx.x % 32; \
		float c[8][4], sum = 0; \
		_Pragma("unroll") for (int i = 0; i < 16; i++) words[i] = x[i * 32 + lane]; \
		_Pragma("unroll") for (int i = 0; i < 32; i++) c[i / 4][i % 4] = 0; \
		for (int round = 0; round < rounds; round++) { \
			_Pragma("unroll") for (int i = 0; i < 8; i++) { \
				int *a = words + i / 4 * 4, *b = words + 8 + i % 4 * 2; \
				MULTIPLY(form, c[i], a, b); \
			} \
		} \
		_Pragma("unroll") for (int i = 0; i < 32; i++) sum += c[i / 4][i % 4]; \
		y[blockIdx.x * 256 + threadIdx.x] = sum; \
	}

CEILING_MMA(ceiling_f16, "m16n8k16.row.col.f32.f16.f16.f32")
CEILING_MMA(ceiling_tf32, "m16n8k8.row.col.f32.tf32.tf32.f32")
