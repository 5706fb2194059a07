package kernels

import (
	"fmt"
	"math"
)

// batchNormTrials are those of batch normalisation, without sums in the end
// that grow with the rows.
func batchNormTrials() (all []*trial) {
	long := false
	try := func(name string, tolerance float64, run func(r rig) []Buffer) {
		all = append(all, &trial{concept: "batchnorm", name: name, long: long, atol: tolerance, rtol: tolerance, run: run})
	}
	statistics := func(g BatchNorm, times, arrays int) {
		try(fmt.Sprintf("Statistics %+v %d", g, times), 1e-5, func(r rig) (out []Buffer) {
			shiftings(r, arrays, func(at func(int, Buffer) Buffer) {
				c, run := drawBN(r, g, false), runningBN(r, g, times)
				BatchNormStatistics(c.mean, c.variance, at(0, c.x), run, g)
				out = append(out, c.mean, c.variance, run.Mean, run.Var, run.Count)
			})
			return out
		})
	}
	train := func(g BatchNorm, times int, addend bool) {
		try(fmt.Sprintf("Train %+v %d, addend %v", g, times, addend), 1e-5, func(r rig) []Buffer {
			c, run := drawBN(r, g, addend), runningBN(r, g, times)
			BatchNormTrain(c.y, c.mean, c.variance, c.x, c.add, c.gamma, c.beta, run, g)
			return []Buffer{c.y, c.mean, c.variance, run.Mean, run.Var, run.Count}
		})
	}
	apply := func(g BatchNorm, addend bool, arrays int) {
		try(fmt.Sprintf("Apply %+v, addend %v", g, addend), 0, func(r rig) (out []Buffer) {
			shiftings(r, arrays, func(at func(int, Buffer) Buffer) {
				c := drawBN(r, g, addend)
				c.x, c.y = at(0, c.x), at(1, c.y)
				if addend {
					c.add = at(2, c.add)
				}
				c.forward(false)
				out = append(out, c.y)
			})
			return out
		})
	}
	backward := func(g BatchNorm, train, parts bool, arrays int) {
		try(fmt.Sprintf("Backward %+v, training %v, parts %v", g, train, parts), 1e-5, func(r rig) (out []Buffer) {
			shiftings(r, arrays, func(at func(int, Buffer) Buffer) {
				c := drawBN(r, g, false)
				c.y, c.dx, c.dy, c.x = at(0, c.y), at(1, c.dx), at(2, c.dy), at(3, c.x)
				if parts {
					c.more = at(4, r.floats(normals(9, c.dy.n)...))
				}
				c.backward(train)
				out = append(out, c.dx, c.dy, meansBN(r, c.dgam, g.Rows), meansBN(r, c.dbet, g.Rows))
			})
			return out
		})
	}
	alone := func(g BatchNorm, arrays int) {
		try(fmt.Sprintf("Backward of the ReLU that x knows, %+v", g), 1e-5, func(r rig) (out []Buffer) {
			shiftings(r, arrays, func(at func(int, Buffer) Buffer) {
				c := drawBN(r, g, false)
				c.forward(false)
				c.x, c.dx, c.dy, c.alone = at(0, c.x), at(1, c.dx), at(2, c.dy), true
				c.backward(true)
				out = append(out, c.dx, meansBN(r, c.dgam, g.Rows), meansBN(r, c.dbet, g.Rows))
			})
			return out
		})
	}
	for i, s := range [][2]int{{430, 20}, {130, 17}, {130, 132}, {123, 33}, {2062, 20}} { // packs, single channels, groups; slices
		arrays := []int{5, 0, 1, 0, 0}[i]
		for _, relu := range []bool{false, true} {
			g := BatchNorm{Rows: s[0], C: s[1], Eps: 1e-5, ReLU: relu}
			if !relu {
				statistics(g, 1, min(arrays, 1))
			}
			for _, option := range []bool{false, true} {
				train(g, 1, option)
				apply(g, option, min(arrays, 3))
				backward(g, option, relu, arrays)
				backward(g, option, !relu, 0)
			}
			if relu {
				alone(g, min(arrays, 3))
			}
		}
	}
	for _, rows := range []int{30, 50, 60, 110, 160, 270, 370} { // what is left of runs
		for _, c := range []int{17, 20} {
			g := BatchNorm{Rows: rows, C: c, Eps: 1e-5, ReLU: true}
			statistics(g, 0, 1)
			train(g, 0, false)
			apply(g, false, 1)
			backward(g, true, false, 1)
			backward(g, false, false, 1)
			alone(g, 2)
		}
	}
	alone(BatchNorm{Rows: 5*408 + 3*51, C: 20, Eps: 1e-5, ReLU: true}, 0) // slices, too many for the kernel of few; three rows of each of 51 threads are left
	for _, times := range []int{2, 8, 9, 17} {
		statistics(BatchNorm{Rows: 33, C: 17}, times, 0)
		train(BatchNorm{Rows: 33, C: 20, Eps: 1e-5}, times, false)
	}
	for _, c := range []int{17, 20} {
		g := BatchNorm{Rows: 430, C: c, Eps: 1e-5}
		try(fmt.Sprintf("Statistics of a large mean %+v", g), 1e-5, func(r rig) (out []Buffer) {
			shiftings(r, 1, func(at func(int, Buffer) Buffer) {
				c := newBNCase(r, g, false, 1e4, 1)
				BatchNormStatistics(c.mean, c.variance, at(0, c.x), BatchNormRunning{}, g)
				out = append(out, c.mean, c.variance)
			})
			return out
		})
		try(fmt.Sprintf("Train with a large mean %+v", g), 1e-5, func(r rig) []Buffer {
			c := newBNCase(r, g, false, 1e4, 1)
			BatchNormTrain(c.y, c.mean, c.variance, c.x, c.add, c.gamma, c.beta, BatchNormRunning{}, g)
			return []Buffer{c.mean, c.variance}
		})
	}
	statistics(BatchNorm{Rows: 190, C: 128}, 0, 0) // a thread for each sum
	backward(BatchNorm{Rows: 190, C: 128, Eps: 1e-5}, false, false, 0)
	alone(BatchNorm{Rows: 190, C: 128, Eps: 1e-5, ReLU: true}, 0)
	statistics(BatchNorm{Rows: 64*33 - 3, C: 252}, 0, 0) // and two groups of channels in two steps
	backward(BatchNorm{Rows: 64*33 - 3, C: 252, Eps: 1e-5}, false, false, 0)
	alone(BatchNorm{Rows: 64*33 - 3, C: 252, Eps: 1e-5, ReLU: true}, 0)
	statistics(BatchNorm{Rows: 1, C: 33}, 0, 0) // nothing lies behind the first row
	statistics(BatchNorm{Rows: 1, C: 132}, 0, 0)
	var even []int
	for slices := 2; slices <= 32; slices += 2 {
		even = append(even, slices)
	}
	for _, some := range [][]int{{16}, even} {
		long = len(some) > 1
		try(fmt.Sprint("slices ", some), 1e-5, func(r rig) (out []Buffer) {
			for _, slices := range some {
				g := BatchNorm{Rows: 64*slices - 3, C: 31, Eps: 1e-5}
				c, d := drawBN(r, g, false), drawBN(r, g, false)
				BatchNormStatistics(c.mean, c.variance, c.x, BatchNormRunning{}, g)
				d.backward(false)
				out = append(out, c.mean, c.variance, meansBN(r, d.dgam, g.Rows), meansBN(r, d.dbet, g.Rows))
				d = drawBN(r, g, false)
				d.g.ReLU, d.alone = true, true
				d.forward(false)
				d.backward(true)
				out = append(out, d.dx, meansBN(r, d.dgam, g.Rows), meansBN(r, d.dbet, g.Rows))
			}
			return out
		})
	}
	for _, slices := range []int{9, 17, 3, 5, 24, 32} {
		long = slices != 9 && slices != 17
		g := BatchNorm{Rows: 64*slices - 3, C: 128, Eps: 1e-5}
		train(g, 0, false)
		backward(g, true, false, 0)
	}
	long = true
	for _, slices := range []int{98, 230, 290} { // for two steps, and the second in turns of eight
		g := BatchNorm{Rows: 64*slices - 3, C: 31, Eps: 1e-5}
		statistics(g, 0, 0)
		backward(g, true, false, 0)
		g.ReLU = true
		alone(g, 0)
	}
	return all
}

// drawBN is newBNCase, with all that a backward pass needs.
func drawBN(r rig, g BatchNorm, addend bool) *bnCase {
	c := newBNCase(r, g, addend, .5, 1)
	variance := normals(8, g.C)
	for i, v := range variance {
		variance[i] = .5 + math.Abs(v)
	}
	UploadFloats(c.mean, normals(6, g.C))
	UploadFloats(c.variance, variance)
	UploadFloats(c.y, normals(7, g.Rows*g.C))
	return &c
}

func runningBN(r rig, g BatchNorm, times int) BatchNormRunning {
	return BatchNormRunning{Mean: r.floats(normals(1, g.C)...), Var: r.floats(normals(2, g.C)...), Count: r.ints(4), Momentum: .1, Times: times}
}

// meansBN divides a sum by the rows.
func meansBN(r rig, sum Buffer, rows int) Buffer {
	x := Floats(sum)
	for i := range x {
		x[i] /= float64(rows)
	}
	return r.floats(x...)
}
