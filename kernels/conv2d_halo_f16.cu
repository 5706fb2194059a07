// The convolutions of 3 x 3 windows whose operands are float16; the
// results are too, or float32 where they are gradients of weights.
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

#define TILE(size) HALO(f16_halo_##size, H##size<F16>, F16, F16)
#define LARGE(size) LARGE_HALO(f16_halo_##size, H##size<F16>, F16, F16)
HALO_TILES(TILE, LARGE)
HALO_WEIGHT(f16_halo_64x288, W64x288<F16>, F16)
