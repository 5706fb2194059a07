package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"lbsam/train"
	"lbsam/train/checkpoint"
)

// The formats that export writes, and the names of files by which it knows
// them.
const (
	toONNX        = "onnx"
	toTorch       = string(checkpoint.Torch)
	toSafetensors = string(checkpoint.Safetensors)
)

var formats = []string{toTorch, toONNX, toSafetensors}

var formatOf = map[string]string{".pth": toTorch, ".pt": toTorch, ".onnx": toONNX, ".safetensors": toSafetensors}

// exported is what export and import print as JSON.
type exported struct {
	Kind       string `json:"kind"` // "export" or "import"
	File       string `json:"file"`
	Format     string `json:"format"`
	Out        string `json:"out"`
	Model      string `json:"model,omitempty"`
	Tensors    int    `json:"tensors,omitempty"`
	Parameters int64  `json:"parameters,omitempty"`
}

// newExport returns the command export.
func newExport(a *app) *cobra.Command {
	var to, out string
	how := train.ONNX{Version: version}
	cmd := &cobra.Command{
		Use:   "export FILE|RUN",
		Short: "Write a checkpoint for other programs",
		Long: `Write the model in a file for other programs; of a run folder, its best.safetensors.

  torch        what torch.load(FILE, weights_only=True) reads as a state_dict, equal to the last bit
  safetensors  what safetensors.torch.load_file reads
  onnx         a graph from "input" [batch, channels, height, width] to "logits" [batch, classes], float32, opset 17;
               the file must be one of a run, or of lbsam import

The first two copy tensors and take any file, one of torch.save too. A file that is there already stays as it is.`,
		Args: oneFile,
		RunE: func(cmd *cobra.Command, args []string) error {
			to, err := exportFormat(to, out, how)
			if err != nil {
				return err
			}
			from, err := weightsOf(args[0])
			if err != nil {
				return err
			}
			return a.export(from, to, out, how)
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&to, "to", "", "format: "+strings.Join(formats, ", ")+" (default: what the name of the new file says)")
	f.StringVarP(&out, "out", "o", "", "`file` to write")
	f.BoolVar(&how.Fold, "fold", false, "onnx: fold batch normalisations into the convolutions in front of them")
	f.BoolVar(&how.Normalise, "with-normalisation", false, "onnx: the input is pixels from 0 to 1, which the graph normalises; else it is (pixel - mean)/std")
	return cmd
}

// oneFile wants one argument.
func oneFile(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError("%s: found %d files, want one: see %s --help", cmd.Name(), len(args), cmd.CommandPath())
	}
	return nil
}

// exportFormat checks the flags of export.
func exportFormat(to, out string, how train.ONNX) (string, error) {
	if err := newFile(out); err != nil {
		return "", err
	}
	want := strings.Join(formats, ", ")
	if to == "" {
		if to = formatOf[strings.ToLower(filepath.Ext(out))]; to == "" {
			return "", usageError("%s does not say its format: give --to, one of %s", out, want)
		}
	}
	found := ""
	for _, f := range formats {
		if strings.EqualFold(f, to) {
			found = f
		}
	}
	switch {
	case found == "":
		return "", usageError("--to is %q%s: want one of %s", to, meant(to, formats), want)
	case found != toONNX && (how.Fold || how.Normalise):
		return "", usageError("--fold and --with-normalisation change the graph of an onnx file: %s has none", found)
	}
	return found, nil
}

// newFile checks that --out names a file that is not there, in a folder that
// is.
func newFile(out string) error {
	if out == "" {
		return usageError("--out has no value: want the file to write")
	}
	if _, err := os.Lstat(out); err == nil {
		return usageError("--out is %s, which is there already: remove it or choose another name", out)
	}
	if folder, err := os.Stat(filepath.Dir(out)); err != nil || !folder.IsDir() {
		return usageError("--out is %s: found no folder %s", out, filepath.Dir(out))
	}
	return nil
}

// export writes a file in the given format.
func (a *app) export(from, to, out string, how train.ONNX) error {
	e := exported{Kind: "export", File: from, Format: to, Out: out}
	if to == toONNX {
		model, err := train.ExportONNX(out, from, how)
		if err != nil {
			return err
		}
		e.Model = model
	} else {
		h, err := train.Convert(out, from, checkpoint.Format(to))
		if err != nil {
			return err
		}
		e.Model, e.Tensors, e.Parameters = h.Metadata["model"], len(h.Tensors), h.Parameters()
	}
	fmt.Fprintf(a.stderr, "wrote %s from %s\n", out, from)
	return a.result(e)
}
