package study

import (
	"slices"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"lbsam/train"
)

// planner knows settings as config.toml has them, and one data set of 1,000 images.
var planner = Planner{
	Configure: func(_ string, settings []Setting) (train.Config, error) {
		c := train.Demo()
		for _, s := range settings {
			text, err := toml.Marshal(map[string]any{s.Name: s.Value})
			if err == nil {
				err = toml.Unmarshal(text, &c)
			}
			if err != nil {
				return c, err
			}
		}
		return c, c.Validate()
	},
	Samples: func(train.Config) (int, error) { return 1000, nil },
}

func mustPlan(t *testing.T, text string) (File, []*Run) {
	t.Helper()
	f, err := parse("sweep.toml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	runs, err := planner.Plan(f)
	if err != nil {
		t.Fatal(err)
	}
	return f, runs
}

func names(runs []*Run) (list []string) {
	for _, r := range runs {
		list = append(list, r.Name)
	}
	return list
}

const twoArms = `
seeds = [3, 7]
[common]
batch = 100
lr = 0.3
[grid]
lr = [0.1, 0.05]
[[arms]]
name = "sam"
minimizer = "SAM"
grid = { rho = [0.05, 1e-3] }
[[arms]]
name = "multi.1"
minimizer = "MultistepSAM"
[arms.grid]
lr = [1]
milestones = [[1, 2], [2.5]]
`

func TestGridIsExpandedInOrder(t *testing.T) {
	_, runs := mustPlan(t, twoArms)
	want := []string{
		"sam,lr=0.1,rho=0.05,seed=3", "sam,lr=0.1,rho=0.001,seed=3", "sam,lr=0.05,rho=0.05,seed=3", "sam,lr=0.05,rho=0.001,seed=3",
		"multi.1,lr=1,milestones=1+2,seed=3", "multi.1,lr=1,milestones=2.5,seed=3",
	}
	for _, name := range want[:6:6] {
		want = append(want, strings.Replace(name, "seed=3", "seed=7", 1))
	}
	if got := names(runs); !slices.Equal(got, want) {
		t.Errorf("runs\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	p, err := points(map[string]any{"a": []any{1, 2}, "b": []any{1, 2}, "c": []any{1, 2}, "d": []any{1, 2}, "e": []any{1, 2}}, "")
	if err != nil || len(p) != 32 || p[0].name() != "a=1,b=1,c=1,d=1,e=1" || p[30].name() != "a=2,b=2,c=2,d=2,e=1" {
		t.Errorf("%v: %v", err, p)
	}
	r := runs[7]
	if r.Config.LR != 0.1 || r.Config.Rho != 0.001 || r.Config.Seed != 7 || r.Config.Minimizer != "SAM" || r.Config.Batch != 100 || r.Arm != "sam" || r.Point != "sam,lr=0.1,rho=0.001" {
		t.Errorf("%+v", r)
	}
	if r := runs[4]; r.Config.LR != 1 || !slices.Equal(r.Config.Milestones, []float64{1, 2}) {
		t.Errorf("%+v", r.Config)
	}
}

func TestNamesAreNamesOfFolders(t *testing.T) {
	for value, want := range map[any]string{
		0.1: "0.1", 1e-5: "1e-05", int64(2): "2", true: "true", "wrn-16-8": "wrn-16-8", "a/b c,d=e:f": "a_b_c_d_e_f",
	} {
		if got := inName(value); got != want {
			t.Errorf("%v is called %q, want %q", value, got, want)
		}
	}
	if got := inName([]any{int64(1), 2.5, "x/y"}); got != "1+2.5+x_y" {
		t.Errorf("a list is called %q", got)
	}
}

func TestBadFiles(t *testing.T) {
	arm := "[[arms]]\nname = \"a\"\n"
	for text, want := range map[string]string{
		"seeds = [1]\n[comon]\nlr = 1\n" + arm:                                     `sweep.toml:2: unknown entry "comon" (did you mean common?): want one of preset, seeds`,
		"lr = 0.1\nseeds = [1]\n" + arm:                                            `sweep.toml:1: unknown entry "lr"`,
		"seeds = [1]":                                                              `sweep.toml: there is no arm`,
		arm:                                                                        `sweep.toml: there are no seeds`,
		"seeds = []\n" + arm:                                                       `there are no seeds`,
		"seeds = [1, 1]\n" + arm:                                                   `seed 1 stands twice`,
		"seeds = [-1]\n" + arm:                                                     `sweep.toml:1: `,
		"seeds = \"x\"\n" + arm:                                                    `sweep.toml:1: `,
		"seeds = [1\n" + arm:                                                       `sweep.toml:2: `,
		"seeds = [1]\ncount = \"3k\"\n" + arm:                                      `count is "3k": want "k+1" or "2k"`,
		"seeds = [1]\nbudget = -3\n" + arm:                                         `budget is -3`,
		"seeds = [1]\n[[arms]]\nlr = 1":                                            `arm 1: its name is "": want letters`,
		"seeds = [1]\n[[arms]]\nname = \"a/b\"":                                    `its name is "a/b"`,
		"seeds = [1]\n" + arm + arm:                                                `two arms are called "a"`,
		"seeds = [1]\n" + arm + "grid = 3":                                         `arm 1: grid is 3: want`,
		"seeds = [1]\n" + arm + "grid = { lr = 3 }":                                `grid: lr is 3: want a list of values to try`,
		"seeds = [1]\n" + arm + "grid = { lr = [] }":                               `grid: lr is []: want a list`,
		"seeds = [1]\n" + arm + "grid = { lr = [1, 1.0] }":                         `two runs would be called a,lr=1,seed=1`,
		"seeds = [1]\n" + arm + "seed = 4":                                         `arm "a": a seed stands among the settings: want seeds`,
		"seeds = [1]\nbudget = 9\n" + arm + "max-evals = 4":                        `max_evals and budget both limit`,
		"seeds = [1]\nbudget = 1\n" + arm:                                          `a budget of 1 gradient evaluations does not pay one step of LookbehindSAM, which counts for 3`,
		"seeds = [1]\n[[arms]]\nname = \"sam-a\"\nmatched = \"sam-b\"":             `arm "sam-a" is matched to "sam-b" (did you mean sam-a?), which is no arm`,
		"seeds = [1]\n" + arm + "matched = \"a\"":                                  `which is matched itself`,
		"seeds = [1]\n" + arm + "[[arms]]\nname='b'\nmatched='a'\nlr=1":            `arm "b" is matched to "a" and has settings of its own: want none, as those of "a" decide`,
		"seeds = [1]\n" + arm + "minimizer='SGD'\n[[arms]]\nname='b'\nmatched='a'": `SGD has no matched control: want LookbehindSAM`,
		"seeds = [1]\ntuned = \"nowhere\"\n" + arm:                                 `nowhere is not the folder of a sweep`,
	} {
		f, err := parse("sweep.toml", []byte(text))
		if err == nil {
			_, err = planner.Plan(f)
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

// Every method gets as many whole steps as its budget pays, and the learning rate
// falls at the same share of it.
func TestBudgetIsSpentByEveryMethod(t *testing.T) {
	const text = `
seeds = [0]
budget = 305
count = "COUNT"
[common]
batch = 100
epochs = 20
milestones = [5, 15]
warmup = 2.0
schedule = "multistep"
[[arms]]
name = "sgd"
minimizer = "SGD"
[[arms]]
name = "sam"
minimizer = "SAM"
[[arms]]
name = "lookbehind"
minimizer = "LookbehindSAM"
k = 5
[[arms]]
name = "long"
minimizer = "SAM"
budget = 610
[[arms]]
name = "matched"
matched = "lookbehind"
`
	for count, want := range map[Count][]int{CountReused: {305, 152, 50, 305, 152}, CountPublished: {305, 152, 30, 305, 152}} {
		_, runs := mustPlan(t, strings.Replace(text, "COUNT", string(count), 1))
		for i, r := range runs {
			c, steps := r.Config, want[i]
			length := float64(steps) / 10 // of 10 steps an epoch
			near := func(a, b float64) bool { return a >= b-1e-12 && a <= b+1e-12 }
			if r.Cost.Steps != steps || c.MaxEvals != steps*r.Cost.PerStep || c.Epochs != (steps+9)/10 || c.Cost(1000) != r.Cost {
				t.Errorf("%s, %s: %+v, %d evaluations in %d epochs, want %d steps", count, r.Arm, r.Cost, c.MaxEvals, c.Epochs, steps)
			}
			if !near(c.Milestones[0], length/4) || !near(c.Milestones[1], 3*length/4) || !near(c.Warmup, length/10) {
				t.Errorf("%s, %s: milestones %v, warm-up %v in %v epochs", count, r.Arm, c.Milestones, c.Warmup, length)
			}
		}
		if want := map[Count]int{CountReused: 6, CountPublished: 10}[count]; runs[2].Counts != want || runs[1].Counts != 2 {
			t.Errorf("%s: a step of Lookbehind counts for %d, of SAM for %d", count, runs[2].Counts, runs[1].Counts)
		}
	}
}
