package train

import (
	"encoding/json"
	"fmt"

	"lbsam/internal/atomicfile"
	"lbsam/kernels"
	"lbsam/nn"
	"lbsam/train/checkpoint"
	"lbsam/train/onnx"
)

// Convert writes the tensors of a file, a safetensors file or one of torch.save,
// to another one in the given format, bit by bit.
func Convert(path, from string, to checkpoint.Format) (checkpoint.Header, error) {
	h, err := checkpoint.Inspect(from)
	if err != nil {
		return h, CheckpointError{err}
	}
	if err := noModel(h, from); err != nil {
		return h, err
	}
	h, err = checkpoint.Copy(path, from, to)
	if err != nil {
		return h, CheckpointError{err}
	}
	return h, nil
}

// IsState reports whether a file is the state.safetensors of a run.
func IsState(h checkpoint.Header) bool { return h.Metadata["position"] != "" }

// noModel is the error that a file is the state of a run.
func noModel(h checkpoint.Header, path string) error {
	if !IsState(h) {
		return nil
	}
	return CheckpointError{fmt.Errorf("train: %s is the state of a run, in the layout of its device: take last.safetensors or best.safetensors beside it", path)}
}

// ONNX is how ExportONNX writes a model.
type ONNX struct {
	Fold      bool   // batch normalisations into convolutions
	Normalise bool   // the input is pixels from 0 to 1, which the graph normalises
	Version   string // of the program
}

// ExportONNX writes the model in a safetensors file of a run, at path from, as
// an ONNX file, and returns its name.
func ExportONNX(path, from string, how ONNX) (model string, err error) {
	d, err := kernels.Open(kernels.Config{Name: "cpu"})
	if err != nil {
		return "", DeviceError{err}
	}
	defer d.Close()
	m, metadata, err := loadModel(d, from)
	if err != nil {
		return "", CheckpointError{err}
	}
	f := onnx.File{Model: m, Fold: how.Fold, Version: how.Version, Metadata: metadata}
	if how.Normalise {
		if f.Mean, f.Std, err = normalisation(from, metadata); err != nil {
			return "", CheckpointError{err}
		}
		if c := m.Input[2]; len(f.Mean) != c || len(f.Std) != c {
			return "", CheckpointError{fmt.Errorf("train: %s: found mean %v and std %v in its metadata, want %d numbers each", from, f.Mean, f.Std, c)}
		}
	}
	if err := atomicfile.Replace(path, f.Write); err != nil {
		return "", FolderError{fmt.Errorf("train: %s: %w", path, err)}
	}
	return m.Name, nil
}

// loadModel makes the model that a file of Export names, with the values in it.
func loadModel(d *kernels.Device, path string) (*nn.Model, map[string]string, error) {
	h, err := checkpoint.Inspect(path)
	if err != nil {
		return nil, nil, err
	}
	var height, width, channels int
	name, input := h.Metadata["model"], h.Metadata["input"]
	if _, err := fmt.Sscanf(input, "%dx%dx%d", &height, &width, &channels); name == "" || err != nil {
		return nil, nil, fmt.Errorf("train: %s: found model %q and images of %q in its metadata, want a file of a run: make one with lbsam import", path, name, input)
	}
	m, err := nn.New(d, name, classesOf(h), height, width, channels, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("train: %s: %w", path, err)
	}
	if _, err := checkpoint.Import(path, m.Name, stateDict(m)); err != nil {
		return nil, nil, err
	}
	return m, h.Metadata, nil
}

// classesOf is how many logits the last linear layer in a file of Export has.
func classesOf(h checkpoint.Header) (n int) {
	for _, t := range h.Tensors {
		if len(t.Shape) == 2 {
			n = t.Shape[0]
		}
	}
	return n
}

// normalisation reads mean and standard deviation per channel.
func normalisation(path string, metadata map[string]string) (mean, std []float64, err error) {
	for key, list := range map[string]*[]float64{"mean": &mean, "std": &std} {
		if err := json.Unmarshal([]byte(metadata[key]), list); err != nil {
			return nil, nil, fmt.Errorf("train: %s: found %s %q in its metadata, want numbers such as [0.5,0.5,0.5]: make it anew with lbsam import", path, key, metadata[key])
		}
	}
	return mean, std, nil
}
