package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"path/filepath"

	"lbsam/internal/atomicfile"
	"lbsam/internal/figure"
	"lbsam/train"
)

// table writes rows, the first one of names, as kind.csv.
func (m *measurement) table(rows [][]string) error {
	var b bytes.Buffer
	if err := csv.NewWriter(&b).WriteAll(rows); err != nil {
		return err
	}
	return m.keep(m.kind+".csv", b.Bytes())
}

// figures writes figures by their names, as SVG and PNG.
func (m *measurement) figures(list map[string]figure.Figure) error {
	for name, f := range list {
		if err := figure.Write(m.folder, name, f); err != nil {
			return train.FolderError{Err: fmt.Errorf("%s: %w", m.kind, err)}
		}
	}
	return nil
}

// keep puts a whole file in the place of the one of that name, or none.
func (m *measurement) keep(name string, text []byte) error {
	if err := atomicfile.Write(filepath.Join(m.folder, name), text); err != nil {
		return train.FolderError{Err: fmt.Errorf("%s: %w", m.kind, err)}
	}
	return nil
}

// say tells the user a line, unless it is to be quiet.
func (m *measurement) say(format string, args ...any) {
	if !m.quiet {
		fmt.Fprintf(m.stderr, format+"\n", args...)
	}
}
