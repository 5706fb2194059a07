package kernels

import "sync/atomic"

// A following is the statistics of a convolution's result, summed while that is
// still in the cache of the processor that wrote it: whoever writes the last
// element of a task of the normalisation does the task. Sums are those of
// batchNormStatisticsCPU, in the same order.
type following struct {
	work *batchNormWork // nil: nobody wants statistics
	left []atomic.Int32 // elements of each task that are not there yet
}

// conv2dStatisticsCPU is conv2dCPU and batchNormStatisticsCPU of its result z.
func conv2dStatisticsCPU(p *pool, z, mean, variance, x, w, b []float32, g Conv, n BatchNorm) {
	p.norm = batchNormWork{BatchNorm: n, x: z}
	p.norm.clear(p)
	f := &p.following
	f.begin(&p.norm)
	conv2dCPU(p, z, x, w, b, g)
	f.work = nil
	sum, squares := p.norm.total()
	n.statistics(mean, variance, sum, squares)
}

// begin waits for the elements of w.
func (f *following) begin(w *batchNormWork) {
	f.work, f.left = w, grown(&f.left, w.tasks())
	for task := range f.left {
		lo, hi := w.task(task)
		f.left[task].Store(int32(hi - lo))
	}
}

// wrote tells f that rows lo to hi of so many channels are there, once of each
// element.
func (f *following) wrote(lo, hi, channels int) {
	if f.work == nil {
		return
	}
	rows := f.work.taskRows()
	for task := lo / rows; task*rows < hi; task++ {
		n := (min(hi, (task+1)*rows) - max(lo, task*rows)) * channels
		if f.left[task].Add(int32(-n)) == 0 {
			f.work.sum(task, (*batchNormWork).moments)
		}
	}
}
