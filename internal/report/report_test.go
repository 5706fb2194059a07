package report

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"lbsam/datasets"
	"lbsam/train"
)

// folder makes a run folder with these settings and lines of metrics.
func folder(t *testing.T, c train.Config, lines ...any) string {
	t.Helper()
	path := t.TempDir()
	config, err := toml.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	var metrics []byte
	for _, v := range lines {
		text, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		metrics = append(append(metrics, text...), '\n')
	}
	write(t, path, "config.toml", string(config))
	write(t, path, "metrics.jsonl", string(metrics))
	write(t, path, "command", "lbsam train --seed 1\n")
	write(t, path, "env.json", `{"time": "2026-11-26T05:17:26Z", "os": "linux", "arch": "amd64", "processors": 2}`)
	return path
}

func write(t *testing.T, path, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(path, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// epochs are the lines of a run of n epochs of two intervals.
func epochs(n int) (lines []any) {
	for e := 1; e <= n; e++ {
		for half := 1; half <= 2; half++ {
			lines = append(lines, train.Interval{
				Kind: "interval", Epoch: e, Step: 10*(e-1) + 5*half, Evals: int64(30*(e-1) + 15*half), Images: 80,
				LR: 0.1, Rho: 0.05, Loss: 2 / float64(e), Accuracy: 0.5, LossRise: 0.1, GradNorm: 1, Distance: 0.1,
				AlphaMin: 0.8, AlphaMean: 0.9, AlphaMax: 1, ImagesPerSecond: 40,
			})
		}
		lines = append(lines, train.Epoch{
			Kind: "epoch", Epoch: e, Step: 10 * e, Evals: int64(30 * e), TrainLoss: 2 / float64(e), TrainAccuracy: 0.5,
			Test: train.Score{Loss: 1, Accuracy: 0.75, Images: 8}, Best: 0.75, SelectedOn: "test", BestEpoch: 1, Seconds: 4,
		})
	}
	return lines
}

// predictions are n images [h w c] of the given classes, of which image i has
// label i and is taken for the class behind it if i is odd.
func predictions(classes []string, n, h, w, c int) (*train.Predictions, *datasets.Split) {
	p := &train.Predictions{Classes: classes}
	s := &datasets.Split{Images: make([]uint8, n*h*w*c), N: n, H: h, W: w, C: c}
	for i := range n {
		p.Labels = append(p.Labels, int32(i%len(classes)))
		row := make([]float32, len(classes))
		row[(i+i%2)%len(classes)] = 1 - float32(i)/float32(2*n)
		p.Probabilities = append(p.Probabilities, row...)
	}
	for i := range s.Images {
		s.Images[i] = uint8(i)
	}
	return p, s
}

func names(n int) (list []string) {
	for i := range n {
		list = append(list, fmt.Sprintf("class %d", i))
	}
	return list
}

// page writes the page and checks what holds for every page: it is well-formed
// (it is XML too), loads nothing, runs nothing, and shows no number that is none.
func page(t *testing.T, p interface{ Write(io.Writer) error }) string {
	t.Helper()
	var b strings.Builder
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	html := b.String()
	for d := xml.NewDecoder(strings.NewReader(html)); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		if e, ok := token.(xml.StartElement); ok {
			checkElement(t, e)
		}
	}
	for _, banned := range []string{"://", "url(", "@import", "ZgotmplZ", "NaN", "Inf", "%!"} {
		if strings.Contains(html, banned) {
			t.Errorf("the page has %q", banned)
		}
	}
	return html
}

// checkElement allows nothing that loads or runs.
func checkElement(t *testing.T, e xml.StartElement) {
	t.Helper()
	switch e.Name.Local {
	case "script", "iframe", "object", "embed", "foreignObject", "image", "use", "base":
		t.Errorf("the page has an element %s", e.Name.Local)
	}
	for _, a := range e.Attr {
		name := strings.ToLower(a.Name.Local)
		if (name == "src" || strings.HasSuffix(name, "href")) && !strings.HasPrefix(a.Value, "data:") && (e.Name.Local != "a" || !strings.HasPrefix(a.Value, "#")) || strings.HasPrefix(name, "on") {
			t.Errorf("<%s %s=%q>", e.Name.Local, name, a.Value)
		}
	}
}

func mustRead(t *testing.T, path string) *Run {
	t.Helper()
	r, err := Read(path)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// has checks that a page shows all these texts.
func has(t *testing.T, html string, texts ...string) {
	t.Helper()
	for _, want := range texts {
		if !strings.Contains(html, want) {
			t.Errorf("no %q in the page", want)
		}
	}
}

func TestPageOfARunThatEnded(t *testing.T) {
	c := train.Demo()
	c.Seed, c.LR, c.Schedule, c.Milestones = 7, 0.04, "multistep", []float64{2, 4}
	path := folder(t, c, epochs(6)...)
	write(t, path, "DONE", "{}")
	write(t, path, "last.safetensors", "weights")
	write(t, path, "command", "lbsam train\n# train: interrupted after step 15\nlbsam train --resume x\n# resumed after step 15, in epoch 2\n")
	p, images := predictions(names(3), 8, 2, 2, 3)
	html := page(t, Page{Run: mustRead(t, path), Program: "lbsam 9", Predictions: p, Images: images})
	has(t, html, ">done<", "75.0% of 8 test images right after epoch 6 of 3", "selected on the test set", "180 gradient evaluations in 60 steps",
		"26 November 2026, 05:17", "device auto, precision auto; linux/amd64; processors 2<", "24.0 s, evaluations not counted", "Interrupted after step 15.", "Resumed after step 15, in epoch 2.", "lbsam train --resume x",
		"SHA-256 9a129038d9a00aed", ">lr 0.004<", ">lr 4e-4<", "preset demo", "<code>7</code>", "Numbers of the epochs",
		"on 8 test images: 50.0% right", "class 1", "0.812", "lbsam 9.")
	if n := strings.Count(html, `<img src="data:image/png;base64,`); n != 4 {
		t.Errorf("%d pictures, want those of 4 mistakes", n)
	}
}

func TestPageOfARunWithoutAnEnd(t *testing.T) {
	whole := epochs(1)
	for name, c := range map[string]struct {
		lines   []any
		command string
		texts   []string
	}{
		"nothing yet":       {nil, "lbsam train\n", []string{">not finished<", "No epoch of 3 has ended: the run came to step 0.", "no data", "Nothing to see."}},
		"no epoch yet":      {whole[:2], "lbsam train\n", []string{"the run came to step 10.", ">step<", "30 gradient evaluations", "4.0 s, eval"}},
		"one epoch":         {whole, "lbsam train\n", []string{"after epoch 1 of 3"}},
		"resumed":           {whole, "a\n# train: interrupted after step 3\nb\n# resumed after step 3, in epoch 1\n", []string{">not finished<"}},
		"interrupted":       {whole, "a\n# train: interrupted after step 3\n", []string{">interrupted<"}},
		"diverged":          {whole, "a\n# train: the loss is infinite at step 4\n", []string{">diverged<", "The loss is infinite at step 4."}},
		"a device at fault": {whole, "a\n# the device is gone\n", []string{">failed<", "The device is gone."}},
	} {
		t.Run(name, func(t *testing.T) {
			path := folder(t, train.Demo(), c.lines...)
			write(t, path, "command", c.command)
			has(t, page(t, Page{Run: mustRead(t, path), Missing: "Nothing to see."}), c.texts...)
		})
	}
}

func TestPageOfAnAveragedRunThatStoppedEarly(t *testing.T) {
	c := train.Demo()
	c.EMA, c.EarlyStop, c.Epochs = 0.9, 2, 9
	path := folder(t, c, epochs(3)...)
	if html := page(t, Page{Run: mustRead(t, path)}); strings.Contains(html, "Stopped early") {
		t.Error("a run that is under way stopped early")
	}
	write(t, path, "DONE", "{}")
	has(t, page(t, Page{Run: mustRead(t, path)}), "moving average, ema 0.9", "Stopped early: early_stop 2.")
}

// A diverged run names the loss, which is no number: that is text, and the curves
// stay finite.
func TestPageOfALossThatIsNoNumber(t *testing.T) {
	path := folder(t, train.Demo(), epochs(1)...)
	r := mustRead(t, path)
	r.Intervals[1].Loss, r.Intervals[1].GradNorm, r.Intervals[1].AlphaMin = math.NaN(), math.Inf(1), math.NaN()
	r.Epochs[0].Test.Accuracy = 0
	page(t, Page{Run: r})
}

func TestPageOfDamagedFiles(t *testing.T) {
	path := folder(t, train.Demo(), epochs(2)...)
	metrics, err := os.ReadFile(filepath.Join(path, "metrics.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for cut := range len(metrics) {
		if cut%37 != 0 {
			continue // every byte takes long
		}
		write(t, path, "metrics.jsonl", string(metrics[:cut]))
		r := mustRead(t, path)
		if broken := cut > 0 && metrics[cut-1] != '\n' && metrics[cut] != '\n'; (r.Damaged == 1) != broken {
			t.Fatalf("cut at byte %d of %d: %d damaged lines", cut, len(metrics), r.Damaged)
		}
		page(t, Page{Run: r})
	}
	write(t, path, "metrics.jsonl", "{\"kind\":\"interval\",\"loss\":\"x\"}\n\x00\xff\nnull\n[]\n")
	write(t, path, "env.json", `{"device": "cpu float64", "arch": 7}`)
	has(t, page(t, Page{Run: mustRead(t, path)}), "<dd>cpu float64</dd>")
	write(t, path, "env.json", "null")
	r := mustRead(t, path)
	has(t, page(t, Page{Run: r}), "3 lines of metrics.jsonl cannot be read")
	for _, name := range []string{"metrics.jsonl", "env.json", "command"} {
		if err := os.Remove(filepath.Join(path, name)); err != nil {
			t.Fatal(err)
		}
	}
	page(t, Page{Run: mustRead(t, path)})
	write(t, path, "config.toml", "seed = [")
	if _, err := Read(path); !errors.As(err, new(train.FolderError)) || !strings.Contains(err.Error(), "config.toml") {
		t.Error(err)
	}
	if _, err := Read(t.TempDir()); !errors.As(err, new(train.FolderError)) || !strings.Contains(err.Error(), "is not a run folder") {
		t.Error(err)
	}
}

func TestPageEscapesNames(t *testing.T) {
	hostile := []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</svg></style>`, `{{.}}`, `javascript:x`, `' onload='x`, "a&b"}
	c := train.Demo()
	c.Data, c.Model = `</code><script>`, `<b>`
	path := folder(t, c, epochs(1)...)
	write(t, path, "command", "lbsam --data '</code><script>alert(1)</script>'\n# <i>\n")
	write(t, path, "env.json", `{"os": "<svg onload=x>"}`)
	p, images := predictions(hostile, 14, 2, 2, 3)
	html := page(t, Page{Run: mustRead(t, path), Program: "<u>", Predictions: p, Images: images})
	for _, banned := range []string{"<script", "<b>resnet", "<i>", "<u>", "<img src=x", "<svg onload", "</svg></style>"} {
		if strings.Contains(html, banned) {
			t.Errorf("the page has %q", banned)
		}
	}
}

func TestPageOfManyClassesAndOfGreyImages(t *testing.T) {
	path := folder(t, train.Published(), epochs(1)...)
	p, images := predictions(names(100), 400, 3, 5, 1)
	html := page(t, Page{Run: mustRead(t, path), Predictions: p, Images: images})
	has(t, html, "Accuracy per class: the lowest 20 of 100", "24 of 200 images", "class 99")
	if len(html) > 200_000 {
		t.Errorf("%d bytes", len(html))
	}
	p, images = predictions(names(3), 1, 2, 2, 1)
	images.N = 50
	has(t, page(t, Page{Run: mustRead(t, path), Predictions: p, Images: images}), "No image was predicted wrongly", "The set has 50.")
	p.Probabilities[0] = float32(math.NaN())
	page(t, Page{Run: mustRead(t, path), Predictions: p, Images: images})
}
