// What is done to activations of bfloat16, beside products and
// normalisation. A training run needs nearly all of it: one module.
#include "gpu.cuh"
#include "half.cuh"
#include "philox.cuh"
#include "ticket.cuh"
typedef bf16 element;
#define NAME(kernel) kernel##_bf16
#include "augment.cuh"
#include "crossentropy.cuh"
#include "dropout.cuh"
#include "elementwise.cuh"
#include "heads.cuh"
#include "layout.cuh"
#include "mix.cuh"
#include "pool2d.cuh"
#include "reduce.cuh"
