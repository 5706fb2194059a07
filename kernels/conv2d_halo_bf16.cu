// The convolutions of 3 x 3 windows whose operands are bfloat16; the
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

#define TILE(size) HALO(bf16_halo_##size, H##size<BF16>, BF16, BF16)
#define LARGE(size) LARGE_HALO(bf16_halo_##size, H##size<BF16>, BF16, BF16)
HALO_TILES(TILE, LARGE)
HALO_WEIGHT(bf16_halo_64x288, W64x288<BF16>, BF16)
