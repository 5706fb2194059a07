// The products of a convolution of float32.
#include "gpu.cuh"
#include "half.cuh"
#include "ticket.cuh"
#include "conv2d.cuh"
#include "conv2d_parts.cuh"
#include "conv2d_fma.cuh"

CONV2D(large, Large, 4, float)
CONV2D(medium, Medium, 4, float)
CONV2D(small, Small, 4, float)
CONV2D(scalar, Scalar, 1, float)
