package lifelong

import "math"

// Metrics are the numbers of a stream of T tasks, from its matrix of accuracies: row
// t is behind task t, column i is task i, both from 1, and row 0 behind none.
type Metrics struct {
	Accuracy   float64 `json:"average_accuracy"`  // mean of a(T,i) over i
	Forgetting float64 `json:"forgetting"`        // mean over i < T of max over t < T of a(t,i), less a(T,i) (Chaudhry et al. 2018)
	Backward   float64 `json:"backward_transfer"` // mean over i < T of a(T,i) - a(i,i) (Lopez-Paz and Ranzato 2017)
	Forward    float64 `json:"forward_transfer"`  // mean over i > 1 of a(i-1,i) - a(0,i) (same)
	Learning   float64 `json:"learning_accuracy"` // mean of a(i,i) (Riemer et al. 2019)
}

// Measure computes them from the accuracies of the model before the stream, [T], and
// behind each task, [T][T]; T is 2 or more.
func Measure(start []float64, a [][]float64) (m Metrics) {
	tasks := len(a)
	last := a[tasks-1]
	for i := range tasks {
		m.Accuracy += last[i] / float64(tasks)
		m.Learning += a[i][i] / float64(tasks)
	}
	others := float64(tasks - 1)
	for i := range tasks - 1 {
		best := math.Inf(-1)
		for _, row := range a[:tasks-1] {
			best = max(best, row[i])
		}
		m.Forgetting += (best - last[i]) / others
		m.Backward += (last[i] - a[i][i]) / others
		m.Forward += (a[i][i+1] - start[i+1]) / others
	}
	return m
}

// SoFar is the mean accuracy on the tasks learnt so far, behind each one.
func SoFar(a [][]float64) (curve []float64) {
	for t, row := range a {
		sum := 0.0
		for _, v := range row[:t+1] {
			sum += v
		}
		curve = append(curve, sum/float64(t+1))
	}
	return curve
}

// numbers are the fields of m, in their order.
func (m *Metrics) numbers() []*float64 {
	return []*float64{&m.Accuracy, &m.Forgetting, &m.Backward, &m.Forward, &m.Learning}
}

// Summarize returns the mean and the sample standard deviation over seeds, which is
// nil for one.
func Summarize(all []Metrics) (mean Metrics, sd *Metrics) {
	var spread Metrics
	for i, to := range mean.numbers() {
		var x []float64
		for _, m := range all {
			x = append(x, *m.numbers()[i])
		}
		*to, *spread.numbers()[i] = meanAndSD(x)
	}
	if len(all) < 2 {
		return mean, nil
	}
	return mean, &spread
}

// meanAndSD returns the mean of x and its sample standard deviation, 0 for one.
func meanAndSD(x []float64) (mean, sd float64) {
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		sd += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(sd / float64(max(len(x)-1, 1)))
}
