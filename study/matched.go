package study

import (
	"bufio"
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"lbsam/train"
)

// Match is the control that a claim about Lookbehind has to beat: SAM, or ASAM,
// that moves the weights as far. c are the settings of a Lookbehind run on SGD
// with momentum μ, alpha its mean alpha:
//
//	lr' = alpha·k·lr·(1-μᵏ)/(1-μ)      μ' = μᵏ      rho' = rho·(k+1)/2
//
// Per batch, Lookbehind's momentum moves k times, so that it keeps μᵏ of itself; a
// gradient moves the slow weights by alpha·k·lr/(1-μ) in all, which is lr'/(1-μ').
// Its descents are taken at 1, ..., k ascents from the slow weights, (k+1)/2 on
// average. To first order in lr and rho both move alike.
//
// A static alpha is a factor of the learning rate and nothing else where there is
// no weight decay: Lookbehind takes no gradient at its fast weights.
func Match(c train.Config, alpha float64) (train.Config, error) {
	kind, ok := strings.CutPrefix(c.Minimizer, "Lookbehind")
	switch {
	case !ok:
		return c, wrong("%s has no matched control: want LookbehindSAM or LookbehindASAM", c.Minimizer)
	case c.Optimizer != "sgd":
		return c, wrong("the matched control of %s needs the base optimizer sgd: found %s", c.Minimizer, c.Optimizer)
	case c.NewBatches:
		return c, wrong("a step of %s with new_batches takes %d batches: SAM, which takes one, cannot be matched to it", c.Minimizer, c.K)
	case c.Pull != "keep":
		return c, wrong("the matched control of %s needs pull keep: found %s, which changes the momentum between batches", c.Minimizer, c.Pull)
	case !(alpha > 0 && alpha <= 1):
		return c, wrong("the mean alpha is %v: want a number above 0, up to 1", alpha)
	case c.Momentum >= 1:
		return c, wrong("the momentum is %v: a matched control needs one below 1", c.Momentum)
	}
	k, mu := float64(c.K), c.Momentum
	c.Minimizer = kind
	c.Momentum = decimal(math.Pow(mu, k))
	c.LR = decimal(c.LR * alpha * k * (1 - c.Momentum) / (1 - mu))
	c.Rho = decimal(c.Rho * (k + 1) / 2)
	return c, nil
}

// decimal is v with twelve digits, as a person would write it: 0.19 for what comes
// out as 0.18999999999999995.
func decimal(v float64) float64 {
	d, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 12, 64), 64)
	if err != nil {
		panic(err) // the text of a number is one
	}
	return d
}

// MeanAlpha is the mean alpha of the run in folder path over its steps, to four
// decimals: what the metrics of an adaptive run measured.
func MeanAlpha(path string) (float64, error) {
	s := train.Summarize(path)
	if s.Status != train.StatusDone {
		return 0, wrong("the alpha of %s is not known: the run is %s, want one that is done", path, s.Status)
	}
	if !strings.HasPrefix(s.Config.Minimizer, "Lookbehind") {
		return 0, wrong("%s trained with %s, which has no alpha: want a Lookbehind run", path, s.Config.Minimizer)
	}
	if !s.Config.Adaptive {
		return s.Config.Alpha, nil
	}
	text, err := os.ReadFile(filepath.Join(path, "metrics.jsonl"))
	if err != nil {
		return 0, train.FolderError{Err: err}
	}
	sum, steps := 0.0, 0
	lines := bufio.NewScanner(bytes.NewReader(text))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var v train.Interval
		if json.Unmarshal(lines.Bytes(), &v) != nil || v.Kind != "interval" {
			continue
		}
		sum += v.AlphaMean * float64(v.Step-steps)
		steps = v.Step
	}
	if !(steps > 0) {
		return 0, wrong("%s has no alpha in its metrics.jsonl", path)
	}
	return rounded(sum / float64(steps)), nil
}

// rounded is v with four decimals: what is written down is what is used.
func rounded(v float64) float64 { return math.Round(1e4*v) / 1e4 }
