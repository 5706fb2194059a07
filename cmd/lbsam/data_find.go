package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"lbsam/datasets"
	"lbsam/train"
)

// newDataFind returns the command data find.
func newDataFind(a *app) *cobra.Command {
	dir, asJSON := train.Published().Data, false
	cmd := &cobra.Command{
		Use:   "find [NAME ...]",
		Short: "Show which data sets are on this computer, and where",
		Long: `Show which data sets are on this computer, where, and whether they are the published ones; all of them without NAME.

They are looked for in the folder of --data, among those that Keras has fetched ($KERAS_HOME or ~/.keras), and in lbsam in
the cache ($XDG_CACHE_HOME or ~/.cache): folders as torchvision and the archives make them, and the archives themselves.
Every file is read and its MD5 compared with the published one. Nothing is written.`,
		RunE: func(_ *cobra.Command, names []string) error { return a.dataFind(names, dir, asJSON) },
	}
	cmd.Flags().StringVar(&dir, "data", dir, "`folder` to look in first")
	cmd.Flags().BoolVar(&asJSON, "json", false, "a JSON object per place")
	return cmd
}

// A place is what data find and data verify say about a data set somewhere.
type place struct {
	Kind    string          `json:"kind"` // "data"
	Dataset string          `json:"dataset"`
	Status  string          `json:"status"` // published, changed, unusable or missing
	Path    string          `json:"path,omitempty"`
	Format  string          `json:"format,omitempty"`
	Error   string          `json:"error,omitempty"`
	Files   []datasets.File `json:"files,omitempty"`
}

func newPlace(name string, f datasets.Found) place {
	p := place{Kind: "data", Dataset: name, Status: status(f), Path: f.Path, Format: f.Format, Files: f.Files}
	if f.Err != nil {
		p.Error = f.Err.Error()
	}
	return p
}

// dataFind is the command. Names are looked up before anything is read.
func (a *app) dataFind(names []string, dir string, asJSON bool) error {
	if len(names) == 0 {
		names = datasets.FileSets()
	}
	for i, name := range names {
		set, err := fileSet("data find", name)
		if err != nil {
			return err
		}
		names[i] = set
	}
	for _, name := range names {
		found, err := datasets.Find(name, dir)
		if err != nil {
			return err
		}
		var places []place
		for _, f := range found {
			places = append(places, newPlace(name, f))
		}
		if places == nil {
			places = []place{{Kind: "data", Dataset: name, Status: "missing"}}
		}
		if err := a.showPlaces(places, asJSON); err != nil {
			return err
		}
	}
	return nil
}

// showPlaces prints the places of one set.
func (a *app) showPlaces(places []place, asJSON bool) error {
	for _, p := range places {
		if asJSON {
			if err := a.result(p); err != nil {
				return err
			}
			continue
		}
		text := fmt.Sprintf("%-12s  %-16s  %-17s  %s", p.Dataset, condition(p.Status), p.Format, p.Path)
		if p.Error != "" {
			text += "  (" + p.Error + ")"
		}
		fmt.Fprintln(a.stdout, strings.TrimRight(text, " "))
	}
	return nil
}
