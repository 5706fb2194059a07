package main

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lbsam/datasets/download"
	"lbsam/internal/suggest"
	"lbsam/train"
)

// An app is the program as it was started.
type app struct {
	name           string   // under which it was called
	args           []string // behind that
	environment    []string // as os.Environ has it
	stdout, stderr io.Writer
	terminal       bool          // stderr is one that knows how to move the cursor
	log            *jsonLog      // what goes to stderr is JSON; nil: text
	every          time.Duration // between lines about steps where there is no terminal

	find func(name string) (download.Set, error) // which data sets can be fetched; nil: download.Find
}

const bugHint = `This is a bug of lbsam: please report it with the lines above and the output of "lbsam env".`

// run executes a command line and returns the exit code.
func (a *app) run(ctx context.Context, args []string) (code int) {
	defer func() {
		if p := recover(); p != nil {
			fmt.Fprintf(a.stderr, "lbsam: internal error: %v\n\n%s\n%s\n", p, debug.Stack(), bugHint)
			code = exitInternal
		}
	}()
	a.args = args
	at := 0 // of what the user typed: the shell asks for the end of it
	if len(args) > 1 && (args[0] == cobra.ShellCompRequestCmd || args[0] == cobra.ShellCompNoDescRequestCmd) {
		at = 1
	}
	preset := "demo"
	if len(args) > at && strings.HasPrefix(args[at], "-") && !slices.Contains([]string{"-h", "--help", "-v", "--version"}, args[at]) {
		args, preset = slices.Insert(slices.Clone(args), at, "train"), "official" // the published command line
	}
	root := newRoot(a, preset)
	root.SetArgs(args)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	code = exitCode(err)
	if text := strings.ReplaceAll(err.Error(), "\n", "; "); a.log != nil && text != "" {
		a.log.failed(code, text)
	} else if text != "" {
		fmt.Fprintf(a.stderr, "lbsam: %s\n", text)
	}
	return code
}

// newRoot returns the command lbsam; preset is what train takes if it is not
// told.
func newRoot(a *app, preset string) *cobra.Command {
	root := &cobra.Command{
		Use:   "lbsam",
		Short: "Train image classifiers with Lookbehind-SAM and its relatives",
		Long: `lbsam trains and evaluates image classifiers with Lookbehind-SAM and its relatives.

  lbsam train                                   a minute on synthetic images: needs no files
  lbsam train --dataset CIFAR10 --data ./data   the recipe of the published code
  lbsam --minimizer Lookbehind_SAM --rho 0.05 --k 2 --alpha -1 --dataset CIFAR10 --model resnet34
                                                the published command line: train with its defaults

In names of flags, underscores are as good as dashes. LBSAM_DATA, LBSAM_DEVICE and LBSAM_THREADS in the environment
stand for the flags of every command; train takes all its settings from there: LBSAM_LR=0.05.

` + exitHelp(),
		Version:       version,
		SilenceErrors: true,
		SilenceUsage:  true,
		// Flags that come before an unknown command must not hide it.
		FParseErrWhitelist: cobra.FParseErrWhitelist{UnknownFlags: true},
		Args:               knownCommand,
		PersistentPreRunE: func(cmd *cobra.Command, args []string) error {
			if err := noEmptyPath(cmd.Flags()); err != nil {
				return err
			}
			return a.fillFromEnvironment(cmd, args)
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetVersionTemplate(versionText())
	root.SetUsageFunc(usage)
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(newHelp())
	root.AddCommand(newTrain(a, preset), newEval(a), newPredict(a), newReport(a), newRuns(a), newData(a), newModels(a))
	root.AddCommand(newSharpness(a), newLandscape(a), newNoise(a), newLifelong(a))
	root.AddCommand(newSweep(a), newCompare(a))
	root.AddCommand(newExport(a), newImport(a), newInspect(a))
	root.AddCommand(newBench(a), newVerify(a), newEnv(a), newCompletion(a), newVersion(a))
	root.CompletionOptions.DisableDefaultCmd = true
	completeValues(root)
	root.SetGlobalNormalizationFunc(normalize)
	return root
}

// knownCommand rejects what is no command of the given one.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return usageError("unknown command %q%s: want one of %s", args[0], meant(args[0], names), strings.Join(names, ", "))
}

// noArgs rejects arguments that are no flags.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usageError("%s: found %q, want flags only: see %s --help", cmd.Name(), args[0], cmd.CommandPath())
}

func usageError(format string, args ...any) error {
	return train.UsageError{Message: fmt.Sprintf(format, args...)}
}

// meant suggests one of the known words for a mistyped one.
func meant(word string, known []string) string {
	if near := suggest.Nearest(word, known); near != "" {
		return fmt.Sprintf(" (did you mean %s?)", near)
	}
	return ""
}
