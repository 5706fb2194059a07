// The products of a convolution of float16.
#include "gpu.cuh"
#include "ticket.cuh"
#include "moments.cuh"
#include "conv2d.cuh"
#include "conv2d_parts.cuh"
#include "mma.cuh"
#include "conv2d_mma_ends.cuh"
#include "conv2d_input_end.cuh"
#include "conv2d_mma.cuh"

#define TILE(size) \
	CONV2D(f16_##size, T##size<F16>, F16, F16) \
	CONV2D_WEIGHT(f16_##size, T##size<F16>, F16)
#define LARGE(size) \
	LARGE_CONV2D(f16_##size, T##size<F16>, F16, F16) \
	CONV2D_WEIGHT(f16_##size, T##size<F16>, F16)
TILES(TILE, LARGE)
