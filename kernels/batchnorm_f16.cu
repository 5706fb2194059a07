// Batch normalisation of float16.
#include "gpu.cuh"
#include "ticket.cuh"
#include "half.cuh"
#include "moments.cuh"
#define element f16
#define NAME(kernel) kernel##_f16
#include "batchnorm.cuh"
#include "batchnorm_few.cuh"
