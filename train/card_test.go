package train

import (
	"errors"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"lbsam/datasets"
	"lbsam/train/checkpoint"
)

// named is few images of classes with commas, brackets and quotes in their names.
func named() *datasets.Dataset {
	d := few()
	d.Classes = slices.Clone(d.Classes)
	d.Classes[0], d.Classes[1], d.Classes[2] = "goldfish, Carassius auratus", `["a"]`, "ä"
	return d
}

// exportOf is the path of a checkpoint of a fresh model for d.
func exportOf(t *testing.T, c Config, d *datasets.Dataset) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model.safetensors")
	if err := mustOpenWith(t, c, d).Export(path, nil); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCardSaysWhatWasTrainedOn(t *testing.T) {
	d := named()
	path := exportOf(t, tiny("cpu", "SGD"), d)
	got, err := ReadCard(path)
	want := Card{path, "convnet", "Synthetic", d.Classes, 8, 8, 3, d.Mean, d.Std}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v, want %+v", got, err, want)
	}
	if err := got.Check(d); err != nil {
		t.Error(err)
	}
	data, err := got.Data()
	if err != nil || data.Train.N != 0 || !slices.Equal(data.Classes, d.Classes) {
		t.Errorf("%+v, %v", data, err)
	}
}

func TestCardOfOlderCheckpoints(t *testing.T) {
	path := filepath.Join(t.TempDir(), "old.safetensors")
	for text, want := range map[string][]string{"cat,dog": {"cat", "dog"}, "": nil, `["cat, big","dog"]`: {"cat, big", "dog"}, "[a],b": {"[a]", "b"}} {
		if err := checkpoint.Export(path, map[string]string{"classes": text, "input": "8x8x3"}, nil); err != nil {
			t.Fatal(err)
		}
		c, err := ReadCard(path)
		if err != nil || !slices.Equal(c.Classes, want) || c.Mean != nil {
			t.Errorf("%q: classes %q, mean %v, %v, want %q", text, c.Classes, c.Mean, err, want)
		}
		if _, err := c.Data(); !errors.As(err, new(CheckpointError)) || !strings.Contains(err.Error(), path+" does not say its classes") {
			t.Errorf("%q: %v, want an error about what is missing", text, err)
		}
	}
	for _, bad := range []map[string]string{
		{"input": "8x8"}, {"input": "8x0x3"}, {"input": "8x8x3", "mean": "0.5"}, {"input": "8x8x3", "mean": "[1,2]"},
		{"input": "8x8x1", "std": "[0]"}, {"input": "8x8x1", "std": "[1e999]"},
	} {
		if err := checkpoint.Export(path, bad, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadCard(path); !errors.As(err, new(CheckpointError)) || !strings.Contains(err.Error(), path) {
			t.Errorf("%v: %v, want a CheckpointError", bad, err)
		}
	}
}

// A checkpoint is refused with other classes or images than its own.
func TestCardRefusesOtherData(t *testing.T) {
	d := named()
	card := Card{Path: "x.safetensors", Classes: d.Classes, H: 8, W: 8, C: 3}
	for want, change := range map[string]func(d *datasets.Dataset){
		`class 9 is "dots" there and "cat" here`:         func(d *datasets.Dataset) { d.Classes[9] = "cat" },
		"trained on 10 classes, and Synthetic has 9":     func(d *datasets.Dataset) { d.Classes = d.Classes[:9] },
		"on images of 8x8x3, and those of Synthetic are": func(d *datasets.Dataset) { d.Train.H = 9 },
	} {
		other := *d
		other.Classes = slices.Clone(d.Classes)
		change(&other)
		if err := card.Check(&other); !errors.As(err, new(CheckpointError)) || !strings.Contains(err.Error(), "x.safetensors: trained on") || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := (Card{}).Check(d); err != nil {
		t.Errorf("a card that says nothing: %v", err)
	}
}

// A folder is read as the model of a card wants it, and not as its own images
// suggest: of another size, in colour, with the mean of the training data.
func TestCardOpensFolders(t *testing.T) {
	d := few()
	d.Classes = []string{"a", "b"}
	d.Name, d.Mean, d.Std = "ImageFolder", []float64{0.1, 0.2, 0.3}, []float64{0.4, 0.5, 0.6}
	path := exportOf(t, tiny("cpu", "SGD"), d)
	root := t.TempDir()
	for _, name := range []string{"train/a/1.png", "train/b/2.png", "val/b/3.png"} {
		grey(t, filepath.Join(root, name), 11, 9)
	}
	card, err := ReadCard(path)
	if err != nil {
		t.Fatal(err)
	}
	c := tiny("cpu", "SGD")
	c.Dataset, c.Init, c.Epochs = "folder:"+root, path, 1
	if err := c.Validate(); err != nil || c.Dataset != "ImageFolder" || c.Data != root {
		t.Fatalf("%v: %s in %s", err, c.Dataset, c.Data)
	}
	j, err := card.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if s := j.Data.Test; s.H != 8 || s.W != 8 || s.C != 3 || !slices.Equal(j.Data.Mean, d.Mean) || !slices.Equal(j.Data.Std, d.Std) {
		t.Errorf("%dx%dx%d, mean %v, std %v", s.H, s.W, s.C, j.Data.Mean, j.Data.Std)
	}
}

// grey writes a grey image.
func grey(t *testing.T, path string, h, w int) {
	t.Helper()
	m := image.NewGray(image.Rect(0, 0, w, h))
	m.SetGray(3, 3, color.Gray{200})
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if err := png.Encode(file, m); err != nil {
		t.Fatal(err)
	}
}

func TestNormalise(t *testing.T) {
	mean, std := data().Train.Statistics()
	for how, want := range map[string][2][]float64{
		"published": {data().Mean, data().Std}, "data": {mean, std}, "none": {{0, 0, 0}, {1, 1, 1}},
	} {
		c := small("mlp", "SGD")
		c.Normalise = how
		j := mustOpen(t, c)
		if !slices.Equal(j.Data.Mean, want[0]) || !slices.Equal(j.Data.Std, want[1]) || !slices.Equal(j.feeder.plain.Mean, want[0]) {
			t.Errorf("%s: mean %v, std %v, want %v", how, j.Data.Mean, j.Data.Std, want)
		}
	}
	if mean := data().Mean; !(math.Abs(mean[0]-0.34) < 1e-12) {
		t.Errorf("the caller's data changed: mean %v", mean)
	}
}

func TestSettingsOfImages(t *testing.T) {
	for want, change := range map[string]func(*Config){
		"--image-size is -1":                     func(c *Config) { c.ImageSize = -1 },
		"--channels is 2":                        func(c *Config) { c.Dataset, c.Channels = "ImageFolder", 2 },
		"--image-size and --channels are for im": func(c *Config) { c.ImageSize = 32 },
		`unknown normalise "publish"`:            func(c *Config) { c.Normalise = "publish" },
	} {
		c := small("mlp", "SGD")
		change(&c)
		if err := c.Validate(); !errors.As(err, new(UsageError)) || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
