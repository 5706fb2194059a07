package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lbsam/analysis/lifelong"
	"lbsam/datasets"
	"lbsam/train"
)

// lifelongFlags are the flags of lifelong that are no settings.
type lifelongFlags struct {
	out                    string
	noOut, quiet, download bool
}

// newLifelong returns the command lifelong.
func newLifelong(a *app) *cobra.Command {
	c, o := lifelongDefaults(), &lifelongFlags{}
	cmd := &cobra.Command{
		Use:   "lifelong",
		Short: "Train on a stream of tasks and measure what is forgotten",
		Long: `Train one model on a stream of tasks, one after the other, and measure its accuracy on all of them behind each one.
With several seeds the result is their mean and standard deviation.

  lbsam lifelong                                              five tasks of two classes of the synthetic set: needs no files
  lbsam lifelong --dataset CIFAR100 --data DIR --model resnet18-w20 --heads multi --method agem --memory-per-class 13 --memory-batch 256
  lbsam lifelong --dataset MNIST --data DIR --model mlp --stream permuted --method er --seeds 0,1,2

Each task is kept as it ends. Ctrl-C prints the command that goes on from there, and so does the same command with --out
after a kill. Progress goes to stderr, the result to stdout, as one line of JSON.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("memory") {
				if cmd.Flags().Changed("memory-per-class") {
					return usageError("--memory and --memory-per-class both say how large the memory is: give one of them")
				}
				c.PerClass = 0
			}
			return a.lifelong(cmd, c, o)
		},
	}
	f := newFlags()
	lifelongSettings(f, &c)
	addSection(cmd.Flags(), "Stream and memory", f)
	addSome(cmd.Flags(), "Data and model", &c.Train, "dataset", "data", "image-size", "channels", "normalise", "model", "augment", "cutout", "dropout", "label-smoothing")
	addSome(cmd.Flags(), "Training", &c.Train, "minimizer", "rho", "eta", "k", "alpha", "alpha-scope", "lookahead-alpha", "lookahead-k", "radius", "pull", "reuse",
		"bn-stats", "no-perturb-norm", "no-decay-norm", "optimizer", "lr", "momentum", "weight-decay", "dampening", "nesterov", "beta1", "beta2", "eps", "clip", "batch-size", "epochs", "limit-batches")
	addSome(cmd.Flags(), "Machine", &c.Train, "device", "precision", "loss-scale", "threads", "recompute", "graphs", "log-every")
	cmd.Flags().Lookup("epochs").Usage = "passes over the training images of each task"
	cmd.Flags().Lookup("batch-size").Usage = "images of the task per batch"
	r := newFlags()
	r.StringVar(&o.out, "out", "", "`folder` for what is measured: a new one, or one of the same settings, which goes on (default runs/DATE-TIME-lifelong-...)")
	r.BoolVar(&o.noOut, "no-out", false, "keep nothing")
	r.BoolVar(&o.quiet, "quiet", false, "no progress, only the result")
	r.BoolVar(&o.download, "download", false, "first fetch the data set if it is not found: as lbsam data get does")
	addSection(cmd.Flags(), "Run", r)
	return cmd
}

// lifelongDefaults is the protocol of A-GEM's paper, in small.
func lifelongDefaults() lifelong.Config {
	t := train.Published()
	t.Dataset, t.Model = "Synthetic", "resnet8-w8"
	t.LR, t.Momentum, t.WeightDecay, t.Rho = 0.03, 0, 0, 0.05
	t.Batch, t.Epochs, t.Augment, t.Schedule = 10, 1, false, "constant"
	return lifelong.Config{
		Train: t, Stream: lifelong.Split, Order: lifelong.BySeed, Heads: lifelong.Single, Method: lifelong.Finetune,
		PerClass: 10, MemoryBatch: 10, Seeds: []uint64{0},
	}
}

func lifelongSettings(f *pflag.FlagSet, c *lifelong.Config) {
	list := func(names []string) string { return strings.Join(names, ", ") }
	f.StringVar(&c.Stream, "stream", c.Stream, "what tells the tasks apart: classes (split), an order of the pixels (permuted), an angle up to 180 degrees (rotated): "+list(lifelong.Streams()))
	f.IntVar(&c.Tasks, "tasks", c.Tasks, "of the stream; 0: 20 for CIFAR100, half as many as classes for another split, else 10")
	f.IntVar(&c.Learn, "learn", c.Learn, "learn the first `tasks` of the stream only, to choose settings on; 0: all")
	f.StringVar(&c.Order, "class-order", c.Order, "of a split: random by seed, or sorted by label: "+list(lifelong.Orders()))
	f.StringVar(&c.Heads, "heads", c.Heads, "one for all tasks, or one for each, where the logits of other tasks' classes are masked: "+list(lifelong.Heads()))
	f.StringVar(&c.Method, "method", c.Method, "against forgetting: none (finetune), experience replay (er), A-GEM's projection of gradients (agem): "+list(lifelong.Methods()))
	f.IntVar(&c.Memory, "memory", c.Memory, "`samples` that er and agem keep, in all (default: --memory-per-class for each class of each task)")
	f.IntVar(&c.PerClass, "memory-per-class", c.PerClass, "`samples` for each class of each task; together they are one reservoir")
	f.IntVar(&c.MemoryBatch, "memory-batch", c.MemoryBatch, "`samples` drawn from the memory in each step: er adds them to the batch, agem takes a gradient of them for each descent")
	f.Var(seeds{&c.Seeds}, "seeds", "`numbers` with commas between them, each of a stream and a training of its own")
}

// lifelong is the command.
func (a *app) lifelong(cmd *cobra.Command, c lifelong.Config, o *lifelongFlags) error {
	if o.out != "" && o.noOut {
		return usageError("--out and --no-out: give one of them")
	}
	ctx, caught := train.Signals(cmd.Context(), func(s os.Signal) {
		fmt.Fprintln(a.stderr, "stopped at once")
		os.Exit(signalCode(s))
	})
	if err := c.Validate(); err != nil {
		return err
	}
	data, err := a.lifelongData(ctx, &c, o)
	if err == nil {
		err = c.Complete(data)
	}
	if err != nil {
		return a.stoppedBy(caught(), err)
	}
	folder, err := a.lifelongFolder(c, o)
	if err != nil {
		return err
	}
	defer folder.Close()
	var watch lifelong.Watcher
	p := &streamProgress{out: a.stderr, terminal: a.terminal, every: a.every, said: time.Now()}
	if !o.quiet {
		a.lifelongBanner(c, data, folder)
		watch = p
	}
	r, err := lifelong.Run(ctx, c, data, folder, watch)
	p.stop()
	if is[train.Interrupted](err) {
		a.lifelongStopped(folder, o)
		return stopped{caught()}
	}
	if err != nil {
		return err
	}
	if !o.quiet {
		p.closing(r)
	}
	return a.result(struct {
		Kind    string            `json:"kind"` // "lifelong"
		Run     string            `json:"run,omitempty"`
		Stream  string            `json:"stream"`
		Method  string            `json:"method"`
		Dataset string            `json:"dataset"`
		Model   string            `json:"model"`
		Name    string            `json:"minimizer"`
		Tasks   int               `json:"tasks"`
		Seeds   []uint64          `json:"seeds"`
		Mean    lifelong.Metrics  `json:"mean"`
		SD      *lifelong.Metrics `json:"sd,omitempty"`
		Evals   float64           `json:"evals"`  // gradient evaluations of a seed, on average
		Images  float64           `json:"images"` // whose gradients these were
		Seconds float64           `json:"seconds"`
	}{r.Kind, pathOf(folder), c.Stream, c.Method, r.Dataset, c.Train.Model, c.Train.Minimizer, r.Tasks, c.Seeds, r.Mean, r.SD, r.Evals, r.Images, r.Seconds})
}

// lifelongData opens the data of c.
func (a *app) lifelongData(ctx context.Context, c *lifelong.Config, o *lifelongFlags) (data *datasets.Dataset, err error) {
	_, err = a.openJob(ctx, c.Train, func(t train.Config) (*train.Job, error) {
		data, err = train.OpenData(&t)
		return nil, err
	}, o.download, o.quiet)
	return data, err
}

// lifelongFolder opens the folder of a measurement; nil if nothing is kept.
func (a *app) lifelongFolder(c lifelong.Config, o *lifelongFlags) (*lifelong.Folder, error) {
	if o.noOut {
		return nil, nil
	}
	path := o.out
	if path == "" {
		t := c.Train
		name := strings.Join([]string{time.Now().Format("20060102-150405"), "lifelong", c.Method, t.Minimizer, t.Dataset, t.Model}, "-")
		var err error
		if path, err = makeUnique(filepath.Join(runsFolder, name)); err != nil {
			return nil, train.FolderError{Err: fmt.Errorf("the run folder: %w: choose another --out, or --no-out", err)}
		}
	}
	return lifelong.OpenFolder(path)
}

func pathOf(f *lifelong.Folder) string {
	if f == nil {
		return ""
	}
	return f.Path
}

// lifelongBanner says what is about to be measured.
func (a *app) lifelongBanner(c lifelong.Config, d *datasets.Dataset, folder *lifelong.Folder) {
	say := func(format string, args ...any) { fmt.Fprintf(a.stderr, format+"\n", args...) }
	t := c.Train
	say("lbsam %s  %s/%s  device %s  seeds %v", version, runtime.GOOS, runtime.GOARCH, t.Device, seeds{&c.Seeds})
	say("stream  %s %s: %d tasks, %s, %s per task", c.Stream, d.Name, c.Learn, map[string]string{lifelong.Single: "one head", lifelong.Multi: "a head each"}[c.Heads], count(t.Epochs, "epoch"))
	method := c.Method
	if c.Method != lifelong.Finetune {
		method = fmt.Sprintf("%s, a memory of %s samples, %d in a step", c.Method, thousands(c.Memory), c.MemoryBatch)
	}
	say("method  %s; %s  lr %v  batches of %d", method, t.Minimizer, t.LR, t.Batch)
	if folder == nil {
		say("run     nothing is kept (--no-out)")
	} else {
		say("run     %s", folder.Path)
	}
}

// lifelongStopped says how a measurement that was interrupted goes on.
func (a *app) lifelongStopped(folder *lifelong.Folder, o *lifelongFlags) {
	if folder == nil {
		fmt.Fprintln(a.stderr, "stopped; nothing is kept, because of --no-out")
		return
	}
	words := []string{quote(a.name)}
	for _, arg := range a.args {
		words = append(words, quote(arg))
	}
	if o.out == "" {
		words = append(words, "--out", quote(folder.Path))
	}
	fmt.Fprintf(a.stderr, "stopped; what is finished is in %s\ncontinue with: %s\n", folder.Path, strings.Join(words, " "))
}
