package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"lbsam/datasets"
	"lbsam/train"
)

// newDataVerify returns the command data verify.
func newDataVerify(a *app) *cobra.Command {
	dir, asJSON := train.Published().Data, false
	cmd := &cobra.Command{
		Use:   "verify NAME",
		Short: "Check the files of a data set, and count its labels",
		Long: `Check the files of the data set that train would take: their sizes, their MD5 where one is published, all labels.
The exit code is that of damaged data if a file differs from the published one. lbsam data find tells where else the set is.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("data verify: found %d names, want one data set", len(args))
			}
			return nil
		},
		RunE: func(_ *cobra.Command, names []string) error { return a.dataVerify(names[0], dir, asJSON) },
	}
	cmd.Flags().StringVar(&dir, "data", dir, "`folder` to look in first")
	cmd.Flags().BoolVar(&asJSON, "json", false, "a JSON object, all in one line")
	return cmd
}

// A verified is what data verify prints as JSON.
type verified struct {
	place
	Classes []string `json:"classes"`
	Train   []int    `json:"train"` // images per class
	Test    []int    `json:"test"`
}

// dataVerify is the command.
func (a *app) dataVerify(name, dir string, asJSON bool) error {
	name, err := fileSet("data verify", name)
	if err != nil {
		return err
	}
	d, err := datasets.Open(name, dir)
	if err != nil {
		return train.DataError{Err: err}
	}
	n := len(d.Classes)
	v := verified{newPlace(name, d.Source), d.Classes, d.Train.Counts(n), d.Test.Counts(n)}
	if asJSON {
		err = a.result(v)
	} else {
		a.showVerified(v, d.Notes)
	}
	if err == nil && !d.Source.Intact() {
		err = train.DataError{Err: differs(name, d.Source)}
	}
	return err
}

// showVerified prints files and labels.
func (a *app) showVerified(v verified, notes []string) {
	fmt.Fprintf(a.stdout, "%s  %s  %s  %s\n", v.Dataset, condition(v.Status), v.Format, v.Path)
	for _, note := range notes {
		fmt.Fprintf(a.stdout, "note  %s\n", note)
	}
	fmt.Fprintf(a.stdout, "\n%-28s  %13s  %s\n", "file", "bytes", "MD5")
	for _, f := range v.Files {
		text := "as published"
		switch {
		case f.Published == "":
			text = "none published"
		case !f.Intact():
			text = "published: " + f.Published
		}
		fmt.Fprintf(a.stdout, "%-28s  %13s  %-32s  %s\n", f.Name, thousands(int(f.Bytes)), f.MD5, text)
	}
	fmt.Fprintf(a.stdout, "\n%-28s  %13s  %13s\n", "class", "train", "test")
	for i, class := range v.Classes {
		fmt.Fprintf(a.stdout, "%-28s  %13s  %13s\n", class, thousands(v.Train[i]), thousands(v.Test[i]))
	}
}

// differs is the error about files that are not the published ones.
func differs(name string, f datasets.Found) error {
	for _, file := range f.Files {
		if file.Published != "" && !file.Intact() {
			return fmt.Errorf("data verify: %s: %s of %s has MD5 %s, want %s: it is not the published file",
				name, file.Name, f.Path, file.MD5, file.Published)
		}
	}
	return fmt.Errorf("data verify: %s: no MD5 is known of the files of %s", name, f.Path)
}
