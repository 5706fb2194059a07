package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"lbsam/internal/suggest"
)

// normalize makes underscores and dashes in the names of flags the same.
func normalize(_ *pflag.FlagSet, name string) pflag.NormalizedName {
	name = strings.ReplaceAll(name, "_", "-")
	switch name {
	case "batch":
		name = "batch-size"
	case "normalize":
		name = "normalise"
	}
	return pflag.NormalizedName(name)
}

// sectionKey is the annotation of a flag that says under which title it is in
// the help.
const sectionKey = "section"

// newFlags returns an empty set that keeps the order of its flags.
func newFlags() *pflag.FlagSet {
	f := pflag.NewFlagSet("", pflag.ContinueOnError)
	f.SortFlags = false
	return f
}

// addSection adds flags to those of a command, under a title in its help.
func addSection(f *pflag.FlagSet, title string, flags *pflag.FlagSet) {
	flags.VisitAll(func(flag *pflag.Flag) {
		flag.Annotations = map[string][]string{sectionKey: {title}}
	})
	f.SortFlags = false
	f.AddFlagSet(flags)
}

// newHelp returns the command help, which knows when there is no such command.
func newHelp() *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Show what a command does and takes",
		RunE: func(cmd *cobra.Command, args []string) error {
			of := cmd.Root()
			for _, name := range args {
				i := slices.IndexFunc(of.Commands(), func(c *cobra.Command) bool { return c.Name() == name })
				if i < 0 {
					return knownCommand(of, []string{name})
				}
				of = of.Commands()[i]
			}
			return of.Help()
		},
	}
}

// noEmptyPath rejects a path that is empty, as one from a variable of a shell that is
// not set: without it the command would do something else, such as start a new run.
func noEmptyPath(flags *pflag.FlagSet) error {
	for _, name := range []string{"resume", "config", "out", "profile", "traces"} {
		if f := flags.Lookup(name); f != nil && f.Changed && f.Value.String() == "" {
			kind, _ := pflag.UnquoteUsage(f)
			return usageError("--%s is empty: want a %s, or leave it out", name, kind)
		}
	}
	return nil
}

// usage writes what a command takes.
func usage(cmd *cobra.Command) error {
	w := cmd.OutOrStderr()
	fmt.Fprintf(w, "Usage:\n  %s\n", cmd.UseLine())
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "  %s COMMAND\n\nCommands:\n", cmd.CommandPath())
		for _, c := range cmd.Commands() {
			if c.IsAvailableCommand() {
				fmt.Fprintf(w, "  %-*s  %s\n", cmd.NamePadding(), c.Name(), c.Short)
			}
		}
	}
	writeSections(w, cmd.Flags())
	return nil
}

// writeSections writes the flags, those of one section together.
func writeSections(w io.Writer, f *pflag.FlagSet) {
	var titles []string
	sections := map[string]*pflag.FlagSet{}
	f.VisitAll(func(flag *pflag.Flag) {
		title := "Flags"
		if a := flag.Annotations[sectionKey]; len(a) > 0 {
			title = a[0]
		}
		if sections[title] == nil {
			titles, sections[title] = append(titles, title), newFlags()
		}
		sections[title].AddFlag(flag)
	})
	for _, title := range titles {
		fmt.Fprintf(w, "\n%s:\n%s", title, sections[title].FlagUsagesWrapped(screenWidth()))
	}
}

// screenWidth is how wide help may be.
func screenWidth() int {
	if width, _, err := term.GetSize(int(os.Stdout.Fd())); err == nil && width > 40 {
		return width
	}
	return 110
}

// flagError turns what pflag says into one line that tells what to do.
func flagError(cmd *cobra.Command, err error) error {
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		return unknownFlag(cmd, e)
	}
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return usageError("--%s is %q: want %s", e.GetFlag().Name, e.GetValue(), wanted(e.GetFlag()))
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return usageError("--%s has no value: want %s", e.GetSpecifiedName(), wanted(e.GetFlag()))
	}
	return usageError("%v: see %s --help", err, cmd.CommandPath())
}

func unknownFlag(cmd *cobra.Command, e *pflag.NotExistError) error {
	found, word := "--"+e.GetSpecifiedName(), e.GetSpecifiedName()
	if short := e.GetSpecifiedShortnames(); short != "" {
		found, word = "-"+short, short
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	hint := ""
	if near := suggest.Nearest(strings.ReplaceAll(word, "_", "-"), names); near != "" {
		hint = fmt.Sprintf(" (did you mean --%s?)", near)
	}
	return usageError("%s: unknown flag %s%s: see %s --help", cmd.Name(), found, hint, cmd.CommandPath())
}

// wanted says which values a flag takes.
func wanted(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "int":
		return "a whole number"
	case "uint64":
		return "a whole number of 0 or more"
	case "float64":
		return "a number"
	case "bool":
		return "true or false"
	case "string":
		return "a text"
	}
	return f.Value.Type()
}
