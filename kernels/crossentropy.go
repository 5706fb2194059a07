package kernels

import (
	"fmt"
	"math"
)

// CrossEntropy sets loss[0] to the mean over the batch of the cross-entropy
// of softmax(logits), for logits [n, c] and int32 labels [n], and dlogits
// [n, c] to its gradient, which is float32 where logits have 16 bits. With label
// smoothing s the wanted distribution is q = (1-s)·onehot(label) + s/c:
//
//	loss = -1/n · sum of q·log softmax(logits)      dlogits = (softmax(logits) - q)/n
//
// A label out of range is a bug of the caller and panics; on a device that
// runs PTX it makes loss and its row of dlogits NaN.
func CrossEntropy(loss, dlogits, logits, labels Buffer, c int, smoothing float64) {
	MixedCrossEntropy(loss, dlogits, logits, labels, Buffer{}, Buffer{}, c, smoothing)
}

// MixedCrossEntropy is CrossEntropy of rows with two labels each, whose parts of
// the wanted distribution are weight[0] and 1 - weight[0]:
//
//	q = (1-s)·(weight·onehot(label) + (1-weight)·onehot(other)) + s/c
//
// for labels and others [n], int32. The loss is weight·CrossEntropy of the ones
// + (1-weight)·CrossEntropy of the others. others and weight may be absent,
// both.
func MixedCrossEntropy(loss, dlogits, logits, labels, others, weight Buffer, c int, smoothing float64) {
	defer loss.dev.span("CrossEntropy", loss, dlogits, logits, labels, others, weight).end()
	checkLogits("CrossEntropy", loss, logits, labels, c)
	mustMatch("CrossEntropy", Int32, labels.n, others)
	mustMatch("CrossEntropy", logits.dev.precision, 1, weight)
	mustShare("CrossEntropy", logits, others, weight)
	if others.IsNil() != weight.IsNil() {
		panic("kernels: CrossEntropy of other labels without a weight, or the other way round")
	}
	mustMatch("CrossEntropy", logits.dev.precision, logits.n, dlogits)
	mustShare("CrossEntropy", logits, dlogits)
	if logits.n == 0 {
		panic("kernels: CrossEntropy of no rows, whose mean is undefined")
	}
	if logits.dev.gpu != nil {
		n := labels.n
		losses, ticket := logits.dev.sums(n), logits.dev.tickets(1)
		logits.dev.gpu.launch("cross_entropy"+logits.dtype.suffix(), rowWarps(n), loss, dlogits, logits, labels, others, weight, losses, ticket, n, c, smoothing)
		return
	}
	if logits.dtype == Float64 {
		crossEntropyRef(f64(loss), f64(dlogits), f64(logits), i32(labels), i32(others), f64(weight), c, smoothing)
		return
	}
	crossEntropyRef(f32(loss), f32(dlogits), f32(logits), i32(labels), i32(others), f32(weight), c, smoothing)
}

// CountCorrect sets count[0] to the number of rows of logits [n, c] whose
// largest element, the first of equals, is at the label. A NaN is never right.
func CountCorrect(count, logits, labels Buffer, c int) {
	defer count.dev.span("CountCorrect", count, logits, labels).end()
	checkLogits("CountCorrect", count, logits, labels, c)
	if logits.dev.gpu != nil {
		n := labels.n
		hits, ticket := logits.dev.sums(n), logits.dev.tickets(1)
		logits.dev.gpu.launch("count_correct"+logits.dtype.suffix(), rowWarps(max(n, 1)), count, logits, labels, hits, ticket, n, c)
		return
	}
	if logits.dtype == Float64 {
		f64(count)[0] = float64(countCorrectRef(f64(logits), i32(labels), c))
		return
	}
	f32(count)[0] = float32(countCorrectRef(f32(logits), i32(labels), c))
}

// rowWarps is a warp for each of n rows, in blocks of four.
func rowWarps(n int) size { return blocks(tiles(n, 4), 128) }

// checkLogits checks what CrossEntropy and CountCorrect share: logits [n, c],
// labels [n] and one number.
func checkLogits(op string, number, logits, labels Buffer, c int) {
	if c < 1 || logits.n%c != 0 {
		panic(fmt.Sprintf("kernels: %s of %d logits in rows of %d", op, logits.n, c))
	}
	mustMatch(op, activationType(logits), logits.n, logits)
	mustMatch(op, logits.dev.precision, 1, number)
	mustMatch(op, Int32, logits.n/c, labels)
	mustShare(op, logits, number, labels)
}

// crossEntropyRef is the reference for MixedCrossEntropy. The row maximum is
// subtracted, so that no exponential overflows.
func crossEntropyRef[T Float](loss, dlogits, logits []T, labels, others []int32, weight []T, c int, smoothing float64) {
	n := len(labels)
	total, on, off := 0.0, 1-smoothing, 0.0
	if others != nil {
		off = on * (1 - float64(weight[0]))
		on *= float64(weight[0])
	}
	for i, label := range labels {
		other := label
		if others != nil {
			other = others[i]
		}
		if min(label, other) < 0 || int(max(label, other)) >= c {
			panic(fmt.Sprintf("kernels: CrossEntropy: labels %d and %d of row %d, want 0 to %d", label, other, i, c-1))
		}
		row, drow := logits[i*c:(i+1)*c], dlogits[i*c:(i+1)*c]
		lse := logSumExp(row)
		for j, v := range row {
			q := smoothing / float64(c)
			if int(label) == j {
				q += on
			}
			if int(other) == j {
				q += off
			}
			log := float64(v) - lse
			if q != 0 { // 0·log 0 is 0
				total -= float64(q * log)
			}
			drow[j] = T((math.Exp(log) - q) / float64(n))
		}
	}
	loss[0] = T(total / float64(n))
}

// logSumExp is log(sum of exp(row)).
func logSumExp[T Float](row []T) float64 {
	largest := math.Inf(-1)
	for _, v := range row {
		largest = math.Max(largest, float64(v))
	}
	sum := 0.0
	for _, v := range row {
		sum += math.Exp(float64(v) - largest)
	}
	return largest + math.Log(sum)
}

// countCorrectRef is the reference for CountCorrect.
func countCorrectRef[T Float](logits []T, labels []int32, c int) (count int) {
	for i, label := range labels {
		row := logits[i*c : (i+1)*c]
		best := 0
		for j, v := range row {
			if v > row[best] || row[best] != row[best] {
				best = j
			}
		}
		if best == int(label) && row[best] == row[best] {
			count++
		}
	}
	return count
}
