// The products of a convolution of 16 bits, for operands that tensor cores cannot
// read.
#include "gpu.cuh"
#include "half.cuh"
#include "ticket.cuh"
#include "conv2d.cuh"
#include "conv2d_parts.cuh"
#include "conv2d_fma.cuh"

CONV2D(scalar_f16, Narrow, 1, f16)
CONV2D(scalar_bf16, Narrow, 1, bf16)
