package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lbsam/nn"
	"lbsam/train"
)

// newEval returns the command eval.
func newEval(a *app) *cobra.Command {
	c := train.Published()
	split, confusion := "test", false
	cmd := &cobra.Command{
		Use:   "eval FILE",
		Short: "Score a checkpoint",
		Long: `Score the model in a file: of a run, or with a state_dict of PyTorch under the same names, in safetensors or as
torch.save writes it. Of a run folder, its best.safetensors. The file of a run says which model and data set it is
about; of another one, --model and --dataset must.`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkSplit(split); err != nil {
				return err
			}
			given := cmd.Flags()
			c, err := checkpointConfig(args[0], c, given.Changed("model"), given.Changed("dataset"))
			if err != nil {
				return err
			}
			return a.eval(cmd.Context(), c, split, confusion)
		},
	}
	addSome(cmd.Flags(), "Flags", &c, "dataset", "data", "model", "batch-size", "limit-batches", "device", "precision", "threads")
	saidByFile(cmd.Flags())
	cmd.Flags().StringVar(&split, "split", split, splitHelp)
	cmd.Flags().BoolVar(&confusion, "confusion", false, "count the images of each class by what they are taken for")
	return cmd
}

// saidByFile makes the help say that a file may name its data set and model.
func saidByFile(flags *pflag.FlagSet) {
	for _, name := range []string{"dataset", "model"} {
		f := flags.Lookup(name)
		f.Usage, f.DefValue = f.Usage+" (default: what the file says)", ""
	}
}

// checkpointConfig is c for the model and the data set that the file names,
// unless flags do.
func checkpointConfig(path string, c train.Config, model, dataset bool) (train.Config, error) {
	path, err := weightsOf(path)
	if err != nil {
		return c, err
	}
	card, err := train.ReadCard(path)
	if err != nil {
		return c, err
	}
	if !dataset {
		if c.Dataset = card.Dataset; c.Dataset == "" {
			return c, usageError("%s does not say what it was trained on: give --dataset", path)
		}
	}
	if !model {
		if c.Model = card.Model; c.Model == "" {
			return c, usageError("%s does not name its model: give --model, one of %s", path, strings.Join(nn.Names(), ", "))
		}
	}
	c.Init, c.Minimizer = path, baseline
	return c, c.Validate()
}

// weightsOf is the file of the best weights of the run folder path, and any other
// file itself.
func weightsOf(path string) (string, error) {
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		return path, nil
	}
	best := bestOf(path)
	if err == nil {
		_, err = os.Stat(best)
	}
	switch {
	case err == nil:
		return best, nil
	case !errors.Is(err, fs.ErrNotExist):
	case info == nil:
		err = fmt.Errorf("there is no %s: want a run folder, as lbsam runs lists them, or a checkpoint", path)
	case isRun(path):
		err = fmt.Errorf("the run %s has no best.safetensors yet, which comes with its first epoch: lbsam train --resume %s goes on with it", path, quote(path))
	default:
		err = fmt.Errorf("%s is no run folder, as it has neither best.safetensors nor config.toml: want one, as lbsam runs ls %s lists those in it, or a checkpoint", path, quote(path))
	}
	return "", train.CheckpointError{Err: err}
}

// bestOf is the file of the best weights of a run.
func bestOf(run string) string { return filepath.Join(run, "best.safetensors") }

// An evaluation is the line on stdout.
type evaluation struct {
	Kind    string   `json:"kind"` // "eval"
	File    string   `json:"file"`
	Model   string   `json:"model"`
	Dataset string   `json:"dataset"`
	Split   string   `json:"split"`
	Holdout *holdout `json:"holdout,omitempty"`
	train.Score
	*confusion
}

// eval scores a model.
func (a *app) eval(ctx context.Context, c train.Config, split string, confused bool) error {
	var held *holdout
	if split != "test" {
		var err error
		if held, err = heldOut(c.Init, c.Dataset); err != nil {
			return err
		}
	}
	card, err := train.ReadCard(c.Init)
	if err != nil {
		return err
	}
	job, err := a.openJob(ctx, c, card.Open, false, false)
	if err != nil {
		return err
	}
	defer job.Close()
	held.apply(job)
	images, samples := job.Split(split)
	if samples != nil && len(samples) == 0 {
		return noneHeldOut(c.Init)
	}
	p, err := job.Predict(ctx, images, samples)
	if err != nil {
		return err
	}
	c = job.Config
	e := evaluation{Kind: "eval", File: c.Init, Model: c.Model, Dataset: c.Dataset, Split: split, Holdout: held, Score: p.Score}
	fmt.Fprintf(a.stderr, "%s on %s %s: loss %.4f, accuracy %.2f%% of %d images%s\n",
		c.Model, c.Dataset, split, e.Loss, 100*e.Accuracy, e.Images, held.about(split, len(samples)))
	if confused {
		e.confusion = newConfusion(p)
		e.confusion.show(a.stderr)
	}
	return a.result(e)
}
