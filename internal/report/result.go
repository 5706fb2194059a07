package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"lbsam/analysis"
)

// A Result is the result.json of a measurement.
type Result struct {
	Path string // its folder
	Kind string // sharpness, landscape, noise, lifelong, compare, or one that is not known here
	Run  *Run   // in whose folder it lies; nil: none
	text []byte
}

// resultMost is the largest size of a result that is read, in bytes.
const resultMost = 64 << 20

func readResult(folder string) (r Result, err error) {
	path := filepath.Join(folder, "result.json")
	info, err := os.Stat(path)
	if err != nil {
		return r, err
	}
	if info.Size() > resultMost {
		return r, fmt.Errorf("%d MiB, want %d at most", info.Size()>>20, resultMost>>20)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return r, err
	}
	var head struct{ Kind string }
	if err := json.Unmarshal(text, &head); err != nil {
		return r, err
	}
	if head.Kind == "" {
		return r, errors.New(`there is no "kind"`)
	}
	return Result{Path: folder, Kind: head.Kind, text: text}, nil
}

// decode reads the result into v.
func (r Result) decode(v any) error {
	if err := json.Unmarshal(r.text, v); err != nil {
		return fmt.Errorf("%s: %w", filepath.Join(r.Path, "result.json"), err)
	}
	return nil
}

// name says which result it is: the run of which it is, and the checkpoint if it is
// another one than the best.
func (r Result) name() string {
	if r.Run != nil {
		return filepath.Base(r.Run.Path)
	}
	return filepath.Base(r.Path)
}

// A level is a score.
type level struct {
	Loss     analysis.Number `json:"loss"`
	Accuracy analysis.Number `json:"accuracy"`
}
