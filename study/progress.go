package study

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"time"

	"lbsam/train"
)

// A Progress is how far the runs of a sweep are.
type Progress struct {
	Runs, Over, Running int           // Over: done, or nothing more is done about them
	Evals, Total        int           // gradient evaluations, of Total
	Left                time.Duration // 0: not known yet
}

// progress looks how far the workers are.
func (s *Sweep) progress() Progress {
	p := Progress{Running: len(s.active)}
	trained := s.trained
	for i, r := range s.Runs {
		if !s.Shard.Has(i) {
			continue
		}
		p.Runs++
		evals := r.Cost.Evals()
		p.Total += evals
		w := s.active[r.Name]
		switch status := s.state[r.Name]; {
		case w != nil:
			now := min(evalsOf(w.Folder), evals)
			p.Evals += now
			trained += max(0, now-w.before)
		case settled(status) || status == StatusBlocked:
			p.Over++
			p.Evals += evals // of one that diverged, what will not be done
		case status == train.StatusInterrupted:
			p.Evals += min(evalsOf(s.path(r.Name)), evals)
		}
	}
	if trained > 0 {
		p.Left = time.Duration(float64(p.Total-p.Evals) / float64(trained) * float64(time.Since(s.began)))
	}
	return p
}

// evalsOf is how many gradients the run in a folder has evaluated, as the last
// whole line of its metrics says.
func evalsOf(folder string) int {
	const tail = 1 << 14
	f, err := os.Open(filepath.Join(folder, "metrics.jsonl"))
	if err != nil {
		return 0
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0
	}
	text := make([]byte, min(info.Size(), tail))
	if _, err := f.ReadAt(text, info.Size()-int64(len(text))); err != nil && err != io.EOF {
		return 0
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	text = bytes.TrimSuffix(text, []byte("\n"))
	var v struct{ Evals int }
	if json.Unmarshal(text[bytes.LastIndexByte(text, '\n')+1:], &v) != nil {
		return 0
	}
	return v.Evals
}
