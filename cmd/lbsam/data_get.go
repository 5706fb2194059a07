package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lbsam/datasets/download"
	"lbsam/train"
)

// newDataGet returns the command data get.
func newDataGet(a *app) *cobra.Command {
	f := &download.Fetcher{}
	dir, quiet := train.Published().Data, false
	cmd := &cobra.Command{
		Use:   "get NAME ...",
		Short: "Fetch the archives of data sets",
		Long: `Fetch the archives of data sets: ` + strings.Join(download.Names(), ", ") + `.

They are put where torchvision puts them, are checked against the published checksums, and stay packed: they are read as
they are, but for the zip of TinyImageNet, which unzip unpacks. What is there already is not fetched again. A download that breaks off goes on where it stopped, at once from
another server if there is one, or with the next call. The proxy is that of the environment (HTTPS_PROXY, NO_PROXY).

Progress goes to stderr, the result to stdout, as one line of JSON per data set.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usageError("data get: found no name, want one or more of %s", strings.Join(download.Names(), ", "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, names []string) error { return a.dataGet(cmd.Context(), f, names, dir, quiet) },
	}
	cmd.Flags().StringVar(&dir, "data", dir, "`folder` for the files, which is made if need be")
	cmd.Flags().StringVar(&f.Mirror, "mirror", "", "`URL` that is asked first: of a folder with the files, or of a copy of a data folder")
	cmd.Flags().BoolVar(&f.Offline, "offline", false, "fetch nothing: say what is missing")
	cmd.Flags().BoolVar(&quiet, "quiet", false, "no progress, only the result")
	return cmd
}

// dataGet is the command. Names are looked up before anything is fetched.
func (a *app) dataGet(ctx context.Context, f *download.Fetcher, names []string, dir string, quiet bool) error {
	var sets []download.Set
	for _, name := range names {
		set, err := a.findSet(name)
		if err != nil {
			return usageError("data get: %v", err)
		}
		sets = append(sets, set)
	}
	ctx, caught := train.Signals(ctx, func(s os.Signal) { os.Exit(signalCode(s)) })
	for _, set := range sets {
		began := time.Now()
		files, err := a.fetch(ctx, f, set, dir, quiet)
		if err != nil {
			return a.stoppedBy(caught(), err)
		}
		if err := a.result(struct {
			Kind    string            `json:"kind"` // "data get"
			Dataset string            `json:"dataset"`
			Files   []download.Result `json:"files"`
			Seconds float64           `json:"seconds"`
		}{"data get", set.Name, files, time.Since(began).Seconds()}); err != nil {
			return err
		}
	}
	return nil
}

// findSet is the set called name.
func (a *app) findSet(name string) (download.Set, error) {
	if a.find != nil {
		return a.find(name)
	}
	return download.Find(name)
}

// fetch brings the files of a set to dir and shows how that goes.
func (a *app) fetch(ctx context.Context, f *download.Fetcher, set download.Set, dir string, quiet bool) ([]download.Result, error) {
	own := *f
	p := &fetching{out: a.stderr, terminal: a.terminal, every: a.every, set: set.Name}
	if !quiet {
		own.Progress = p.show
	}
	files, err := own.Fetch(ctx, set, dir)
	p.stop()
	if err == nil {
		if !quiet {
			p.closing(files)
		}
		return files, nil
	}
	return nil, train.DataError{Err: err}
}

// stoppedBy is err, or if signal s led to it, what has the exit code of s.
func (a *app) stoppedBy(s os.Signal, err error) error {
	if s == nil {
		return err
	}
	fmt.Fprintf(a.stderr, "lbsam: %v\n", err)
	return stopped{s}
}

// An opener opens the job of a configuration: train.Open, or Open of a card.
type opener func(train.Config) (*train.Job, error)

// openJob opens the job of a configuration. Data that are not found are fetched
// if get says so; else the error names the command that fetches them.
func (a *app) openJob(ctx context.Context, c train.Config, open opener, get, quiet bool) (*train.Job, error) {
	job, err := open(c)
	if !is[train.DataError](err) || !errors.Is(err, fs.ErrNotExist) {
		return job, err
	}
	set, unknown := a.findSet(c.Dataset)
	if unknown != nil {
		return nil, err
	}
	if !get {
		return nil, fmt.Errorf("%w; to fetch it: %s data get %s --data %s", err, quote(a.name), set.Name, quote(c.Data))
	}
	files, err := a.fetch(ctx, &download.Fetcher{}, set, c.Data, quiet)
	if err != nil {
		return nil, err
	}
	if job, err = open(c); err != nil {
		err = fmt.Errorf("%w%s", err, unpacking(files))
	}
	return job, err
}

// unpacking says how to unpack those of the files that have to be.
func unpacking(files []download.Result) (text string) {
	for _, f := range files {
		if filepath.Ext(f.Path) == ".zip" {
			text += fmt.Sprintf("; unpack it: unzip -q %s -d %s", quote(f.Path), quote(filepath.Dir(f.Path)))
		}
	}
	return text
}
