package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lbsam/datasets"
	"lbsam/internal/suggest"
)

// newData returns the command data.
func newData(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "data",
		Short: "Find, check and fetch data sets",
		Args:  knownCommand,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newDataFind(a), newDataVerify(a), newDataGet(a))
	return cmd
}

// fileSet is the name of the data set of files that name means.
func fileSet(command, name string) (string, error) {
	known := datasets.FileSets()
	plain := strings.NewReplacer("-", "", "_", "").Replace(name)
	for _, set := range known {
		if strings.EqualFold(set, plain) {
			return set, nil
		}
	}
	hint := ""
	if near := suggest.Nearest(plain, known); near != "" {
		hint = fmt.Sprintf(" (did you mean %s?)", near)
	}
	return "", usageError("%s: found no data set %q%s: want one of %s", command, name, hint, strings.Join(known, ", "))
}

// status is how what was found is: published, changed, unknown or unusable.
func status(f datasets.Found) string {
	switch {
	case f.Err != nil:
		return "unusable"
	case f.Intact():
		return "published"
	case !slices.ContainsFunc(f.Files, func(f datasets.File) bool { return f.Published != "" }):
		return "unknown"
	}
	return "changed"
}

// condition is a status in words.
func condition(status string) string {
	switch status {
	case "published":
		return "as published"
	case "changed":
		return "not as published"
	case "unknown":
		return "no MD5 published"
	}
	return status
}
