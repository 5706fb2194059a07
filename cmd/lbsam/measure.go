package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lbsam/datasets"
	"lbsam/internal/atomicfile"
	"lbsam/train"
)

// measureFlags are what the measurements of a trained model have in common.
type measureFlags struct {
	config     train.Config
	split      string
	images     int
	batchStats bool
	out        string
	quiet      bool
}

// addTo adds them to the flags of a command.
func (o *measureFlags) addTo(flags *pflag.FlagSet) {
	o.config, o.split, o.images = train.Published(), "train", 1000
	f := newFlags()
	f.StringVar(&o.split, "split", o.split, splitHelp)
	f.IntVar(&o.images, "images", o.images, "how many of them, drawn by the seed; 0: all")
	f.BoolVar(&o.batchStats, "batch-statistics", false, "BatchNorm takes the statistics of each batch, as in training; else its running ones")
	f.StringVarP(&o.out, "out", "o", "", "`folder` for the results (default: one in the run folder of the checkpoint); what is finished there is not done again")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "show no progress")
	addSection(flags, "Measurement", f)
	addSome(flags, "Model, data and machine", &o.config, "dataset", "data", "model", "batch-size", "seed", "device", "precision", "threads")
	saidByFile(flags)
}

// A measurement is a model that is set up to be measured.
type measurement struct {
	*app
	kind       string
	checkpoint string // its file
	about      subject
	folder     string
	job        *train.Job
	probe      *train.Probe
	more       []*train.Job // see sites
	quiet      bool
	began      time.Time

	images  *datasets.Split
	samples []int32 // those that are looked at; nil: all
	drawn   int     // from how many
}

// A subject says what is measured: the part of the settings that all
// measurements have. A journal knows the checkpoint by its sum alone, so that a
// run folder can be moved; a result names the file too.
type subject struct {
	Checkpoint      string `json:"checkpoint,omitempty"`
	SHA256          string `json:"sha256"`
	Model           string `json:"model"`
	Dataset         string `json:"dataset"`
	Split           string `json:"split"`
	Images          int    `json:"images"`
	Batch           int    `json:"batch"`
	BatchStatistics bool   `json:"batch_statistics"`
	Device          string `json:"device"`
	Seed            uint64 `json:"seed"`

	Holdout *holdout `json:"holdout,omitempty"`
}

// measure opens the model in a file, of a run folder the best, with its images.
func (a *app) measure(cmd *cobra.Command, kind, path string, o *measureFlags) (*measurement, error) {
	c, err := o.check(cmd.Flags(), path)
	if err != nil {
		return nil, err
	}
	folder := o.out
	if folder == "" {
		run := filepath.Dir(c.Init)
		if _, err := os.Stat(filepath.Join(run, "config.toml")); err != nil {
			return nil, usageError("%s does not lie in a run folder: give --out, a folder for the results", c.Init)
		}
		folder = filepath.Join(run, kind)
	}
	held, err := heldOut(c.Init, c.Dataset)
	if err != nil {
		return nil, err
	}
	card, err := train.ReadCard(c.Init)
	if err != nil {
		return nil, err
	}
	sum, err := hashOf(c.Init)
	if err != nil {
		return nil, err
	}
	job, err := a.openJob(cmd.Context(), c, card.Open, false, false)
	if err != nil {
		return nil, err
	}
	m := &measurement{app: a, kind: kind, checkpoint: c.Init, folder: folder, job: job, quiet: o.quiet, about: subject{
		SHA256: sum, Model: job.Config.Model, Dataset: job.Config.Dataset, Split: o.split, Batch: c.Batch,
		BatchStatistics: o.batchStats, Device: job.Device.Name() + " " + precisionText(job.Device), Seed: c.Seed,
		Holdout: held,
	}}
	held.apply(job)
	if err := m.take(cmd.Context(), o); err != nil {
		job.Close()
		return nil, err
	}
	return m, nil
}

// check is the configuration for the file, if the flags make sense.
func (o *measureFlags) check(given *pflag.FlagSet, path string) (train.Config, error) {
	if err := checkSplit(o.split); err != nil {
		return o.config, err
	}
	if o.images < 0 {
		return o.config, usageError("--images is %d: want 0 (all) or more", o.images)
	}
	return checkpointConfig(path, o.config, given.Changed("model"), given.Changed("dataset"))
}

// checkRecalibrate checks the number of batches of --recalibrate.
func (o *measureFlags) checkRecalibrate(batches int) error {
	if batches < 0 {
		return usageError("--recalibrate is %d: want 0 (not) or more batches", batches)
	}
	if batches > 0 && o.batchStats {
		return usageError("--recalibrate and --batch-statistics: give one of them")
	}
	return nil
}

// take brings the images to the device: the first ones of an order that the seed
// decides, in the order in which they lie.
func (m *measurement) take(ctx context.Context, o *measureFlags) (err error) {
	m.images, m.samples = m.job.Split(o.split)
	n := m.images.N
	if m.samples != nil {
		n = len(m.samples)
	}
	if n == 0 {
		return noneHeldOut(m.checkpoint)
	}
	if o.images > n {
		return usageError("--images is %d, and the %s set of %s has %d: want so many at most, or 0 for all", o.images, o.split, m.about.Dataset, n)
	}
	m.about.Images, m.drawn = n, n
	if o.images > 0 {
		m.samples = datasets.Sequence(nil, m.samples, n, m.about.Seed, 0, true)[:o.images]
		m.about.Images = o.images
	}
	m.probe, err = m.look(ctx, m.job)
	return err
}

// look returns a probe of a job on the images.
func (m *measurement) look(ctx context.Context, job *train.Job) (*train.Probe, error) {
	p, err := job.Probe(ctx, m.images, m.samples)
	if err == nil {
		p.BatchStatistics = m.about.BatchStatistics
	}
	return p, err
}

// hashOf is the SHA-256 of a file.
func hashOf(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", train.CheckpointError{Err: err}
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, file); err != nil {
		return "", train.CheckpointError{Err: fmt.Errorf("%s: %w", path, err)}
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}

// run does the work, which tells how far it is and ends early when its context
// does. What is finished is kept then, and the user reads how to go on.
func (m *measurement) run(ctx context.Context, work func(ctx context.Context, tell func(done, total int)) error) error {
	ctx, caught := train.Signals(ctx, func(s os.Signal) { os.Exit(signalCode(s)) })
	if !m.quiet {
		fmt.Fprintf(m.stderr, "%s  %s on %d %s images of %s%s  %s  into %s\n", m.kind, m.about.Model, m.about.Images, m.about.Split, m.about.Dataset,
			m.about.Holdout.about(m.about.Split, m.drawn), m.about.Device, m.folder)
	}
	m.began = time.Now()
	meter := &meter{out: m.stderr, terminal: m.terminal, quiet: m.quiet, every: m.every, kind: m.kind, began: m.began}
	err := work(ctx, meter.tell)
	meter.end()
	if s := caught(); s != nil && err != nil {
		fmt.Fprintf(m.stderr, "stopped; what is finished is in %s\ncontinue with: %s\n", m.folder, strings.Join(m.command(), " "))
		return stopped{s}
	}
	return err
}

// write writes the result of a measurement, whole or not at all, and shows it on
// stdout.
func (m *measurement) write(result any) error {
	text, err := json.MarshalIndent(result, "", "  ")
	if err == nil {
		err = atomicfile.Write(filepath.Join(m.folder, "result.json"), append(text, '\n'))
	}
	if err != nil {
		return train.FolderError{Err: fmt.Errorf("%s: %w", m.kind, err)}
	}
	return m.result(result)
}

func (m *measurement) close() {
	for _, job := range append(m.more, m.job) {
		job.Close()
	}
}
