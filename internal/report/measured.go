package report

import "slices"

// measured are the sections of results, and what of them cannot be read.
func measured(arms []*arm, results []Result) (list []section, broken []string) {
	known := []struct {
		kind string
		show func(*bundle) section
	}{{"sharpness", sharpness}, {"landscape", landscape}, {"noise", noise}, {"lifelong", lifelong}, {"compare", compare}}
	var kinds []string
	for _, k := range known {
		kinds = append(kinds, k.kind)
	}
	for _, r := range results {
		if !slices.Contains(kinds, r.Kind) {
			kinds = append(kinds, r.Kind)
		}
	}
	slices.Sort(kinds[len(known):])
	for i, kind := range kinds {
		b := bundleOf(kind, arms, results)
		s := section{}
		if i < len(known) {
			s = known[i].show(b)
		} else {
			s = generic(kind, b)
		}
		if !s.empty() {
			list = append(list, s)
		}
		broken = append(broken, b.broken...)
	}
	return list, broken
}

// A bundle is the results of one kind, by arm: those without a run are arms of
// their own.
type bundle struct {
	arms    []string
	results [][]Result // of each arm
	broken  []string   // what cannot be read
}

// bundleOf takes the results of a kind. The arms are in the order of those of the
// runs.
func bundleOf(kind string, arms []*arm, results []Result) *bundle {
	b := &bundle{}
	for _, a := range arms {
		var list []Result
		for _, r := range results {
			if r.Kind == kind && r.Run != nil && slices.Contains(a.Runs, r.Run) {
				list = append(list, r)
			}
		}
		if list != nil {
			b.arms, b.results = append(b.arms, a.Name), append(b.results, list)
		}
	}
	for _, r := range results {
		if r.Kind == kind && r.Run == nil {
			b.arms, b.results = append(b.arms, r.name()), append(b.results, []Result{r})
		}
	}
	return b
}

// each calls f with all results, in their order.
func (b *bundle) each(f func(arm int, r Result) error) {
	for i, list := range b.results {
		for _, r := range list {
			if err := f(i, r); err != nil {
				b.broken = append(b.broken, err.Error())
			}
		}
	}
}

// several reports whether there is more than one result.
func (b *bundle) several() bool {
	return len(b.results) > 1 || len(b.results) == 1 && len(b.results[0]) > 1
}

// A sheet is numbers by what they are of and by arm, in the order of their coming.
type sheet[K comparable] struct {
	keys []K
	all  map[K][][]float64
	arms int
}

func newSheet[K comparable](arms int) *sheet[K] {
	return &sheet[K]{all: map[K][][]float64{}, arms: arms}
}

func (s *sheet[K]) add(key K, arm int, v float64) {
	if s.all[key] == nil {
		s.keys, s.all[key] = append(s.keys, key), make([][]float64, s.arms)
	}
	s.all[key][arm] = append(s.all[key][arm], v)
}

// of is the spread of an arm's numbers of a key.
func (s *sheet[K]) of(key K, arm int) spread {
	if s.all[key] == nil {
		return spreadOf(nil)
	}
	return spreadOf(s.all[key][arm])
}
