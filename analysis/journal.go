package analysis

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofrs/flock"

	"lbsam/train"
)

// A Journal keeps the finished parts of a measurement in the file points.jsonl of
// its folder, a line of JSON each, behind a first line with the settings that
// decide the numbers. So a measurement that was stopped at any moment goes on
// where it ended. One process has a journal at a time.
type Journal[Point any] struct {
	Points []Point // those that are finished

	file *os.File
	lock *flock.Flock
}

const journalName = "points.jsonl"

// OpenJournal opens the journal in folder, which it makes, for a measurement with
// the given settings, written as JSON. A journal of other settings, or one that
// another process has, is a train.FolderError. The last line may be cut off, by
// a kill: that part is dropped.
func OpenJournal[Point any](folder string, settings any) (*Journal[Point], error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, train.FolderError{Err: fmt.Errorf("analysis: the folder for the results: %w", err)}
	}
	path := filepath.Join(folder, journalName)
	j := &Journal[Point]{lock: flock.New(path + ".lock")}
	if held, err := j.lock.TryLock(); err != nil {
		return nil, train.FolderError{Err: fmt.Errorf("analysis: %s: %w", path, err)}
	} else if !held {
		return nil, train.FolderError{Err: fmt.Errorf("analysis: another process measures into %s: wait for it, or choose another --out", folder)}
	}
	err := j.open(path, settings)
	if err != nil {
		j.Close()
		return nil, train.FolderError{Err: fmt.Errorf("analysis: %w", err)}
	}
	return j, nil
}

func (j *Journal[Point]) open(path string, settings any) error {
	head, err := json.Marshal(settings)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	whole := text[:bytes.LastIndexByte(text, '\n')+1]
	if err := j.read(path, whole, head); err != nil {
		return err
	}
	if j.file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE, 0o644); err != nil {
		return err
	}
	if err := j.file.Truncate(int64(len(whole))); err != nil {
		return err
	}
	if _, err := j.file.Seek(int64(len(whole)), 0); err != nil {
		return err
	}
	if len(whole) == 0 {
		return j.line(head)
	}
	return nil
}

// read takes the points from the lines of a journal.
func (j *Journal[Point]) read(path string, text, head []byte) error {
	number := 0
	for line := range bytes.Lines(text) {
		number++
		line = bytes.TrimSuffix(line, []byte("\n"))
		if number == 1 {
			if !bytes.Equal(line, head) {
				return fmt.Errorf("%s belongs to other settings: found %s; choose another --out, or remove that folder", path, differences(line, head))
			}
			continue
		}
		var p Point
		if err := json.Unmarshal(line, &p); err != nil {
			return fmt.Errorf("%s, line %d: %w: remove that line and those behind it, or the folder", path, number, err)
		}
		j.Points = append(j.Points, p)
	}
	return nil
}

// differences says which settings, each a field of a JSON object, are others in one
// line than wanted; of lines that are no objects, the lines.
func differences(line, wanted []byte) string {
	var have, want map[string]json.RawMessage
	if json.Unmarshal(line, &have) != nil || json.Unmarshal(wanted, &want) != nil {
		return fmt.Sprintf("%.100q, want %.100q", line, wanted)
	}
	all := maps.Clone(want)
	maps.Copy(all, have)
	text := func(v json.RawMessage) string {
		if v == nil {
			return "none"
		}
		return string(v)
	}
	var words []string
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !bytes.Equal(have[name], want[name]) {
			words = append(words, fmt.Sprintf("%s %s, want %s", name, text(have[name]), text(want[name])))
		}
	}
	return strings.Join(words, ", ")
}

// Add appends a finished part to the file and to Points.
func (j *Journal[Point]) Add(p Point) error {
	text, err := json.Marshal(p)
	if err == nil {
		err = j.line(text)
	}
	if err != nil {
		return train.FolderError{Err: fmt.Errorf("analysis: %w", err)}
	}
	j.Points = append(j.Points, p)
	return nil
}

func (j *Journal[Point]) line(text []byte) error {
	_, err := j.file.Write(append(text, '\n'))
	return err
}

// Close gives the journal free.
func (j *Journal[Point]) Close() error {
	var err error
	if j.file != nil {
		err = j.file.Close()
	}
	return errors.Join(err, j.lock.Unlock())
}

// adding returns what adds a point and tells how many of all are finished.
func (j *Journal[Point]) adding(total int, tell func(done, total int)) func(Point) error {
	return func(p Point) error {
		if err := j.Add(p); err != nil {
			return err
		}
		tell(len(j.Points), total)
		return nil
	}
}
