#include "test.cuh"

typedef unsigned short bf16;

DEVICE void copy16(unsigned to, const void *from, int bytes) {
	asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(to), "l"(from), "r"(bytes) : "memory");
}

DEVICE void matrix4(unsigned *d, unsigned at) {
	asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];" : "=r"(d[0]), "=r"(d[1]), "=r"(d[2]), "=r"(d[3]) : "r"(at) : "memory");
}

DEVICE void matrix2t(unsigned *d, unsigned at) {
	asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];" : "=r"(d[0]), "=r"(d[1]) : "r"(at) : "memory");
}

DEVICE void multiply(float *c, const unsigned *a, const unsigned *b) {
	asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
	             : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
	             : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

extern __shared__ __attribute__((aligned(128))) unsigned char dynamic[];

// c [m, n] = a [m, k] b [k, n] with tiles of 64 x 32 x 32, 128 threads, two
// stages of cp.async. k and n are multiples of 8. Rows are padded by 16 bytes
// against bank conflicts. Needs 2 * 7680 bytes of dynamic shared memory.
KERNEL BOUNDS(128) matmul_bf16(float *c, const bf16 *a, const bf16 *b, int m, int n, int k) {
	const int lda = 40, ldb = 40, stage = (64 * lda + 32 * ldb) * 2;
	int t = threadIdx.x, lane = t % 32, warp = t / 32;
	int row0 = blockIdx.y * 64, col0 = blockIdx.x * 32;
	unsigned base = shared_address(dynamic);
	float acc[4][4] = {};
	auto fetch = [&](int s, int k0) {
		unsigned as = base + s * stage, bs = as + 64 * lda * 2;
		for (int i = t; i < 64 * 4; i += 128) {
			int r = i / 4, j = i % 4 * 8;
			bool in = row0 + r < m && k0 + j < k;
			copy16(as + (r * lda + j) * 2, a + (in ? (row0 + r) * k + k0 + j : 0), in ? 16 : 0);
		}
		int r = t / 4, j = t % 4 * 8;
		bool in = k0 + r < k && col0 + j < n;
		copy16(bs + (r * ldb + j) * 2, b + (in ? (k0 + r) * n + col0 + j : 0), in ? 16 : 0);
		asm volatile("cp.async.commit_group;" ::: "memory");
	};
	fetch(0, 0);
	for (int k0 = 0, s = 0; k0 < k; k0 += 32, s ^= 1) {
		fetch(s ^ 1, k0 + 32);
		asm volatile("cp.async.wait_group 1;" ::: "memory");
		__syncthreads();
		unsigned as = base + s * stage, bs = as + 64 * lda * 2;
		for (int j = 0; j < 32; j += 16) {
			unsigned x[4], y[2];
			matrix4(x, as + ((warp * 16 + lane % 16) * lda + j + lane / 16 * 8) * 2);
			for (int q = 0; q < 4; q++) {
				matrix2t(y, bs + ((j + lane % 16) * ldb + q * 8) * 2);
				multiply(acc[q], x, y);
			}
		}
		__syncthreads();
	}
	for (int q = 0; q < 4; q++)
		for (int h = 0; h < 4; h++) {
			int row = row0 + warp * 16 + lane / 4 + h / 2 * 8, col = col0 + q * 8 + lane % 4 * 2 + h % 2;
			if (row < m && col < n) c[row * n + col] = acc[q][h];
		}
}
