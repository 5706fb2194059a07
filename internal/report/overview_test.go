package report

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lbsam/train"
)

// put makes a folder name in root with a run of so many epochs.
func put(t *testing.T, root, name string, c train.Config, n int) string {
	t.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(folder(t, c, epochs(n)...), path); err != nil {
		t.Fatal(err)
	}
	return path
}

// measure gives a folder a result.
func measure(t *testing.T, folder, name, result string) {
	t.Helper()
	path := filepath.Join(folder, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, path, "result.json", result)
}

// config is one of the settings of an arm.
func config(minimizer string, rho float64, seed uint64) train.Config {
	c := train.Demo()
	c.Minimizer, c.Rho, c.Seed = minimizer, rho, seed
	return c
}

// grid makes runs of two arms with two seeds and of one with one, some of them
// measured.
func grid(t *testing.T) string {
	root := t.TempDir()
	for seed := range uint64(2) {
		put(t, root, fmt.Sprintf("a/sgd-%d", seed), config("SGD", 0.05, seed), 3)
		run := put(t, root, fmt.Sprintf("a/sam-%d", seed), config("SAM", 0.05, seed), 3)
		measure(t, run, "sharpness", fmt.Sprintf(`{"kind":"sharpness","sharpness":[{"measure":"worst","geometry":"sam","radius":0.1,"loss_rise":{"mean":%d,"std":null}}],
			"curvature":{"spectrum":{"largest":[{"value":%d}]},"trace":{"value":null}}}`, 1+2*seed, 10+seed))
	}
	put(t, root, "b/deeper/sam", config("SAM", 0.2, 0), 0)
	return root
}

func mustCollect(t *testing.T, paths ...string) *Collection {
	t.Helper()
	c, err := Collect(paths)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCollect(t *testing.T) {
	root := grid(t)
	run := filepath.Join(root, "a/sam-0")
	put(t, run, "baseline", config("SGD", 0.05, 9), 1)
	measure(t, run, "baseline/noise", `{"kind":"noise"}`)
	measure(t, run, "copy/of", `{"kind":"sharpness"}`) // too deep to be one of the run's
	measure(t, root, "a/compare", `{"kind":"compare"}`)
	measure(t, root, "a/broken", `{"kind":`)
	measure(t, root, "a/nameless", `[1]`)
	measure(t, root, ".hidden", `{"kind":"compare"}`)
	write(t, put(t, root, "a/unreadable", config("SGD", 0, 0), 1), "config.toml", "seed = [")
	c := mustCollect(t, root, filepath.Join(root, "a"), run) // what was found is not taken twice
	if len(c.Runs) != 6 || len(c.Results) != 4 || len(c.Remarks) != 3 {
		t.Fatalf("%d runs, %d results, remarks %q", len(c.Runs), len(c.Results), c.Remarks)
	}
	for _, r := range c.Results {
		within := ""
		if r.Run != nil {
			within, _ = filepath.Rel(root, r.Run.Path)
		}
		if want := map[string]string{"sharpness": "a/sam-", "noise": "a/sam-0/baseline", "compare": ""}[r.Kind]; !strings.HasPrefix(within, want) || (want == "") != (within == "") {
			t.Errorf("%s lies in %q", r.Kind, within)
		}
	}
	if list, remarks, err := Results(mustRead(t, run)); err != nil || len(list) != 1 || list[0].Kind != "sharpness" || len(remarks) != 0 {
		t.Errorf("%v, %q, %v", list, remarks, err)
	}
	if c := mustCollect(t, root, t.TempDir()); len(c.Runs) != 6 || len(c.Remarks) != 4 {
		t.Errorf("%d runs, remarks %q", len(c.Runs), c.Remarks)
	}
	for name, want := range map[string]string{"b/nothing": "no such file", "a/sgd-0/config.toml": "a/sgd-0/config.toml", "b/empty": "holds no run"} {
		path := filepath.Join(root, name)
		if name == "b/empty" {
			measure(t, path, "data", "{}")
			os.Remove(filepath.Join(path, "data/result.json"))
			write(t, path, "sweep.json", `{"kind":"sweep"}`) // of no run
		}
		if _, err := Collect([]string{path}); !errors.As(err, new(train.FolderError)) || !strings.Contains(err.Error(), want) || Holds(path) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestArms(t *testing.T) {
	c := mustCollect(t, grid(t))
	arms, differ := c.grouped()
	var got []string
	for _, a := range arms {
		got = append(got, fmt.Sprintf("%s: %s (%s)", a.Name, a.seeds(), a.standing()))
	}
	if text := strings.Join(got, "; "); text != "SAM, rho 0.05: 0, 1 (2 not finished); SGD: 0, 1 (2 not finished); SAM, rho 0.2: 0 (1 not finished)" {
		t.Error(text)
	}
	if fmt.Sprint(differ) != "[minimizer rho]" {
		t.Error(differ)
	}
	// Machine and place make no arm.
	other := config("SGD", 0.05, 5)
	other.Data, other.Device, other.Threads, other.LogEvery = "elsewhere", "cuda", 3, 7
	root := t.TempDir()
	put(t, root, "one", config("SGD", 0.05, 1), 1)
	put(t, root, "two", other, 1)
	if arms, differ := mustCollect(t, root).grouped(); len(arms) != 1 || len(differ) != 0 || arms[0].Name != "SGD" {
		t.Errorf("%d arms, %v", len(arms), differ)
	}
}

// Names of arms have the settings that tell them apart and no others.
func TestArmsAreToldApartBriefly(t *testing.T) {
	root := t.TempDir()
	for i, c := range []train.Config{config("SAM", 0.1, 0), config("SAM", 0.2, 0), config("SAM", 0.2, 0), config("SAM", 0.3, 0), config("SGD", 0.1, 0)} {
		if i == 2 {
			c.LR, c.Model = 0.5, "mlp"
		}
		put(t, root, fmt.Sprint(i), c, 0)
	}
	arms, differ := mustCollect(t, root).grouped()
	var got []string
	for _, a := range arms {
		got = append(got, a.Name)
	}
	if text := strings.Join(got, "; "); text != "SAM, rho 0.1; SAM, rho 0.2, model resnet8-w8; SAM, rho 0.2, model mlp; SAM, rho 0.3; SGD" || fmt.Sprint(differ) != "[model minimizer lr rho]" {
		t.Error(text, differ)
	}
}

// Arms of two sweeps that have one name have that of the folder before it.
func TestArmsOfTwoSweeps(t *testing.T) {
	root := t.TempDir()
	for i, sweep := range []string{"one", "two"} {
		put(t, root, sweep+"/m", config("SAM", 0.1, uint64(i)), 1)
		put(t, root, sweep+"/"+sweep, config("SAM", 0.1, uint64(i)), 1)
		write(t, root, sweep+"/sweep.json", fmt.Sprintf(`{"kind":"sweep","runs":[{"name":"m","arm":"m","point":"m"},{"name":"%[1]s","arm":"%[1]s","point":"%[1]s"}]}`, sweep))
	}
	arms, _ := mustCollect(t, root).grouped()
	var got []string
	for _, a := range arms {
		got = append(got, a.Name)
	}
	if text := strings.Join(got, "; "); text != "one/m; one; two/m; two" {
		t.Error(text)
	}
}

// Milestones tell runs apart only where a schedule has them.
func TestMilestonesWithoutEffect(t *testing.T) {
	root := t.TempDir()
	for i, c := range []train.Config{config("SAM", 0.1, 0), config("SGD", 0.1, 0)} {
		c.Schedule, c.Milestones = "cosine", []float64{float64(i)}
		put(t, root, fmt.Sprint(i), c, 0)
	}
	c := mustCollect(t, root)
	if _, differ := c.grouped(); fmt.Sprint(differ) != "[minimizer]" {
		t.Error(differ)
	}
	c.Runs[0].Config.Schedule = "multistep"
	if _, differ := c.grouped(); fmt.Sprint(differ) != "[minimizer schedule milestones]" {
		t.Error(differ)
	}
}

// The arms of a sweep are those that it names, even where the settings differ.
func TestArmsOfASweep(t *testing.T) {
	root := t.TempDir()
	put(t, root, "m,seed=0", config("SAM", 0.10000000000000002, 0), 1)
	put(t, root, "m,seed=1", config("SAM", 0.2, 1), 1)
	put(t, root, "other", config("SAM", 0.3, 1), 1)
	write(t, root, "sweep.json", `{"kind":"sweep","runs":[{"name":"m,seed=0","arm":"m","point":"m"},{"name":"m,seed=1","arm":"m","point":"m"}]}`)
	c := mustCollect(t, root)
	arms, _ := c.grouped()
	if len(arms) != 2 || arms[0].Name != "m" || len(arms[0].Runs) != 2 || arms[0].setting("rho") != "0.1 or 0.2" || arms[1].Name != "SAM" {
		t.Errorf("%+v", arms)
	}
	write(t, root, "sweep.json", `{"runs":`)
	if c = mustCollect(t, root); len(c.Remarks) != 1 || len(c.Runs) != 3 {
		t.Error(c.Remarks)
	}
}

func TestOverview(t *testing.T) {
	root := grid(t)
	o := &Overview{Collection: mustCollect(t, root), Program: "lbsam 9", Missing: map[string]string{}}
	last := filepath.Join(root, "b/deeper/sam")
	o.Missing[last] = "Nothing to see."
	for _, r := range o.Runs {
		if r.Path != last {
			p, images := predictions(names(3), 8, 2, 2, 3)
			o.Predicted(r, p, images)
		}
	}
	html := page(t, o)
	has(t, html, "resnet8-w8 on Synthetic: 5 runs in 3 arms", "SAM, rho 0.05 has the highest mean accuracy on the test set at the end: 75.00 ± 0.00% over 2 runs",
		"360 gradient evaluations in all", "known about their spread: 1 of 3", "selected on the test set", ">a/sam-1<", ">2 not finished<", ">3 of 3<", ">0 of 3<",
		"75.00 ± 0.00", "0.6667 ± 0.0000", ">90<", "12.0 ± 0.0", ">gradient evaluations<", ">seconds of training<",
		"Rise of the loss: worst, sam", ">2 ± 1.4<", ">10.5 ± 0.71<", "Nothing to see.", "a/sgd-0: SGD, seed 0", "Accuracy per class, mean of the runs", `href="#sharpness"`, "lbsam 9.")
	if n := strings.Count(html, `<img src="data:image/png;base64,`); n != 4*4 {
		t.Errorf("%d pictures, want 4 mistakes of each of 4 runs", n)
	}
	if strings.Contains(html, ">trace<") {
		t.Error("a trace that is no number is shown")
	}
}

// Each point of a curve is over the runs that came so far.
func TestCurvesOfArms(t *testing.T) {
	a := &arm{}
	for _, losses := range [][]float64{{3, 2, 1}, {5, 2}, {}} {
		r := &Run{}
		for i, loss := range losses {
			r.Epochs = append(r.Epochs, train.Epoch{Epoch: i + 1, Evals: int64(10 * (i + 1)), TrainLoss: loss})
		}
		a.Runs = append(a.Runs, r)
	}
	s := a.curve(func(r *Run, n int) float64 { return float64(r.Epochs[n].Evals) }, func(e train.Epoch) float64 { return e.TrainLoss })
	if got := fmt.Sprintf("%v %v %.2f %.2f", s.X, s.Y, s.Low, s.High); got != "[10 20 30] [4 2 1] [2.59 2.00 NaN] [5.41 2.00 NaN]" {
		t.Error(got)
	}
}

// What was scored at the end alone has no curve.
func TestQuantitiesOfArms(t *testing.T) {
	run := func(epochs ...train.Epoch) []*arm { return []*arm{{Runs: []*Run{{Epochs: epochs}}}} }
	score := train.Score{Accuracy: 0.5, Images: 8}
	plain, tested, validated := train.Epoch{}, train.Epoch{Test: score}, train.Epoch{Validation: &score}
	for _, c := range []struct {
		arms []*arm
		want string
	}{
		{run(plain, plain, tested), "[Train loss]"},
		{run(plain, tested, tested), "[Train loss Test accuracy]"},
		{run(tested), "[Train loss Test accuracy]"},
		{run(validated, validated), "[Train loss Validation accuracy]"},
	} {
		var got []string
		for _, q := range quantities(c.arms) {
			got = append(got, q.title)
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%v, want %s", got, c.want)
		}
	}
}

// A page of measurements alone, and one of runs of which nothing has ended.
func TestOverviewOfLittle(t *testing.T) {
	root := t.TempDir()
	measure(t, root, "one", `{"kind":"novel","arms":2,"note":"x"}`)
	has(t, page(t, &Overview{Collection: mustCollect(t, root)}), "1 measurement", ">novel<", ">note<")
	put(t, root, "run", config("SAM", 0.1, 0), 0)
	put(t, root, "more", config("SAM", 0.1, 1), 0)
	has(t, page(t, &Overview{Collection: mustCollect(t, root)}), "2 runs in 1 arm", "no data")
}

func TestOverviewEscapesNames(t *testing.T) {
	hostile := `</td><script>alert(1)</script>"'{{.}}`
	root := t.TempDir()
	c := config(hostile, 0.1, 0)
	c.Model, c.Dataset = hostile, hostile
	run := put(t, root, `<script>x`, c, 2)
	put(t, root, `" onload="y`, config("SGD", 0.1, 0), 2)
	write(t, root, "sweep.json", `{"runs":[{"name":"<script>x","point":"</svg><script>"}]}`)
	measure(t, run, "<b>", `{"kind":"\"><script>","</td><script>":"<script>","m\u0000<i>":[[1,2],[3,4]],"n":1}`)
	measure(t, run, "s", `{"kind":"sharpness","sharpness":[{"measure":"<script>","geometry":"</text>","radius":1,"loss_rise":{"mean":1}}]}`)
	measure(t, run, "n", `{"kind":"noise","noise":"<script>","points":[{"level":1,"accuracy":1},{"tensor":"</svg><script>","level":1,"accuracy":1}]}`)
	measure(t, run, "l", `{"kind":"landscape","to":"<script>","barrier":1,"points":[{"x":0,"loss":1},{"x":1,"loss":2}]}`)
	measure(t, run, "bad", `{"kind":"<script>`)
	o := &Overview{Collection: mustCollect(t, root), Program: "<u>"}
	p, images := predictions([]string{hostile, "</svg>"}, 8, 2, 2, 3)
	o.Predicted(o.Runs[0], p, images)
	html := page(t, o)
	for _, banned := range []string{"<script", "<i>", "<u>", `" onload="y`} {
		if strings.Contains(html, banned) {
			t.Errorf("the page has %q", banned)
		}
	}
}

// The page stays one that a browser takes: fewer pictures of each of many runs.
func TestOverviewOfFiftyRuns(t *testing.T) {
	root := t.TempDir()
	for i := range 52 {
		run := put(t, root, fmt.Sprintf("%02d", i), config("SAM", 0.1+float64(i/3)/100, uint64(i%3)), 3)
		measure(t, run, "landscape", plane(25))
	}
	o := &Overview{Collection: mustCollect(t, root)}
	p, images := predictions(names(100), 1000, 32, 32, 3) // as CIFAR-100 has
	for i, r := range o.Runs {
		if o.WithPredictions(r) != (i < 50) {
			t.Errorf("run %d: %v", i, o.WithPredictions(r))
		}
		if o.WithPredictions(r) {
			o.Predicted(r, p, images)
		}
	}
	html := page(t, o)
	has(t, html, "Of the first 50 of 52 runs", "The first 12 of 18 arms", "The first 12 of 52 maps")
	if n := strings.Count(html, "<img "); n != 50*4 {
		t.Errorf("%d pictures", n)
	}
	if len(html) > 4<<20 {
		t.Errorf("%d bytes", len(html))
	}
}

// plane is the result of a landscape of n x n points.
func plane(n int) string {
	var points []string
	for i := range n {
		for j := range n {
			x, y := float64(j-n/2), float64(i-n/2)
			points = append(points, fmt.Sprintf(`{"x":%g,"y":%g,"loss":%g}`, x, y, 0.1+x*x+2*y*y))
		}
	}
	return `{"kind":"landscape","points":[` + strings.Join(points, ",") + `]}`
}
