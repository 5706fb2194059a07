// The logits of other heads. Behind gpu.cuh and half.cuh.
#pragma once

// mask_heads sets the elements of logits [n/c, c] to minus infinity that do not
// belong to the head classes of their row's label. A thread each.
KERNEL BOUNDS(256) NAME(mask_heads)(element *logits, const int *labels, int n, int c, int head) {
	int i = blockIdx.x * 256 + threadIdx.x;
	if (i >= n || i % c / head == labels[i / c] / head) return;
	store<1>(logits + i, {__int_as_float(0xff800000)});
}
