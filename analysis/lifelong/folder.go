package lifelong

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofrs/flock"

	"lbsam/internal/atomicfile"
	"lbsam/internal/figure"
	"lbsam/train"
)

// A Folder is where a measurement keeps what it makes:
//
//	points.jsonl        the settings, then a Point per line
//	state.safetensors   all that training on behind the last task needs
//	result.json         the Result, written last
//	lifelong.csv        the accuracies
//	lifelong.svg .png   the matrix; curve.svg and .png what is left of the tasks
//
// A nil Folder keeps nothing.
type Folder struct {
	Path string

	lock   *flock.Flock
	points []Point
}

const (
	pointsFile = "points.jsonl"
	resultFile = "result.json"
	stateFile  = "state.safetensors"
	lockFile   = ".lock"
)

// OpenFolder opens the folder of a measurement, or makes one: the path must not exist,
// be empty, or be one of the same settings.
func OpenFolder(path string) (*Folder, error) {
	entries, err := os.ReadDir(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, failed(err)
	}
	own := func(e fs.DirEntry) bool { return e.Name() == pointsFile }
	other := func(e fs.DirEntry) bool { return !strings.HasPrefix(e.Name(), ".") } // not the lock, nor half a file
	if !slices.ContainsFunc(entries, own) && slices.ContainsFunc(entries, other) {
		return nil, failed(fmt.Errorf("%s has no %s and is not empty: choose another --out", path, pointsFile))
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, failed(err)
	}
	f := &Folder{Path: path, lock: flock.New(filepath.Join(path, lockFile))}
	ok, err := f.lock.TryLock()
	if err != nil {
		return nil, failed(err)
	}
	if !ok {
		return nil, failed(fmt.Errorf("%s is in use by another process: wait for it or choose another --out", path))
	}
	return f, nil
}

// Close gives the folder free.
func (f *Folder) Close() {
	if f != nil {
		f.lock.Unlock()
	}
}

func failed(err error) error {
	return train.FolderError{Err: fmt.Errorf("lifelong: the folder: %w", err)}
}

func (f *Folder) file(name string) string { return filepath.Join(f.Path, name) }

// begin reads the points of a measurement that has begun, or writes the settings of a
// new one.
func (f *Folder) begin(c Config) error {
	if f == nil {
		return nil
	}
	text, err := os.ReadFile(f.file(pointsFile))
	if errors.Is(err, fs.ErrNotExist) || err == nil && !bytes.Contains(text, []byte("\n")) {
		return f.append(c.settings(), os.O_TRUNC)
	}
	if err != nil {
		return failed(err)
	}
	whole := text[:bytes.LastIndexByte(text, '\n')+1]
	if len(whole) < len(text) { // a kill left half a line
		if err := os.Truncate(f.file(pointsFile), int64(len(whole))); err != nil {
			return failed(err)
		}
	}
	lines := bytes.Split(bytes.TrimSuffix(whole, []byte("\n")), []byte("\n"))
	if err := f.compare(lines[0], c); err != nil {
		return err
	}
	for i, line := range lines[1:] {
		var p Point
		if err := json.Unmarshal(line, &p); err != nil || p.Kind != "task" || len(p.Accuracy) != c.Learn || p.Task != len(f.rows(p.Seed)) {
			return failed(fmt.Errorf("%s: line %d is damaged: remove it and those behind it, and what they say is measured again", f.file(pointsFile), i+2))
		}
		f.points = append(f.points, p)
	}
	return nil
}

// compare returns an error if the settings of the folder are others than those of c.
func (f *Folder) compare(line []byte, c Config) error {
	var there map[string]any
	if err := json.Unmarshal(line, &there); err != nil {
		return failed(fmt.Errorf("%s: line 1 is damaged: choose another --out", f.file(pointsFile)))
	}
	text, _ := json.Marshal(c.settings())
	var here map[string]any
	json.Unmarshal(text, &here)
	var differ []string
	for name, v := range here {
		if old, _ := json.Marshal(there[name]); string(old) != jsonText(v) {
			differ = append(differ, fmt.Sprintf("%s is %s there and %s here", name, old, jsonText(v)))
		}
	}
	if len(differ) > 0 {
		slices.Sort(differ)
		return failed(fmt.Errorf("%s has a measurement with other settings: %s: give those, or choose another --out", f.Path, strings.Join(differ, ", ")))
	}
	return nil
}

func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("lifelong: %v", err)) // of what JSON had before
	}
	return string(text)
}

// append writes v as a line of the points, and waits until the disk has it.
func (f *Folder) append(v any, mode int) error {
	file, err := os.OpenFile(f.file(pointsFile), os.O_APPEND|os.O_CREATE|os.O_WRONLY|mode, 0o644)
	if err != nil {
		return failed(err)
	}
	text, err := json.Marshal(v)
	if err == nil {
		_, err = file.Write(append(text, '\n'))
	}
	if err == nil {
		err = file.Sync()
	}
	if e := file.Close(); err == nil {
		err = e
	}
	if err != nil {
		return failed(err)
	}
	return nil
}

// add adds a point.
func (f *Folder) add(p Point) error {
	if f == nil {
		return nil
	}
	f.points = append(f.points, p)
	return f.append(p, 0)
}

// rows are the points of a seed.
func (f *Folder) rows(seed uint64) (rows []Point) {
	if f == nil {
		return nil
	}
	for _, p := range f.points {
		if p.Seed == seed {
			rows = append(rows, p)
		}
	}
	return rows
}

// finish writes what a measurement ends with, the result last.
func (f *Folder) finish(r Result) error {
	if f == nil {
		return nil
	}
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return fmt.Errorf("lifelong: result: %w", err)
	}
	if err := figure.Write(f.Path, "lifelong", r.Figure()); err != nil {
		return failed(err)
	}
	if err := figure.Write(f.Path, "curve", r.Curve()); err != nil {
		return failed(err)
	}
	if err := f.write("lifelong.csv", []byte(r.CSV())); err != nil {
		return err
	}
	return f.write(resultFile, append(text, '\n'))
}

// write puts a file into the folder, under a temporary name first.
func (f *Folder) write(name string, text []byte) error {
	if err := atomicfile.Write(f.file(name), text); err != nil {
		return failed(err)
	}
	return nil
}
