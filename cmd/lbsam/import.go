package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"lbsam/train"
	"lbsam/train/checkpoint"
)

// newImport returns the command import.
func newImport(a *app) *cobra.Command {
	c := train.Published()
	var out string
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Make a checkpoint of a state_dict",
		Long: `Make a checkpoint of a state_dict of PyTorch: of a file that torch.save wrote (the dict itself, or under "state_dict",
"model_state_dict", "model" or "net"), or a safetensors file. It must be one of a model that lbsam models lists, under
the same names; "module." and "_orig_mod." in front of all names do not count. All numbers become float32. The new
file says which model and data set it is about, so that other commands take it without flags.`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := newFile(out); err != nil {
				return err
			}
			given := cmd.Flags()
			c, err := checkpointConfig(args[0], c, given.Changed("model"), given.Changed("dataset"))
			if err != nil {
				return err
			}
			return a.importFile(c, out)
		},
	}
	addSome(cmd.Flags(), "Flags", &c, "dataset", "data", "model")
	saidByFile(cmd.Flags())
	cmd.Flags().StringVarP(&out, "out", "o", "", "safetensors `file` to write")
	return cmd
}

// importFile writes a checkpoint of the weights in c.Init.
func (a *app) importFile(c train.Config, out string) error {
	c.Device, c.Precision = "cpu", "float32"
	h, err := checkpoint.Inspect(c.Init)
	if err != nil {
		return train.CheckpointError{Err: err}
	}
	job, err := train.Open(c)
	if err != nil {
		return err
	}
	defer job.Close()
	if err := job.Export(out, map[string]string{"imported": filepath.Base(c.Init)}); err != nil {
		return train.FolderError{Err: err}
	}
	counts := map[checkpoint.Dtype]int{}
	for _, t := range h.Tensors {
		counts[t.Dtype]++
	}
	for _, from := range []checkpoint.Dtype{checkpoint.F16, checkpoint.BF16, checkpoint.F64} {
		if n := counts[from]; n > 0 {
			fmt.Fprintf(a.stderr, "note    %d tensors of %s became F32\n", n, from)
		}
	}
	fmt.Fprintf(a.stderr, "wrote %s, %s for %s, from %s\n", out, job.Config.Model, job.Config.Dataset, c.Init)
	return a.result(exported{
		Kind: "import", File: c.Init, Format: toSafetensors, Out: out, Model: job.Config.Model, Tensors: len(h.Tensors), Parameters: h.Parameters(),
	})
}
