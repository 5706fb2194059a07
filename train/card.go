package train

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"lbsam/datasets"
	"lbsam/train/checkpoint"
)

// A Card is what a checkpoint says about the model in it. What it does not say
// is empty.
type Card struct {
	Path           string // of the checkpoint
	Model, Dataset string
	Classes        []string
	H, W, C        int       // of the images
	Mean, Std      []float64 // [C]: with which they are normalised
}

// card describes the model of j.
func (j *Job) card() Card {
	s := j.Data.Train
	return Card{
		Model: j.Model.Name, Dataset: j.Data.Name, Classes: j.Data.Classes,
		H: s.H, W: s.W, C: s.C, Mean: j.Data.Mean, Std: j.Data.Std,
	}
}

// metadata is the card as it stands in a checkpoint: lists in JSON, because a
// class may have a comma in its name.
func (c Card) metadata() map[string]string {
	return map[string]string{
		"model": c.Model, "dataset": c.Dataset, "classes": jsonText(c.Classes),
		"input": fmt.Sprintf("%dx%dx%d", c.H, c.W, c.C), "mean": jsonText(c.Mean), "std": jsonText(c.Std),
	}
}

func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("train: %v", err)) // of texts, or of numbers that are finite
	}
	return string(text)
}

// ReadCard returns what a checkpoint says about its model.
func ReadCard(path string) (Card, error) {
	h, err := checkpoint.Inspect(path)
	if err != nil {
		return Card{}, CheckpointError{err}
	}
	if err := noModel(h, path); err != nil {
		return Card{}, err
	}
	c := Card{Path: path, Model: h.Metadata["model"], Dataset: h.Metadata["dataset"]}
	if err := c.parse(h.Metadata); err != nil {
		return Card{}, CheckpointError{fmt.Errorf("train: %s: %w", path, err)}
	}
	return c, nil
}

func (c *Card) parse(metadata map[string]string) error {
	c.Classes = parseClasses(metadata["classes"])
	if text := metadata["input"]; text != "" {
		if n, err := fmt.Sscanf(text, "%dx%dx%d", &c.H, &c.W, &c.C); n != 3 || err != nil || min(c.H, c.W, c.C) < 1 {
			return fmt.Errorf("found input %.40q, want height x width x channels", text)
		}
	}
	for name, list := range map[string]*[]float64{"mean": &c.Mean, "std": &c.Std} {
		text := metadata[name]
		if text == "" {
			continue
		}
		if err := json.Unmarshal([]byte(text), list); err != nil || len(*list) != c.C {
			return fmt.Errorf("found %s %.40q, want %d numbers in brackets", name, text, c.C)
		}
	}
	if slices.ContainsFunc(c.Std, func(v float64) bool { return !(v > 0) }) {
		return fmt.Errorf("found std %v, want numbers above 0", c.Std)
	}
	return nil
}

// parseClasses reads a list of classes: in JSON, or with commas between them,
// as it was written before classes had commas in their names.
func parseClasses(text string) (classes []string) {
	if text == "" || json.Unmarshal([]byte(text), &classes) == nil {
		return classes
	}
	return strings.Split(text, ",")
}

// Check returns an error if the model was trained on other classes or images
// than those of d, as far as the card tells.
func (c Card) Check(d *datasets.Dataset) error {
	fail := func(format string, args ...any) error {
		return CheckpointError{fmt.Errorf("train: %s: %s", c.Path, fmt.Sprintf(format, args...))}
	}
	if s := d.Train; c.C != 0 && (s.H != c.H || s.W != c.W || s.C != c.C) {
		return fail("trained on images of %dx%dx%d, and those of %s are %dx%dx%d", c.H, c.W, c.C, d.Name, s.H, s.W, s.C)
	}
	if c.Classes == nil || slices.Equal(c.Classes, d.Classes) {
		return nil
	}
	if len(c.Classes) != len(d.Classes) {
		return fail("trained on %d classes, and %s has %d", len(c.Classes), d.Name, len(d.Classes))
	}
	i := 0
	for c.Classes[i] == d.Classes[i] {
		i++
	}
	return fail("trained on other classes than those of %s: class %d is %q there and %q here", d.Name, i, c.Classes[i], d.Classes[i])
}

// Open is Open for the model of the card in evaluation: the data of config must
// have its classes and images, and are normalised as the card says.
func (c Card) Open(config Config) (*Job, error) {
	if c.H == c.W && slices.Contains(datasets.ImageSets(), config.Dataset) {
		config.ImageSize, config.Channels = c.H, c.C
	}
	d, err := OpenData(&config)
	if err != nil {
		return nil, err
	}
	if err := c.Check(d); err != nil {
		return nil, err
	}
	if c.Mean != nil && c.Std != nil {
		d.Mean, d.Std = c.Mean, c.Std
	}
	return OpenWith(config, d)
}

// Data is a data set of the card's classes and normalisation without images,
// for a job that is to classify others.
func (c Card) Data() (*datasets.Dataset, error) {
	if c.Classes == nil || c.C == 0 || c.Mean == nil || c.Std == nil {
		return nil, CheckpointError{fmt.Errorf("train: %s does not say its classes, the size of its images and their mean and std: want a file that train has written", c.Path)}
	}
	empty := datasets.Split{H: c.H, W: c.W, C: c.C}
	return &datasets.Dataset{Name: c.Dataset, Classes: c.Classes, Train: empty, Test: empty, Mean: c.Mean, Std: c.Std}, nil
}
