#include "gpu.cuh"
#include "half.cuh"
typedef float element;
#define NAME(kernel) kernel
#include "heads.cuh"
