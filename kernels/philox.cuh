// Random numbers that depend on a key and a counter alone: Philox4x32-10, as
// package internal/rng has it. Behind gpu.cuh.
#pragma once

// The purposes of random numbers, those of internal/rng.
enum { PURPOSE_AUGMENT = 0, PURPOSE_DROPOUT = 5 };

struct words {
	unsigned w[4];
};

// philox returns the block of four words of counter {n, a, b, purpose} under
// the key {seed, 0}.
DEVICE words philox(unsigned seed, unsigned n, unsigned a, unsigned b, unsigned purpose) {
	const unsigned multiplier0 = 0xD2511F53, multiplier1 = 0xCD9E8D57;
	unsigned key0 = seed, key1 = 0;
	words c = {{n, a, b, purpose}};
#pragma unroll
	for (int round = 0; round < 10; round++) {
		unsigned high0 = __umulhi(multiplier0, c.w[0]), low0 = multiplier0 * c.w[0];
		unsigned high1 = __umulhi(multiplier1, c.w[2]), low1 = multiplier1 * c.w[2];
		c = {{high1 ^ c.w[1] ^ key0, low1, high0 ^ c.w[3] ^ key1, low0}};
		key0 += 0x9E3779B9;
		key1 += 0xBB67AE85;
	}
	return c;
}
