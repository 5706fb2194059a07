#include "gpu.cuh"
#include "half.cuh"
#include "philox.cuh"
typedef float element;
#define NAME(kernel) kernel
#include "dropout.cuh"
