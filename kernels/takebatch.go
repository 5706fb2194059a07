package kernels

import "fmt"

// TakeBatch takes the next n samples of a set that lies on the device, in a
// given order, and moves on. With s = order[position[0]+i], for i from 0 to
// n-1:
//
//	images[i] = setImages[s]      labels[i] = setLabels[s]      index[i] = s
//
// and then position[0] += n. images [n, ...] and setImages [samples, ...] are
// uint8, setLabels [samples] too, labels and index [n] are int32, order and
// position [1] also. The position is on the device, so that a captured step
// takes a new batch each time it is launched.
//
// A position that runs past the end of order, or an element of order that is
// no sample, is a bug of the caller and panics; a device that runs PTX takes
// the nearest that there is.
func TakeBatch(images, labels, index, setImages, setLabels, order, position Buffer, n int) {
	defer images.dev.span("TakeBatch", images, labels, index, setImages, setLabels, order, position).end()
	if n < 0 || setLabels.n == 0 || setImages.n%setLabels.n != 0 || order.n == 0 {
		panic(fmt.Sprintf("kernels: TakeBatch of %d samples, from images of %d bytes, %d labels and an order of %d", n, setImages.n, setLabels.n, order.n))
	}
	pixels := setImages.n / setLabels.n
	mustMatch("TakeBatch", Uint8, setImages.n, setImages)
	mustMatch("TakeBatch", Uint8, setLabels.n, setLabels)
	mustMatch("TakeBatch", Int32, order.n, order)
	mustMatch("TakeBatch", Int32, 1, position)
	mustMatch("TakeBatch", Uint8, n*pixels, images)
	mustMatch("TakeBatch", Int32, n, labels, index)
	mustShare("TakeBatch", images, labels, setImages, setLabels, order, position)
	d := images.dev
	if d.gpu != nil {
		pieces := max(tiles(pixels, 4096), 1)
		d.gpu.launch("take_batch", blocks(n*pieces, 256), images, labels, index, setImages, setLabels, order, position,
			setLabels.n, order.n, pixels, pieces)
		Increment(position, n)
		return
	}
	lo := int(i32(position)[0])
	if lo < 0 || lo+n > order.n {
		panic(fmt.Sprintf("kernels: TakeBatch of %d samples at %d of an order of %d", n, lo, order.n))
	}
	take := func(i int) {
		takeSampleRef(u8(images), i32(labels), i32(index), u8(setImages), u8(setLabels), i, i32(order)[lo+i])
	}
	if d.isCPU() {
		d.pool.run(n, func(_, i int) { take(i) })
	} else {
		for i := range n {
			take(i)
		}
	}
	i32(position)[0] += int32(n)
}

// takeSampleRef copies sample s to place i of the batch.
func takeSampleRef(images []uint8, labels, index []int32, setImages, setLabels []uint8, i int, s int32) {
	if s < 0 || int(s) >= len(setLabels) {
		panic(fmt.Sprintf("kernels: TakeBatch of sample %d, want 0 to %d", s, len(setLabels)-1))
	}
	pixels := len(setImages) / len(setLabels)
	copy(images[i*pixels:(i+1)*pixels], setImages[int(s)*pixels:])
	labels[i], index[i] = int32(setLabels[s]), s
}
