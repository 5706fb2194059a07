package study

import (
	"maps"
	"math"
	"slices"
	"strings"

	"lbsam/train"
)

// tuned is, for each arm, the settings of its best point in the sweep that f was
// tuned by: the highest mean validation accuracy at the end, over the seeds of
// that sweep, all of which must be done; of equal ones the first by name. Nobody
// chooses, so that the rule can be written down before.
func tuned(f File) (map[string][]Setting, error) {
	if f.Tuned == "" {
		return nil, nil
	}
	table, err := ReadTable(f.Tuned)
	if err != nil {
		return nil, err
	}
	best := map[string][]Setting{}
	for _, arm := range f.Arms {
		if arm.Matched != "" {
			continue // as what it is matched to
		}
		if best[arm.Name], err = table.best(arm.Name, f.Tuned); err != nil {
			return nil, err
		}
	}
	return best, nil
}

// best is the settings of the best point of an arm.
func (t Table) best(arm, folder string) ([]Setting, error) {
	scores, grids := map[string][]float64{}, map[string]map[string]any{}
	var arms []string
	for _, r := range t.Runs {
		arms = append(arms, r.Arm)
		if r.Arm != arm {
			continue
		}
		if grids[r.Point] = r.Grid; r.Status == train.StatusDone && r.Validation == nil {
			return nil, wrong("%s: %s has no validation accuracy to tune by: set val_split in that sweep", folder, r.Name)
		}
		score := math.Inf(-1) // a point that diverged is none to take
		if r.Status == train.StatusDone {
			score = r.Validation.Accuracy
		} else if !settled(r.Status) {
			return nil, wrong("%s: %s is %s: end that sweep first, lbsam sweep goes on with it", folder, r.Name, r.Status)
		}
		scores[r.Point] = append(scores[r.Point], score)
	}
	if len(scores) == 0 {
		return nil, wrong("arm %q%s is not in the sweep %s, by which this one is tuned", arm, didYouMean(arm, arms), folder)
	}
	chosen, most := "", math.Inf(-1)
	for _, name := range slices.Sorted(maps.Keys(scores)) {
		if m := mean(scores[name]); m > most {
			chosen, most = name, m
		}
	}
	if chosen == "" {
		return nil, wrong("%s: no point of arm %q is done with every seed: all diverged or failed", folder, arm)
	}
	return settings(grids[chosen], strings.Join([]string{folder, chosen}, "/")), nil
}
