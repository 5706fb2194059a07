#include "gpu.cuh"
#include "half.cuh"
#include "ticket.cuh"
typedef float element;
#define NAME(kernel) kernel
#include "reduce.cuh"
