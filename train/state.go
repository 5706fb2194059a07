package train

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"lbsam/nn"
	"lbsam/train/checkpoint"
)

// entries are the tensors of the state: weights, what the minimizer remembers
// and the buffers of the model.
func (j *Job) entries() []checkpoint.Entry {
	list := []checkpoint.Entry{{Name: "weights", Tensor: j.Params.Weights}}
	for _, s := range j.method.State() {
		list = append(list, checkpoint.Entry{Name: "minimizer." + s.Name, Tensor: s.Value})
	}
	for _, s := range j.ema.State() {
		list = append(list, checkpoint.Entry{Name: "ema." + s.Name, Tensor: s.Value})
	}
	for _, b := range j.Model.Buffers() {
		list = append(list, checkpoint.Entry{Name: "buffer." + b.Name, Tensor: b.Value})
	}
	return list
}

// save writes state.safetensors and behind it, at the end of an epoch, the
// exports of those names, in the background. It returns when the state is
// copied; an error of the writing comes from a later call of the saver.
func (r *run) save(exports ...string) error {
	if r.folder == nil {
		return nil
	}
	if err := r.saver.wait(); err != nil {
		return err
	}
	at, err := json.Marshal(r.at)
	if err != nil {
		return fmt.Errorf("train: state: %w", err)
	}
	metadata := map[string]string{"position": string(at), "config": r.Config.hash()}
	state := r.saver.state.take(r.entries())
	path, epoch := r.folder.file("state.safetensors"), r.at.Epoch
	r.saver.start(func() error {
		if err := checkpoint.SaveState(path, metadata, state); err != nil {
			return r.folder.unsaved(err)
		}
		for _, name := range exports {
			if err := r.export(r.folder, name, epoch, r.saver.weights.entries); err != nil {
				return err
			}
		}
		return nil
	})
	return nil
}

// Resume takes up the run in folder where its state was saved; a run that was
// stopped before its first save begins again.
func (j *Job) Resume(folder *Folder) error {
	path := folder.state()
	if path == "" {
		return folder.rewind(position{})
	}
	metadata, err := j.LoadState(path)
	if err != nil {
		return err
	}
	if metadata["config"] != j.Config.hash() {
		return CheckpointError{fmt.Errorf("train: %s belongs to other settings than %s: restore config.toml or start a new run", path, folder.file("config.toml"))}
	}
	if err := json.Unmarshal([]byte(metadata["position"]), &j.at); err != nil {
		return CheckpointError{fmt.Errorf("train: %s: position %q: %w", path, metadata["position"], err)}
	}
	if err := j.guard(folder, func() error { return j.completeExports(folder) }); err != nil {
		return err
	}
	folder.remark("resumed after step %d, in epoch %d", j.at.Step, j.at.Epoch+1)
	return folder.rewind(j.at)
}

// SaveState writes to a file, under a temporary name first, all that training
// exactly on needs but the position in the data, which may be told in metadata:
// weights, what the minimizer remembers, the buffers of the model.
func (j *Job) SaveState(path string, metadata map[string]string) error {
	return j.guard(nil, func() error { return checkpoint.SaveState(path, metadata, j.entries()) })
}

// LoadState takes up what SaveState wrote and returns its metadata. A file that is
// damaged or of another model is a CheckpointError, and then nothing has changed.
func (j *Job) LoadState(path string) (metadata map[string]string, err error) {
	err = j.guard(nil, func() (err error) {
		if metadata, err = checkpoint.LoadState(path, j.entries()); err != nil {
			return CheckpointError{err}
		}
		if r, ok := j.method.Minimizer.(interface{ Resume() }); ok {
			r.Resume()
		}
		return nil
	})
	return metadata, err
}

// completeExports writes the exports of the last epoch that the run was stopped
// before: they come behind the state, whose weights are theirs.
func (j *Job) completeExports(folder *Folder) error {
	var names []string
	if !folder.exported(lastFile, j.at.Epoch) {
		names = append(names, lastFile)
	}
	if j.at.BestEpoch == j.at.Epoch && !folder.exported(bestFile, j.at.Epoch) {
		names = append(names, bestFile)
	}
	if j.at.Epoch == 0 || j.at.Batch > 0 || len(names) == 0 { // behind the first batch the weights are others
		return nil
	}
	return j.asEvaluated(context.Background(), func() error {
		for _, name := range names {
			if err := j.export(folder, name, j.at.Epoch, j.exported()); err != nil {
				return err
			}
		}
		return nil
	})
}

// exported reports whether an export of that name and epoch is there.
func (f *Folder) exported(name string, epoch int) bool {
	h, err := checkpoint.Inspect(f.file(name))
	return err == nil && h.Metadata["epoch"] == strconv.Itoa(epoch)
}

// Deciding is c with the settings that decide the weights alone, the others
// being equal for all: where the data lie, how often is logged or saved, what
// ends the run early and what computes. A run may go on elsewhere.
func (c Config) Deciding() Config {
	c.Data, c.Init, c.LogEvery, c.SaveEvery, c.EarlyStop, c.Device, c.Threads, c.Recompute, c.Graphs = "", "", 0, 0, 0, "", 0, false, false
	c.TensorBoard = true
	return c
}

// hash identifies the settings that decide the weights. Settings that are newer
// than the first states count only where they are not at their defaults, so that
// those states fit.
func (c Config) hash() string {
	c = c.Deciding()
	newer := map[string]bool{
		"tensorboard": true, "test": true, "ema": true, "early_stop": true, "cutout": true, "mixup": true, "cutmix": true,
		"image_size": true, "channels": true, "normalise": true, "recompute": true,
	}
	defaults := map[string]bool{}
	for line := range strings.Lines(Published().text()) {
		defaults[line] = true
	}
	h := sha256.New()
	for line := range strings.Lines(c.text()) {
		if name, _, _ := strings.Cut(line, " = "); !newer[name] || !defaults[line] {
			io.WriteString(h, line)
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

// text is c as TOML.
func (c Config) text() string {
	text, err := toml.Marshal(c)
	if err != nil {
		panic(err) // a struct of numbers and strings
	}
	return string(text)
}

// The files of a run folder that hold weights for other programs.
const (
	lastFile = "last.safetensors"
	bestFile = "best.safetensors"
)

// export writes weights of the end of an epoch.
func (j *Job) export(folder *Folder, name string, epoch int, weights []checkpoint.Entry) error {
	metadata := j.metadata(map[string]string{"epoch": strconv.Itoa(epoch), "minimizer": j.Config.Minimizer})
	if err := checkpoint.Export(folder.file(name), metadata, weights); err != nil {
		return folder.unsaved(err)
	}
	return nil
}

// Export writes the weights and the buffers of the model to a safetensors
// file with PyTorch's names and layout, the model's name and classes, and
// what else metadata says.
func (j *Job) Export(path string, metadata map[string]string) error {
	return checkpoint.Export(path, j.metadata(metadata), j.exported())
}

// metadata is what an export says about its model, and more.
func (j *Job) metadata(more map[string]string) map[string]string {
	all := j.card().metadata()
	maps.Copy(all, more)
	return all
}

// importWeights reads the weights and buffers of the model from a safetensors
// file with PyTorch's names.
func (j *Job) importWeights(path string) error {
	if _, err := checkpoint.Import(path, j.Model.Name, j.exported()); err != nil {
		return CheckpointError{err}
	}
	return nil
}

// exported are the parameters and buffers that PyTorch knows too.
func (j *Job) exported() []checkpoint.Entry { return stateDict(j.Model) }

// stateDict is what PyTorch knows of a model: parameters and buffers.
func stateDict(m *nn.Model) (list []checkpoint.Entry) {
	for _, p := range m.Params() {
		list = append(list, checkpoint.Entry{Name: p.Name, Tensor: p.Value})
	}
	for _, b := range m.Buffers() {
		if b.Export {
			list = append(list, checkpoint.Entry{Name: b.Name, Tensor: b.Value})
		}
	}
	return list
}
