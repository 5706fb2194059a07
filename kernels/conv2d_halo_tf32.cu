// The convolutions of 3 x 3 windows whose operands are float32 and are rounded
// to TF32 on the way.
#include "gpu.cuh"
#include "ticket.cuh"
#include "moments.cuh"
#include "conv2d.cuh"
#include "conv2d_parts.cuh"
#include "mma.cuh"
#include "conv2d_mma_ends.cuh"
#include "conv2d_input_end.cuh"
#include "conv2d_mma.cuh"
#include "conv2d_halo.cuh"
#include "conv2d_halo_weight.cuh"

#define TILE(size) HALO(tf32_halo_##size, H##size<TF32>, TF32, Float32)
#define LARGE(size) LARGE_HALO(tf32_halo_##size, H##size<TF32>, TF32, Float32)
HALO_TILES(TILE, LARGE)
HALO_WEIGHT(tf32_halo_64x288, W64x288<TF32>, TF32)
