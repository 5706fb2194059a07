package report

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// A status says how a run stands.
type status struct{ Word, Class string }

// status is what DONE and the last remark say.
func (r *Run) status() status {
	last := ""
	if n := len(r.Remarks); n > 0 {
		last = r.Remarks[n-1]
	}
	switch {
	case r.Done:
		return status{"done", "good"}
	case strings.HasPrefix(last, "interrupted"):
		return status{"interrupted", "soft"}
	case strings.HasPrefix(last, "the loss is"):
		return status{"diverged", "bad"}
	case last != "" && !strings.HasPrefix(last, "resumed"):
		return status{"failed", "bad"}
	}
	return status{"not finished", "soft"}
}

// result is the run in a sentence or two.
func (r *Run) result() string {
	last, c := r.last(), r.Config
	if last.Epoch == 0 {
		steps, _ := r.at()
		return fmt.Sprintf("No epoch of %s has ended: the run came to step %s.", thousands(c.Epochs), thousands(steps))
	}
	text := fmt.Sprintf("%s of %s test images right after epoch %d of %d",
		percent(last.Test.Accuracy), thousands(last.Test.Images), last.Epoch, c.Epochs)
	if !last.Tested() {
		text = fmt.Sprintf("The test images were not scored (test = %s), epoch %d of %d has ended", c.Test, last.Epoch, c.Epochs)
	}
	if v := last.Validation; v != nil {
		text += fmt.Sprintf(", and %s of %s validation images", percent(v.Accuracy), thousands(v.Images))
	}
	return text + fmt.Sprintf("; the best weights are those of epoch %d, %s right on %s, on which they were selected.",
		last.BestEpoch, percent(last.Best), last.SelectedOn)
}

// A fact is a line of the head of the page.
type fact struct {
	Name, Value string
	Code        bool
}

func (r *Run) facts() []fact {
	var list []fact
	for i, command := range r.Commands {
		name := "command"
		if i > 0 {
			name = fmt.Sprintf("start %d", i+1)
		}
		list = append(list, fact{name, command, true})
	}
	list = append(list, fact{"folder", r.Path, true})
	if began := r.env("time"); began != "" {
		if at, err := time.Parse(time.RFC3339, began); err == nil {
			began = at.Format("2 January 2006, 15:04 -07:00")
		}
		list = append(list, fact{"started", began, false})
	}
	steps, evals := r.at()
	list = append(list,
		fact{"machine", r.machine(), false},
		fact{"training time", seconds(r.seconds()) + ", evaluations not counted", false},
		fact{"cost", fmt.Sprintf("%s gradient evaluations in %s steps of up to %d images", thousands(int(evals)), thousands(steps), r.Config.Batch), false})
	if r.Hash != "" {
		list = append(list, fact{"last.safetensors", "SHA-256 " + r.Hash, true})
	}
	return list
}

// env is an entry of env.json as text, "" if there is none.
func (r *Run) env(key string) string {
	if v, ok := r.Environment[key]; ok && v != nil {
		return fmt.Sprint(v)
	}
	return ""
}

// machine is what env.json says about program and machine; where it does not name
// the device, the one that was asked for.
func (r *Run) machine() string {
	words := []string{r.env("device")}
	if words[0] == "" {
		words[0] = "device " + r.Config.Device + ", precision " + r.Config.Precision
	}
	if r.env("os") != "" {
		words = append(words, r.env("os")+"/"+r.env("arch"))
	}
	for _, key := range slices.Sorted(maps.Keys(r.Environment)) {
		if value := r.env(key); value != "" && !slices.Contains([]string{"device", "time", "os", "arch"}, key) {
			words = append(words, key+" "+value)
		}
	}
	return strings.Join(words, "; ")
}

// notes are what a reader should know before he trusts the numbers.
func (r *Run) notes() []string {
	c := r.Config
	notes := c.Notes(c.Dropout > 0)
	if r.last().SelectedOn == "test" {
		notes = append(notes, "The best weights were selected on the test set, as the published code does: their accuracy there is too good.")
	}
	if c.EMA > 0 {
		notes = append(notes, fmt.Sprintf("Scores and exported weights are those of the moving average, ema %g.", c.EMA))
	}
	if c.EarlyStop > 0 && r.Done && r.last().Epoch < c.Epochs {
		notes = append(notes, fmt.Sprintf("Stopped early: early_stop %d.", c.EarlyStop))
	}
	if c.LimitBatches > 0 {
		notes = append(notes, fmt.Sprintf("limit_batches %d: each epoch and each evaluation is a part of the data only.", c.LimitBatches))
	}
	if n := len(r.Intervals); n > 0 && r.Intervals[n-1].Undone > 0 {
		notes = append(notes, fmt.Sprintf("%d steps were taken back, because a gradient was not finite in fp16.", r.Intervals[n-1].Undone))
	}
	for _, remark := range r.Remarks {
		notes = append(notes, strings.ToUpper(remark[:1])+remark[1:]+".")
	}
	if r.Damaged > 0 {
		notes = append(notes, fmt.Sprintf("%d lines of metrics.jsonl cannot be read and are left out.", r.Damaged))
	}
	return notes
}
