package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"lbsam/train"
)

// showRun is the command runs show.
func (a *app) showRun(name string, asJSON bool) error {
	path, err := findRun(name)
	if err != nil {
		return err
	}
	s := train.Summarize(path)
	if asJSON {
		return a.result(struct {
			runLine
			Settings string        `json:"settings"` // as flags
			Last     []train.Epoch `json:"last"`
		}{a.runLine(s), settingsOf(s), lastEpochs(s)})
	}
	fmt.Fprintf(a.stdout, "run       %s\n", s.Path)
	fmt.Fprintf(a.stdout, "started   %s\n", s.Started.Local().Format("2006-01-02 15:04:05"))
	fmt.Fprintf(a.stdout, "status    %s\n", statusOf(s))
	if s.Status != train.StatusBroken {
		fmt.Fprintf(a.stdout, "settings  %s\n", settingsOf(s))
	}
	for _, e := range lastEpochs(s) {
		fmt.Fprintf(a.stdout, "epoch     %s\n", epochLine(e))
	}
	writeFiles(a.stdout, path)
	if resume := a.resumeOf(s); resume != "" {
		fmt.Fprintf(a.stdout, "resume    %s\n", resume)
	}
	if s.Status != train.StatusBroken {
		fmt.Fprintf(a.stdout, "repeat    %s train --config %s\n", quote(a.name), quote(filepath.Join(path, "config.toml")))
	}
	return nil
}

// statusOf is the status with how far the run came.
func statusOf(s train.Summary) string {
	text := string(s.Status)
	if s.Status != train.StatusBroken {
		text += fmt.Sprintf(", epoch %d/%d", s.Last().Epoch, s.Config.Epochs)
	}
	if l := s.Last(); l.Epoch > 0 {
		text += fmt.Sprintf(", best %s @%d (on %s), %.1f s", percent(l.Best), l.BestEpoch, l.SelectedOn, s.Seconds())
	}
	if s.Problem != "" {
		text += ": " + s.Problem
	}
	return text
}

// settingsOf are the settings of a run as flags: the preset that is nearest,
// and what differs from it.
func settingsOf(s train.Summary) string {
	if s.Status == train.StatusBroken {
		return ""
	}
	nearest, words := "", []string(nil)
	for _, p := range presets() {
		d := differences(p.config(s.Config.Minimizer), s.Config)
		if nearest == "" || len(d) < len(words) {
			nearest, words = p.name, d
		}
	}
	return strings.Join(append([]string{"--preset " + nearest}, words...), " ")
}

// lastEpochs are the last ones that ended.
func lastEpochs(s train.Summary) []train.Epoch {
	const shown = 5
	return s.Epochs[max(0, len(s.Epochs)-shown):]
}

func epochLine(e train.Epoch) string {
	return fmt.Sprintf("%d  %s  best %s @%d  %.1f s", e.Epoch, scores(e), percent(e.Best), e.BestEpoch, e.Seconds)
}

// writeFiles lists the files of a folder with their sizes.
func writeFiles(w io.Writer, path string) {
	entries, _ := os.ReadDir(path) // what cannot be read is not listed
	title := "files"
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || strings.HasPrefix(e.Name(), ".") {
			continue
		}
		size := "folder"
		if !e.IsDir() {
			size = bytesText(info.Size())
		}
		fmt.Fprintf(w, "%-8s  %8s  %s\n", title, size, e.Name())
		title = ""
	}
}

// bytesText is a size in bytes, kB or MB.
func bytesText(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d B", n)
	case n < 1e6:
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
