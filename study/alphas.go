package study

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"lbsam/train"
)

// alphas are the mean alphas that matched runs were given, by the point that they
// are matched to. They are written down when they are measured, and stay: seeds
// that are added later change no run that is done.
type alphas map[string]measured

// measured is the mean over runs of their mean alpha.
type measured struct {
	Alpha float64  `json:"alpha"`
	Runs  []string `json:"runs"`
}

func readAlphas(folder string) (alphas, error) {
	path := filepath.Join(folder, alphasFile)
	a := alphas{}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &a)
	}
	if err != nil {
		return nil, train.FolderError{Err: fmt.Errorf("%s: %w", path, err)}
	}
	return a, nil
}

// measure takes the mean alpha of runs of a point and writes it down, unless
// another process has.
func (a alphas) measure(folder, point string, runs []string) (measured, error) {
	others, err := readAlphas(folder)
	if err != nil {
		return measured{}, err
	}
	for name, m := range others {
		a[name] = m
	}
	if m, ok := a[point]; ok {
		return m, nil
	}
	m := measured{Runs: runs}
	for _, run := range runs {
		alpha, err := MeanAlpha(filepath.Join(folder, run))
		if err != nil {
			return m, err
		}
		m.Alpha += alpha / float64(len(runs))
	}
	m.Alpha = rounded(m.Alpha)
	a[point] = m
	text, err := json.MarshalIndent(a, "", " ")
	if err == nil {
		err = replace(filepath.Join(folder, alphasFile), append(text, '\n'))
	}
	if err != nil {
		return m, train.FolderError{Err: fmt.Errorf("sweep: %w", err)}
	}
	return m, nil
}
