package main

import (
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"lbsam/analysis"
	"lbsam/analysis/lifelong"
	"lbsam/datasets"
	"lbsam/datasets/download"
	"lbsam/internal/roofline"
	"lbsam/kernels"
	"lbsam/nn"
	"lbsam/train"
)

// newCompletion returns the command completion.
func newCompletion(a *app) *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print a script with which a shell completes commands, flags and their values",
		Long: `Print a script with which a shell completes commands, flags and their values. For the shell at hand:

  bash        source <(lbsam completion bash)     needs the package bash-completion
  zsh         source <(lbsam completion zsh)
  fish        lbsam completion fish | source
  powershell  lbsam completion powershell | Out-String | Invoke-Expression

The line in the shell's start file does it for all.`,
		ValidArgs: shells,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError("completion: found %d names, want one of %s", len(args), strings.Join(shells, ", "))
			}
			if !slices.Contains(shells, args[0]) {
				return usageError("completion: unknown shell %q%s: want one of %s", args[0], meant(args[0], shells), strings.Join(shells, ", "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.stdout, true)
			case "zsh":
				return root.GenZshCompletion(a.stdout)
			case "fish":
				return root.GenFishCompletion(a.stdout, true)
			}
			return root.GenPowerShellCompletionWithDesc(a.stdout)
		},
	}
}

// values are the words that flags take, by their names.
func values() map[string][]string {
	all := train.Choices()
	all["model"] = nn.Names()
	all["device"] = kernels.Names()
	all["predict"] = roofline.Names()
	all["split"] = train.Splits()
	all["geometry"] = analysis.Geometries()
	all["alpha"] = []string{"adaptive"}
	all["log-format"] = []string{"text", "json"}
	all["metric"] = metricNames()
	all["format"] = tableFormats()
	all["to"] = []string{"torch", "onnx", "safetensors"}
	all["stream"], all["method"], all["heads"], all["class-order"] = lifelong.Streams(), lifelong.Methods(), lifelong.Heads(), lifelong.Orders()
	for _, p := range presets() {
		all["preset"] = append(all["preset"], p.name)
	}
	return all
}

// completeValues lets the shell complete the values of all flags: of those that
// name a folder or a file these, of those with a few words the words, of others
// nothing.
func completeValues(root *cobra.Command) {
	words := values()
	var visit func(cmd *cobra.Command)
	visit = func(cmd *cobra.Command) {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			choice := words[f.Name]
			if w, ok := f.Value.(word); ok {
				choice = w.of
			}
			if complete := completion(f, choice); complete != nil {
				cmd.RegisterFlagCompletionFunc(f.Name, complete) // fails only for a flag that is not there
			}
		})
		if cmd.ValidArgs == nil && cmd.ValidArgsFunction == nil && !cmd.HasSubCommands() {
			cmd.ValidArgsFunction = arguments(cmd)
		}
		for _, sub := range cmd.Commands() {
			visit(sub)
		}
	}
	visit(root)
}

// completion is how the value of a flag is completed, nil: as the name of a file.
func completion(f *pflag.Flag, words []string) cobra.CompletionFunc {
	switch kind, _ := pflag.UnquoteUsage(f); {
	case words != nil:
		return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)
	case kind == "folder":
		return cobra.FixedCompletions(nil, cobra.ShellCompDirectiveFilterDirs)
	case kind == "file":
		return nil
	}
	return cobra.NoFileCompletions
}

// arguments is how what a command takes beside flags is completed.
func arguments(cmd *cobra.Command) cobra.CompletionFunc {
	switch cmd.CommandPath() {
	case "lbsam data find", "lbsam data verify":
		return cobra.FixedCompletions(datasets.Names(), cobra.ShellCompDirectiveNoFileComp)
	case "lbsam data get":
		return cobra.FixedCompletions(download.Names(), cobra.ShellCompDirectiveNoFileComp)
	case "lbsam models":
		return cobra.FixedCompletions(nn.Names(), cobra.ShellCompDirectiveNoFileComp)
	}
	if cmd.Use != cmd.Name() {
		return nil // files and folders
	}
	return cobra.NoFileCompletions
}
