package study

import "lbsam/train"

// A Metric is a number by which runs are compared.
type Metric struct {
	Name  string
	Title string // of a table
	What  string // that a curve shows
	Share bool   // it is an accuracy, which is shown in percent
	of    func(train.Epoch) (v float64, ok bool)
	// selected: it is taken at the epoch that validation selects, not at the end.
	selected    bool
	measurement *measurement // it is a number of a measurement, and has no epochs; else nil
}

// Metrics are those that there are.
func Metrics() []Metric {
	validation := func(of func(train.Score) float64) func(train.Epoch) (float64, bool) {
		return func(e train.Epoch) (float64, bool) {
			if e.Validation == nil {
				return 0, false
			}
			return of(*e.Validation), true
		}
	}
	accuracy, loss := func(s train.Score) float64 { return s.Accuracy }, func(s train.Score) float64 { return s.Loss }
	test := func(of func(train.Score) float64) func(train.Epoch) (float64, bool) {
		return func(e train.Epoch) (float64, bool) { return of(e.Test), e.Tested() }
	}
	return []Metric{
		{Name: "test", What: "test accuracy", Title: "test accuracy at the end", Share: true, of: test(accuracy)},
		{Name: "selected", What: "test accuracy", Title: "test accuracy of the epoch with the best validation accuracy", Share: true, of: test(accuracy), selected: true},
		{Name: "loss", What: "test loss", Title: "test loss at the end", of: test(loss)},
		{Name: "validation", What: "validation accuracy", Title: "validation accuracy at the end", Share: true, of: validation(accuracy)},
		{Name: "validation-loss", What: "validation loss", Title: "validation loss at the end", of: validation(loss)},
	}
}

// FindMetric finds a metric by its name: one of Metrics, or a number that was
// measured of the trials, such as noise/0.1/accuracy.
func FindMetric(name string, trials []Trial) (Metric, error) {
	for _, m := range Metrics() {
		if m.Name == name {
			return m, nil
		}
	}
	return findMeasurement(name, trials)
}

// Measured reports whether it is a number of a measurement of the runs.
func (m Metric) Measured() bool { return m.measurement != nil }

// value is the metric of a run that is done.
func (m Metric) value(t Trial) (float64, error) {
	if m.measurement != nil {
		return m.measurement.value(t)
	}
	e := t.Last()
	if m.selected {
		if e.SelectedOn != "validation" {
			return 0, wrong("%s selected its best epoch on %s: the metric %s needs runs with val_split", t.Path, e.SelectedOn, m.Name)
		}
		for _, other := range t.Epochs {
			if other.Epoch == e.BestEpoch {
				e = other
			}
		}
	}
	v, ok := m.of(e)
	if !ok {
		return 0, wrong("%s did not measure what the metric %s needs: validation needs val_split, and test a setting test that is not %q", t.Path, m.Name, t.Config.Test)
	}
	return v, nil
}
