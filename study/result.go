package study

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"lbsam/analysis"
)

const resultName = "result.json"

// A result is the numbers of a measurement of a run.
type result struct {
	path string // of its file
	conditions
	names   []string // in their order
	numbers map[string]quantity
}

// A quantity is one of its numbers.
type quantity struct {
	title string
	share bool // an accuracy, or a difference of two
	value analysis.Number
}

// conditions are the settings of a measurement that its numbers depend on.
type conditions struct {
	Kind            string
	Checkpoint      string
	Dataset         string
	Split           string
	Images          int
	BatchStatistics bool `json:"batch_statistics"`
	Seed            uint64
	Holdout         *struct {
		ValSplit float64 `json:"val_split"`
	}

	Noise                     string
	Tensors                   string
	Draws, Recalibrate, Steps int
	Eta                       float64
}

// differ says in what other settings differ, "" in nothing.
func (s conditions) differ(o conditions) string {
	held := func(s conditions) float64 {
		if s.Holdout == nil {
			return 0
		}
		return s.Holdout.ValSplit
	}
	for _, f := range []struct {
		name       string
		have, want any
	}{
		{"checkpoint", filepath.Base(o.Checkpoint), filepath.Base(s.Checkpoint)}, {"dataset", o.Dataset, s.Dataset}, {"split", o.Split, s.Split},
		{"images", o.Images, s.Images}, {"val_split", held(o), held(s)}, {"batch statistics", o.BatchStatistics, s.BatchStatistics}, {"seed", o.Seed, s.Seed},
		{"noise", o.Noise, s.Noise}, {"tensors", o.Tensors, s.Tensors}, {"draws", o.Draws, s.Draws}, {"recalibrate", o.Recalibrate, s.Recalibrate},
		{"steps", o.Steps, s.Steps}, {"eta", o.Eta, s.Eta},
	} {
		if f.have != f.want {
			return fmt.Sprintf("%s %v, not %v", f.name, f.have, f.want)
		}
	}
	return ""
}

// readResult reads the result in a folder. One of another kind than noise and
// sharpness is as none, fs.ErrNotExist.
func readResult(folder string) (r result, err error) {
	r = result{path: filepath.Join(folder, resultName), numbers: map[string]quantity{}}
	text, err := os.ReadFile(r.path)
	if err != nil {
		return r, fmt.Errorf("%s: %w", r.path, fs.ErrNotExist)
	}
	if err := json.Unmarshal(text, &r.conditions); err != nil {
		return r, fmt.Errorf("%s: %w", r.path, err)
	}
	name := filepath.Base(folder)
	switch r.Kind {
	case "noise":
		err = r.readNoise(name, text)
	case "sharpness":
		err = r.readSharpness(name, text)
	default:
		err = fs.ErrNotExist
	}
	if err != nil {
		err = fmt.Errorf("%s: %w", r.path, err)
	}
	return r, err
}

func (r *result) add(name, title string, share bool, v analysis.Number) {
	r.names = append(r.names, name)
	r.numbers[name] = quantity{title, share, v}
}

// A noisy is loss and accuracy with noise, means over the draws.
type noisy struct{ Loss, Accuracy analysis.Spread }

// readNoise takes the numbers of lbsam noise: of each level the accuracy, its fall
// from that without noise, and the loss.
func (r *result) readNoise(name string, text []byte) error {
	var v struct {
		Summary []struct {
			Tensor string
			Level  float64
			noisy
			Recalibrated *noisy
		}
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	for _, l := range v.Summary {
		place, what := name, fmt.Sprintf("with %s noise of %g", r.Noise, l.Level)
		if l.Tensor != "" {
			place, what = place+"/"+l.Tensor, what+" on "+l.Tensor
		}
		place += fmt.Sprintf("/%g", l.Level)
		add := func(place, what string, n, clean noisy) {
			r.add(place+"/accuracy", "accuracy "+what, true, n.Accuracy.Mean)
			r.add(place+"/fall", "fall of the accuracy "+what, true, clean.Accuracy.Mean-n.Accuracy.Mean)
			r.add(place+"/loss", "loss "+what, false, n.Loss.Mean)
		}
		add(place, what, l.noisy, v.Summary[0].noisy) // the first has no noise
		if again := v.Summary[0].Recalibrated; again != nil && l.Recalibrated != nil {
			add(place+"/recalibrated", what+", recalibrated", *l.Recalibrated, *again)
		}
	}
	return nil
}

// readSharpness takes the numbers of lbsam sharpness: the rises of the loss and the
// falls of the accuracy at each radius, loss and accuracy at the weights themselves,
// and what is known of the Hessian.
func (r *result) readSharpness(name string, text []byte) error {
	type value struct{ Value analysis.Number }
	var v struct {
		Clean struct{ Loss, Accuracy analysis.Number }
		Lines []struct {
			Measure, Geometry string
			Radius            float64
			M                 int
			Rise              analysis.Spread `json:"loss_rise"`
			Fall              analysis.Spread `json:"accuracy_loss"`
		} `json:"sharpness"`
		Curvature struct {
			Spectrum *struct {
				Largest  []value
				Smallest value
			}
			Trace *value
		}
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return err
	}
	for _, l := range v.Lines {
		measure := l.Measure
		if l.M > 0 {
			measure += fmt.Sprintf("-m%d", l.M)
		}
		place, what := fmt.Sprintf("%s/%s/%s/%g", name, l.Geometry, measure, l.Radius), fmt.Sprintf("%s %s, radius %g", l.Geometry, measure, l.Radius)
		r.add(place+"/rise", "rise of the loss, "+what, false, l.Rise.Mean)
		r.add(place+"/fall", "fall of the accuracy, "+what, true, l.Fall.Mean)
	}
	r.add(name+"/loss", "loss", false, v.Clean.Loss)
	r.add(name+"/accuracy", "accuracy", true, v.Clean.Accuracy)
	if s := v.Curvature.Spectrum; s != nil {
		for i, e := range s.Largest {
			r.add(fmt.Sprintf("%s/eigenvalue/%d", name, i+1), fmt.Sprintf("eigenvalue %d of the Hessian", i+1), false, e.Value)
		}
		r.add(name+"/smallest-eigenvalue", "smallest eigenvalue of the Hessian", false, s.Smallest.Value)
	}
	if t := v.Curvature.Trace; t != nil {
		r.add(name+"/trace", "trace of the Hessian", false, t.Value)
	}
	return nil
}
