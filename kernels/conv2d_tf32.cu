// The products of a convolution whose operands are float32 and are rounded to
// TF32 on the way.
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
	CONV2D(tf32_##size, T##size<TF32>, TF32, Float32) \
	CONV2D_WEIGHT(tf32_##size, T##size<TF32>, TF32)
#define LARGE(size) \
	LARGE_CONV2D(tf32_##size, T##size<TF32>, TF32, Float32) \
	CONV2D_WEIGHT(tf32_##size, T##size<TF32>, TF32)
TILES(TILE, LARGE)
