// Batch normalisation of bfloat16.
#include "gpu.cuh"
#include "ticket.cuh"
#include "half.cuh"
#include "moments.cuh"
#define element bf16
#define NAME(kernel) kernel##_bf16
#include "batchnorm.cuh"
#include "batchnorm_few.cuh"
