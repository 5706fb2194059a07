package kernels

import "fmt"

// Mixing are the elements of a row that tells Mix what to do: the weight of an
// image's own label, the share of its own pixels outside of a box, and the box,
// from row top to bottom-1 and from column left to right-1.
const Mixing = 6

// Mix mixes the images of a batch in pairs, in place: x [n, h, w, c], image i
// with its partner n-1-i. As the row mixing, {weight, share, top, bottom, left,
// right}, says, a pixel becomes
//
//	inside of the box    its partner's
//	elsewhere            share·own + (1-share)·partner's
//
// and partners[i] = labels[n-1-i], both int32 [n]. The middle image of an odd
// number is its own partner and stays as it is. With an empty box this is mixup
// (Zhang et al. 2018), with a share of 1 CutMix (Yun et al. 2019). The row is on
// the device, so that a captured step mixes anew each time it is launched.
func Mix(x, partners, labels, mixing Buffer, h, w, c int) {
	defer x.dev.span("Mix", x, partners, labels, mixing).end()
	pixels, n := h*w*c, labels.n
	if pixels < 1 {
		panic(fmt.Sprintf("kernels: Mix of images %dx%dx%d", h, w, c))
	}
	mustMatch("Mix", activationType(x), n*pixels, x)
	mustMatch("Mix", Int32, n, partners, labels)
	mustMatch("Mix", x.dev.precision, Mixing, mixing)
	mustShare("Mix", x, labels, mixing)
	d := x.dev
	if d.gpu != nil {
		pieces := tiles(pixels, 256)
		d.gpu.launch("mix"+x.dtype.suffix(), blocks((n+1)/2*pieces, 256), again(x), partners, labels, mixing, n, w, c, pixels, pieces)
		return
	}
	for i, label := range i32(labels) {
		i32(partners)[n-1-i] = label
	}
	if x.dtype == Float64 {
		for i := range n / 2 {
			mixRef(f64(x)[i*pixels:(i+1)*pixels], f64(x)[(n-1-i)*pixels:(n-i)*pixels], f64(mixing), w, c)
		}
		return
	}
	pair := func(_, i int) {
		mixRef(f32(x)[i*pixels:(i+1)*pixels], f32(x)[(n-1-i)*pixels:(n-i)*pixels], f32(mixing), w, c)
	}
	if d.isCPU() {
		d.pool.run(n/2, pair)
		return
	}
	for i := range n / 2 {
		pair(0, i)
	}
}

// mixRef is Mix of one pair.
func mixRef[T Float](x, partner, mixing []T, w, c int) {
	share, top, bottom, left, right := mixing[1], mixing[2], mixing[3], mixing[4], mixing[5]
	rest := 1 - share
	for k, a := range x {
		b, row, column := partner[k], T(k/c/w), T(k/c%w)
		if row >= top && row < bottom && column >= left && column < right {
			x[k], partner[k] = b, a
			continue
		}
		x[k], partner[k] = T(share*a)+T(rest*b), T(share*b)+T(rest*a)
	}
}
