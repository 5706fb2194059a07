package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"lbsam/train"
)

// A session is one start of the command train.
type session struct {
	*app
	*trainFlags
	flags   *pflag.FlagSet
	preset  string            // of a new run
	origins map[string]string // of its settings, by their names in config.toml
	saveNow <-chan os.Signal
	job     *train.Job
	folder  *train.Folder // nil: nothing is kept
}

// open prepares a new run.
func (s *session) open(ctx context.Context, preset string) error {
	l, preset, err := s.configure(s.trainFlags, s.flags, preset)
	if err != nil {
		return err
	}
	c := l.config
	s.preset, s.origins = preset, l.origins
	if err := s.checkNew(c); err != nil {
		return err
	}
	if s.job, err = s.openJob(ctx, c, train.Open, s.download, s.quiet); err != nil {
		return err
	}
	if s.noOut {
		return nil
	}
	if s.folder, err = s.makeFolder(); err != nil {
		s.job.Close()
		return err
	}
	if err = s.folder.WriteConfig(s.job.Config, s.origins); err == nil {
		err = s.describe()
	}
	if err != nil {
		s.close()
	}
	return err
}

// describe adds program and device to the folder's env.json.
func (s *session) describe() error {
	return s.folder.Describe(map[string]string{"lbsam": version, "device": deviceText(s.job.Device)})
}

// checkNew rejects what makes no sense together.
func (s *session) checkNew(c train.Config) error {
	switch {
	case s.noOut && s.out != "":
		return usageError("--out and --no-out: give one of them")
	case s.noOut && c.SaveEvery > 0:
		return usageError("--save-every saves into the run folder, which --no-out forbids: give one of them")
	case s.compare && c.Minimizer == baseline:
		return usageError("--compare trains %s beside another --minimizer: choose one", baseline)
	}
	return nil
}

// makeFolder makes the folder of a new run.
func (s *session) makeFolder() (*train.Folder, error) {
	c := s.job.Config
	if s.out != "" {
		return train.CreateFolder(s.out, c, s.command())
	}
	name := strings.Join([]string{time.Now().Format("20060102-150405"), c.Minimizer, c.Dataset, c.Model}, "-")
	path, err := makeUnique(filepath.Join(runsFolder, name))
	if err != nil {
		return nil, train.FolderError{Err: fmt.Errorf("the run folder: %w: choose another --out, or --no-out", err)}
	}
	return train.CreateFolder(path, c, s.command())
}

// makeUnique makes a folder called path, or path-2, path-3 and so on.
func makeUnique(path string) (string, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	unique := path
	for i := 2; ; i++ {
		err := os.Mkdir(unique, 0o755)
		if !errors.Is(err, fs.ErrExist) {
			return unique, err
		}
		unique = fmt.Sprintf("%s-%d", path, i)
	}
}

// changeable are the flags that may go with --resume.
var changeable = []string{"resume", "compare", "quiet", "profile", "data", "device", "threads", "recompute", "graphs", "log-every", "save-every", "early-stop", "tensorboard", "log-format", "report", "download"}

// reopen prepares to continue a run.
func (s *session) reopen(ctx context.Context) error {
	var refused error
	s.flags.Visit(func(f *pflag.Flag) {
		if refused == nil && !slices.Contains(changeable, f.Name) {
			refused = usageError("--%s cannot go with --resume: a run goes on with the settings of %s; only %s may change",
				f.Name, filepath.Join(s.resume, "config.toml"), "--"+strings.Join(changeable[3:], ", --"))
		}
	})
	if refused != nil {
		return refused
	}
	folder, c, err := train.OpenFolder(s.resume, s.command())
	if err != nil {
		return err
	}
	s.folder = folder
	if err = s.continueRun(ctx, c); err != nil {
		folder.Close()
	}
	return err
}

// continueRun opens the job of a run with configuration c and loads its state.
func (s *session) continueRun(ctx context.Context, c train.Config) error {
	if _, err := os.Stat(filepath.Join(s.resume, "DONE")); err == nil {
		return train.FolderError{Err: fmt.Errorf("the run in %s has ended: nothing is left to resume", s.resume)}
	}
	c, err := override(c, s.flags)
	if err != nil {
		return err
	}
	if s.compare && c.Minimizer == baseline {
		return usageError("--compare trains %s beside another minimizer, and this run has no other", baseline)
	}
	if s.job, err = s.openJob(ctx, c, train.Open, s.download, s.quiet); err != nil {
		return err
	}
	if err := s.job.Resume(s.folder); err != nil {
		s.job.Close()
		return err
	}
	return nil
}

func (s *session) close() {
	s.job.Close()
	s.folder.Close()
}

// command is the command line, quoted for a shell.
func (a *app) command() []string {
	words := []string{quote(a.name)}
	for _, arg := range a.args {
		words = append(words, quote(arg))
	}
	return words
}

// quote makes one word of text for a shell.
func quote(text string) string {
	if runtime.GOOS == "windows" {
		return quoteWindows(text)
	}
	return quoteUnix(text)
}

func quoteUnix(text string) string {
	if isPlain(text, "-_./=,:+@%") {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// quoteWindows is for PowerShell and for cmd.
func quoteWindows(text string) string {
	if isPlain(text, `-_./=:+\`) {
		return text
	}
	end := len(strings.TrimRight(text, `\`)) // a backslash before the quote would take its meaning
	return `"` + strings.ReplaceAll(text[:end], `"`, `\"`) + strings.Repeat(`\`, 2*(len(text)-end)) + `"`
}

// isPlain reports whether text is one word of letters, digits and what others has.
func isPlain(text, others string) bool {
	special := func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(others, r))
	}
	return text != "" && strings.IndexFunc(text, special) < 0
}
