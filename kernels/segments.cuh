// How CUDA blocks walk arenas of parameters: one for each entry of the table
// that NewSegments uploads, 256 threads each. Behind gpu.cuh.
#pragma once

// An entry is {segment, lo, hi, flags}: elements lo to hi of the arenas belong
// to one segment. It is loaded as the int4 that it is.
enum { SCALED = 1, FROZEN = 2, NO_DECAY = 4 };

// width tells a loop body, as a type, how many elements it has.
template <int W>
struct width {
	static constexpr int value = W;
};

// walk calls body(width, i) for packs of elements that make up entry: four at
// a time where all the arenas are aligned, and one by one where they are not
// and at the end. Neighbouring threads have neighbouring packs.
template <class Body, class... Arenas>
DEVICE void walk(int4 entry, Body body, Arenas... arenas) {
	int lo = entry.y, hi = entry.z;
	bool aligned = (aligned4(arenas + lo) && ...);
	int end = aligned ? lo + (hi - lo) / 4 * 4 : lo;
	for (int i = lo + threadIdx.x * 4; i < end; i += 1024) body(width<4>(), i);
	for (int i = end + threadIdx.x; i < hi; i += 256) body(width<1>(), i);
}

// stay sets w = from.
DEVICE void stay(float *w, const float *from, int4 entry) {
	if (w == from) return;
	walk(entry, [=](auto width, int i) { store<decltype(width)::value>(w + i, load<decltype(width)::value>(from + i)); }, w, from);
}
