package report

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// whatRan lists arms and runs.
func whatRan(arms []*arm, differ []string, root string) section {
	s := section{ID: "runs", Title: "Runs"}
	t := table{Names: 1, Head: append([]string{"arm"}, differ...)}
	t.Head = append(t.Head, "seeds", "runs", "epochs ended")
	t.Names = len(t.Head)
	for _, a := range arms {
		row := []string{a.Name}
		for _, name := range differ {
			row = append(row, a.setting(name))
		}
		t.Rows = append(t.Rows, append(row, a.seeds(), a.standing(), a.epochs()))
	}
	s.Tables = append(s.Tables, t)
	each := table{Names: 3, Head: []string{"run", "arm", "status", "seed", "epochs", "test", "best", "evaluations", "seconds"}}
	for _, a := range arms {
		for _, r := range a.Runs {
			each.Rows = append(each.Rows, append([]string{r.under(root), a.Name, r.status().Word}, r.numbersOf()...))
		}
	}
	s.Folded = append(s.Folded, folded{Title: "Each run", Tables: []table{each}})
	return s
}

// numbersOf is a run in numbers: seed, epochs, accuracy at the end and at best, evaluations
// and seconds.
func (r *Run) numbersOf() []string {
	last := r.last()
	test, best := "", ""
	if last.Epoch > 0 {
		best = fmt.Sprintf("%s @%d", percent(last.Best), last.BestEpoch)
	}
	if last.Tested() {
		test = percent(last.Test.Accuracy)
	}
	_, evals := r.at()
	return []string{
		fmt.Sprint(r.Config.Seed), fmt.Sprintf("%d/%d", last.Epoch, r.Config.Epochs), test, best, thousands(int(evals)), fmt.Sprintf("%.1f", r.seconds()),
	}
}

// setting is the value of a setting, or those of the runs of a sweep's arm.
func (a *arm) setting(name string) string {
	var values []string
	for _, r := range a.Runs {
		for _, s := range beside(r.Config, r.Config) {
			if s.Name == name {
				place(&values, plain(s.Value))
			}
		}
	}
	return strings.Join(values, " or ")
}

// plain is a value of a setting as a table has it: words without quotes, numbers with
// six digits.
func plain(value string) string {
	if v, err := strconv.ParseFloat(value, 64); err == nil && strings.Contains(value, ".") {
		return strconv.FormatFloat(v, 'g', 6, 64)
	}
	return strings.Trim(value, `"`)
}

// epochs is how many ended, of how many.
func (a *arm) epochs() string {
	var ended, wanted []int
	for _, r := range a.Runs {
		ended, wanted = append(ended, r.last().Epoch), append(wanted, r.Config.Epochs)
	}
	text := fmt.Sprint(slices.Min(ended))
	if most := slices.Max(ended); most != slices.Min(ended) {
		text += fmt.Sprintf(" to %d", most)
	}
	return text + fmt.Sprintf(" of %d", slices.Max(wanted))
}

// common lists the settings that all runs share.
func common(runs []*Run, differ []string) section {
	s := section{ID: "settings", Title: "Settings"}
	all, preset := settings(runs[0].Config)
	t := table{Names: 3, Head: []string{"setting", "value", "preset " + preset}}
	for _, v := range all {
		if !elsewhere(v.Name) && !slices.Contains(differ, v.Name) {
			other := v.Preset
			if other == "" {
				other = "the same"
			}
			t.Rows = append(t.Rows, []string{v.Name, v.Value, other})
		}
	}
	title := "Settings that all runs share"
	if len(differ) == 0 && len(runs) == 1 {
		title = "All settings"
	}
	s.Folded = append(s.Folded, folded{Title: title, Tables: []table{t}})
	return s
}
