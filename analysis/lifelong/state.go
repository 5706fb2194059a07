package lifelong

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"lbsam/train"
	"lbsam/train/checkpoint"
)

// A saved says to what a state belongs, and has the memory. Random numbers need no
// place in it: each lesson draws anew, from the seed and its number.
type saved struct {
	Seed uint64      `json:"seed"`
	Task int         `json:"task"` // behind which it is
	Seen int         `json:"seen"`
	Held []reference `json:"held"`
}

// save writes the state behind a task.
func (f *Folder) save(j *train.Job, seed uint64, task int, m memory) error {
	if f == nil {
		return nil
	}
	text := jsonText(saved{seed, task, m.seen, m.held})
	if err := j.SaveState(f.file(stateFile), map[string]string{"lifelong": text}); err != nil {
		return failed(err)
	}
	return nil
}

// load takes up the state behind a task of a seed that has so many points; ok is false
// if the folder has none. A kill between point and state leaves one point too many.
func (f *Folder) load(j *train.Job, seed uint64, points int) (s saved, ok bool, err error) {
	header, err := checkpoint.Inspect(f.file(stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, false, nil
	}
	if err != nil {
		return s, false, train.CheckpointError{Err: err}
	}
	if err := json.Unmarshal([]byte(header.Metadata["lifelong"]), &s); err != nil {
		return s, false, train.CheckpointError{Err: fmt.Errorf("lifelong: %s does not say to what it belongs: remove it, and the seed begins again", f.file(stateFile))}
	}
	if s.Seed != seed || s.Task >= points {
		return s, false, nil
	}
	_, err = j.LoadState(f.file(stateFile))
	return s, err == nil, err
}

// drop removes the points of a seed but the first ones: they are measured again.
func (f *Folder) drop(seed uint64, keep int) error {
	if len(f.rows(seed)) <= keep {
		return nil
	}
	text, err := os.ReadFile(f.file(pointsFile))
	if err != nil {
		return failed(err)
	}
	first, _, _ := bytes.Cut(text, []byte("\n"))
	out, old := append(bytes.Clone(first), '\n'), f.points
	f.points = nil
	for _, p := range old {
		if p.Seed != seed || p.Task < keep {
			f.points = append(f.points, p)
			out = append(out, jsonText(p)+"\n"...)
		}
	}
	return f.write(pointsFile, out)
}

// settings are what decides the numbers, by name: those of this package, and of
// train.Config those that do not say where the data lie, what computes, or how often
// is logged.
func (c Config) settings() map[string]any {
	text, err := c.Train.TOML(nil)
	if err != nil {
		panic(fmt.Sprintf("lifelong: %v", err)) // a struct of numbers and texts
	}
	all := map[string]any{}
	if err := toml.Unmarshal(text, &all); err != nil {
		panic(fmt.Sprintf("lifelong: %v", err))
	}
	for _, name := range strings.Fields("data device threads graphs log_every save_every tensorboard seed early_stop max_evals val_split") {
		delete(all, name)
	}
	all["kind"], all["stream"], all["tasks"], all["learn"], all["class_order"] = "lifelong", c.Stream, c.Tasks, c.Learn, c.Order
	all["heads"], all["method"], all["memory"], all["memory_batch"], all["seeds"] = c.Heads, c.Method, c.Memory, c.MemoryBatch, c.Seeds
	return all
}
