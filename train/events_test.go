package train

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

// A shown value is one that an event file has.
type shown struct {
	step   int64
	tag    string
	scalar float32
	body   []byte // of what is no scalar
	field  protowire.Number
}

// restarted is the tag of the event that makes others void.
const restarted = "(restart)"

// eventsIn are the values of an event file.
func eventsIn(t *testing.T, path string) (all []shown) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for len(text) > 0 {
		n := binary.LittleEndian.Uint64(text)
		event := fields(t, text[12:12+n])
		text = text[16+n:]
		var step int64
		if s := event[2]; len(s) > 0 {
			v, _ := protowire.ConsumeVarint(s[0])
			step = int64(v)
		}
		if len(event[7]) > 0 {
			all = append(all, shown{step: step, tag: restarted})
		}
		for _, summary := range event[5] {
			for _, value := range fields(t, summary)[1] {
				f := fields(t, value)
				v := shown{step: step, tag: string(f[1][0])}
				for _, field := range []protowire.Number{4, 5, 8} {
					if len(f[field]) > 0 {
						v.field, v.body = field, f[field][0]
					}
				}
				if len(f[2]) > 0 {
					v.scalar = math.Float32frombits(binary.LittleEndian.Uint32(f[2][0]))
				}
				all = append(all, v)
			}
		}
	}
	return all
}

// fields are those of a message, numbers as they are encoded.
func fields(t *testing.T, message []byte) map[protowire.Number][][]byte {
	t.Helper()
	all := map[protowire.Number][][]byte{}
	for len(message) > 0 {
		number, kind, n := protowire.ConsumeTag(message)
		if n < 0 {
			t.Fatalf("no message: %v", protowire.ParseError(n))
		}
		message = message[n:]
		n = protowire.ConsumeFieldValue(number, kind, message)
		if n < 0 {
			t.Fatalf("no message: %v", protowire.ParseError(n))
		}
		value := message[:n]
		if kind == protowire.BytesType {
			value, _ = protowire.ConsumeBytes(value)
		}
		all[number], message = append(all[number], value), message[n:]
	}
	return all
}

func eventFiles(t *testing.T, path string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(path, "events.out.tfevents.*"))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(files)
	return files
}

func TestEventsAreTheMetrics(t *testing.T) {
	c := small("convnet", "LookbehindSAM")
	c.ValSplit = 0.1
	path := filepath.Join(t.TempDir(), "run")
	ctx, cancel := context.WithCancel(context.Background())
	runIn(t, ctx, c, path, &stopper{left: 3 + 3, cancel: cancel}) // in the evaluation of the second epoch
	folder, c, err := OpenFolder(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	j := mustOpen(t, c)
	if err := j.Resume(folder); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Run(context.Background(), folder, nil); err != nil {
		t.Fatal(err)
	}
	folder.Close()

	files := eventFiles(t, path)
	if len(files) != 2 {
		t.Fatalf("%d event files, want one per start", len(files))
	}
	first, second := eventsIn(t, files[0]), eventsIn(t, files[1])
	if second[0].tag != restarted || second[0].step != 7 {
		t.Errorf("the resumed run begins with %+v, want a restart from step 7", second[0])
	}
	got := map[string]float32{}
	for _, v := range append(first, second[1:]...) {
		if v.body == nil {
			got[fmt.Sprint(v.step, v.tag)] = v.scalar
		}
	}
	want := scalarsOf(t, filepath.Join(path, "metrics.jsonl"))
	if len(got) != len(want) || len(want) < 50 {
		t.Errorf("%d scalars, want %d", len(got), len(want))
	}
	for at, v := range want {
		if g, ok := got[at]; !ok || g != float32(v) {
			t.Errorf("%s: %v, want %v", at, g, v)
		}
	}
	t.Run("pictures", func(t *testing.T) { testPictures(t, j, first, second) })
}

// runIn runs c in a new folder until watch ends ctx.
func runIn(t *testing.T, ctx context.Context, c Config, path string, watch Watcher) {
	t.Helper()
	folder, err := CreateFolder(path, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	j := mustOpen(t, c)
	if _, err := j.Run(ctx, folder, watch); err != nil && ctx.Err() == nil {
		t.Fatal(err)
	}
}

// scalarsOf are the numbers of the metrics by step and tag.
func scalarsOf(t *testing.T, path string) map[string]float64 {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]float64{}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		var v Interval
		var e Epoch
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		numbers := map[string]float64{
			"train/loss": v.Loss, "train/accuracy": v.Accuracy, "train/accuracy_perturbed": v.PerturbedAccuracy,
			"schedule/lr": v.LR, "schedule/rho": v.Rho, "norm/gradient": v.GradNorm, "norm/perturbation": v.Distance,
			"speed/images_per_second": v.ImagesPerSecond, "speed/wait_share": v.WaitShare,
			"alpha/min": v.AlphaMin, "alpha/mean": v.AlphaMean, "alpha/max": v.AlphaMax, "inner/loss_rise": v.LossRise,
		}
		if v.Kind == "epoch" {
			if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
				t.Fatal(err)
			}
			numbers = map[string]float64{
				"epoch/train_loss": e.TrainLoss, "epoch/train_accuracy": e.TrainAccuracy, "epoch/test_loss": e.Test.Loss,
				"epoch/test_accuracy": e.Test.Accuracy, "epoch/validation_loss": e.Validation.Loss, "epoch/validation_accuracy": e.Validation.Accuracy,
				"epoch/best": e.Best, "epoch/number": float64(e.Epoch), "epoch/seconds": e.Seconds,
			}
		}
		for i := range v.AscentLoss {
			numbers[fmt.Sprintf("inner/ascent_loss_%d", i+1)] = v.AscentLoss[i]
			numbers[fmt.Sprintf("inner/descent_loss_%d", i+1)] = v.DescentLoss[i]
		}
		for tag, number := range numbers {
			all[fmt.Sprint(v.Step, tag)] = number
		}
	}
	return all
}

// testPictures looks at what is no scalar: the configuration and images at the
// beginning, histograms of the weights of j, which ended the run, at its end.
func testPictures(t *testing.T, j *Job, first, second []shown) {
	if first[0].tag != "configuration" || first[0].step != 0 || !strings.Contains(string(first[0].body), "\n    minimizer = 'LookbehindSAM'\n") {
		t.Errorf("configuration: %+v", first[0])
	}
	images := 0
	for _, v := range append(first, second...) {
		if v.tag != "images" {
			continue
		}
		images++
		picture, err := png.Decode(bytes.NewReader(fields(t, v.body)[4][0]))
		if err != nil || v.step != 2 || picture.Bounds().Dx() != 8*32+7*2 || picture.Bounds().Dy() != 32 {
			t.Errorf("step %d: %v", v.step, err)
		}
	}
	if images != 1 {
		t.Errorf("images were shown %d times, want once", images)
	}
	last := map[string][]byte{}
	for _, v := range second {
		if v.field == 5 {
			last[v.tag] = v.body
		}
	}
	for _, p := range j.Params.List {
		body, ok := last["weights/"+p.Name]
		if ok != (len(p.Shape()) > 1) {
			t.Errorf("histogram of %s: %v", p.Name, ok)
		}
		if !ok {
			continue
		}
		h := fields(t, body)
		values := p.Value.Floats()
		number := func(field protowire.Number) float64 {
			return math.Float64frombits(binary.LittleEndian.Uint64(h[field][0]))
		}
		if number(1) != slices.Min(values) || number(2) != slices.Max(values) || number(3) != float64(len(values)) {
			t.Errorf("%s: from %v to %v, %v values", p.Name, number(1), number(2), number(3))
		}
	}
	if _, ok := last["alpha"]; !ok {
		t.Error("no histogram of alpha")
	}
}

// The images are those of the batch, as bytes again.
func TestEventsShowImagesAsTheyWere(t *testing.T) {
	c := small("convnet", "SGD")
	c.Augment = false
	j := mustOpen(t, c)
	s := &events{job: j}
	split := &j.Data.Train
	for i, pixel := range split.Images[:200] {
		channel := i % split.C
		x := (float64(pixel)/255 - j.Data.Mean[channel]) / j.Data.Std[channel]
		if got := s.brightness(float64(float32(x)), channel); got != pixel {
			t.Errorf("pixel %d is %d, want %d", i, got, pixel)
		}
	}
	if s.brightness(1e9, 0) != 255 || s.brightness(-1e9, 0) != 0 {
		t.Error("brightness leaves the range of a byte")
	}
}

func TestNoEventsIfNotAsked(t *testing.T) {
	c := small("convnet", "SGD")
	c.Epochs, c.TensorBoard = 1, false
	path := filepath.Join(t.TempDir(), "run")
	runIn(t, context.Background(), c, path, nil)
	if files := eventFiles(t, path); len(files) > 0 {
		t.Errorf("%q", files)
	}
}

// What a method does not have is not shown.
func TestEventsOfOtherMethods(t *testing.T) {
	for minimizer, missing := range map[string][]string{
		"SGD":           {"alpha", "inner", "schedule/rho", "norm/perturbation"},
		"LookbehindSAM": {"alpha"}, // a fixed one
	} {
		c := small("convnet", minimizer)
		c.Epochs, c.Adaptive = 1, false
		path := filepath.Join(t.TempDir(), "run")
		runIn(t, context.Background(), c, path, nil)
		for _, v := range eventsIn(t, eventFiles(t, path)[0]) {
			for _, tag := range missing {
				if strings.HasPrefix(v.tag, tag) {
					t.Errorf("%s: %s at step %d", minimizer, v.tag, v.step)
				}
			}
		}
	}
}

// The hash of a state that a program without the newer settings saved:
//
//	lbsam train --preset official --print-config | sed "s/^data = .*/data = ''/; s/^log_every = .*/log_every = 0/
//		s/^device = .*/device = ''/; s/^graphs = .*/graphs = false/" | sha256sum
func TestStatesOfOlderProgramsFit(t *testing.T) {
	const old = "cad3e34246520c1dda590b9c51fc43d31c32f6bef40c1dd3e7a5ad6a612000f2"
	c := Published()
	if c.hash() != old {
		t.Errorf("hash %s, want %s", c.hash(), old)
	}
	c.TensorBoard, c.Threads = false, 3
	if c.hash() != old {
		t.Error("what does not decide the weights changes the hash")
	}
	c.LR = 0.2
	if c.hash() == old {
		t.Error("the learning rate does not change the hash")
	}
}
