// Batch normalisation of float32.
#include "gpu.cuh"
#include "ticket.cuh"
#include "half.cuh"
#include "moments.cuh"
#define element float
#define NAME(kernel) kernel
#include "batchnorm.cuh"
#include "batchnorm_few.cuh"
