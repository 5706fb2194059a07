package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"lbsam/nn"
	"lbsam/train"
	"lbsam/train/checkpoint"
)

// newEval returns the command eval.
func newEval(a *app) *cobra.Command {
	c := train.Published()
	split := "test"
	cmd := &cobra.Command{
		Use:   "eval FILE",
		Short: "Score a checkpoint",
		Long: `Score the model in a safetensors file: of a run, or with a state_dict of PyTorch under the same names. Of a run folder,
its best.safetensors. The file of a run says which model and data set it is about; of another one, --model and
--dataset must.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("eval: found %d files, want one safetensors file: see %s --help", len(args), cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if split != "test" && split != "train" {
				return usageError("unknown split %q%s: want test or train", split, meant(split, []string{"test", "train"}))
			}
			given := cmd.Flags()
			c, err := checkpointConfig(args[0], c, given.Changed("model"), given.Changed("dataset"))
			if err != nil {
				return err
			}
			return a.eval(cmd, c, split)
		},
	}
	addSome(cmd.Flags(), "Flags", &c, "dataset", "data", "model", "batch-size", "limit-batches", "device", "precision", "threads")
	for _, name := range []string{"dataset", "model"} {
		f := cmd.Flags().Lookup(name)
		f.Usage, f.DefValue = f.Usage+" (default: what the file says)", ""
	}
	cmd.Flags().StringVar(&split, "split", split, "what to score it on: test or train")
	return cmd
}

// checkpointConfig is c for the model and the data set that the file names,
// unless flags do.
func checkpointConfig(path string, c train.Config, model, dataset bool) (train.Config, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, "best.safetensors")
	}
	h, err := checkpoint.Inspect(path)
	if err != nil {
		return c, train.CheckpointError{Err: err}
	}
	if trained := h.Metadata["dataset"]; !dataset {
		if trained == "" {
			return c, usageError("%s does not say what it was trained on: give --dataset", path)
		}
		c.Dataset = trained
	}
	if !model {
		if c.Model = h.Metadata["model"]; c.Model == "" {
			return c, usageError("%s does not name its model: give --model, one of %s", path, strings.Join(nn.Names(), ", "))
		}
	}
	c.Init, c.Minimizer = path, baseline
	return c, c.Validate()
}

// eval scores a model.
func (a *app) eval(cmd *cobra.Command, c train.Config, split string) error {
	job, err := a.openJob(cmd.Context(), c, false, false)
	if err != nil {
		return err
	}
	defer job.Close()
	score := job.Test
	if split == "train" {
		score = job.Validate // nothing is held out: on all of it
	}
	s, err := score(cmd.Context())
	if err != nil {
		return err
	}
	c = job.Config
	fmt.Fprintf(a.stderr, "%s on %s %s: loss %.4f, accuracy %.2f%% of %d images\n",
		c.Model, c.Dataset, split, s.Loss, 100*s.Accuracy, s.Images)
	return a.result(struct {
		Kind    string `json:"kind"` // "eval"
		File    string `json:"file"`
		Model   string `json:"model"`
		Dataset string `json:"dataset"`
		Split   string `json:"split"`
		train.Score
	}{"eval", c.Init, c.Model, c.Dataset, split, s})
}
