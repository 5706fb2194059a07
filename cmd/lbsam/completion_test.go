package main

import (
	"os/exec"
	"strings"
	"testing"
)

// What the shell's script asks the program for.
func TestCompletion(t *testing.T) {
	for typed, want := range map[string][]string{
		"":                       {"train", "data", "completion", ":4"},
		"tr":                     {"train", ":4"},
		"train --mod":            {"--model", ":4"},
		"train --model ":         {"resnet34", "lenet", ":4"},
		"train --model resnet8":  {"resnet8", ":4"},
		"train --dataset ":       {"CIFAR10", "Synthetic", ":4"},
		"train --minimizer Look": {"Lookahead", "LookbehindASAM", ":4"},
		"train --preset ":        {"demo", "official", "fast", ":4"},
		"train --device=":        {"cuda", "ptxsim", ":4"},
		"train --bn-stats ":      {"published", "none", ":4"},
		"train --weight_decay ":  {":4"},
		"train --data ":          {":16"}, // folders
		"train --init ":          {":0"},  // files
		"--minimizer ":           {"LookbehindSAM", ":4"},
		"--bat":                  {"--batch-size", ":4"},
		"export x --to ":         {"onnx", ":4"},
		"data verify ":           {"MNIST", ":4"},
		"runs show ":             {":0"},
		"version ":               {":4"},
		"eval ":                  {":0"},
		"eval x --split ":        {"test", "train", ":4"},
		"lifelong --method ":     {"finetune", "agem", ":4"},
		"models res":             {"resnet18", ":4"},
		"data ":                  {"get", ":4"},
		"data get ":              {"CIFAR100", "TinyImageNet", ":4"},
		"data get CIFAR10 F":     {"FashionMNIST", ":4"},
		"completion ":            {"bash", "powershell", ":4"},
		"bench --predict ":       {"h100", ":4"},
	} {
		words := strings.Split(typed, " ")
		stdout, _ := mustRun(t, append([]string{"__complete"}, words...)...)
		var got []string
		for line := range strings.Lines(stdout) {
			word, _, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
			got = append(got, word)
		}
		text := " " + strings.Join(got, " ") + " "
		for _, w := range want {
			if !strings.Contains(text, " "+w) {
				t.Errorf("lbsam %s[TAB]: no %q in %q", typed, w, got)
			}
		}
	}
}

// Where a shell is installed, it takes its script; bash completes with it too.
func TestCompletionScripts(t *testing.T) {
	for shell, check := range map[string][]string{
		"bash": {"bash", "-n"}, "zsh": {"zsh", "-n"}, "fish": {"fish", "--no-execute"}, "powershell": nil,
	} {
		script, _ := mustRun(t, "completion", shell)
		if !strings.Contains(script, "__complete") || !strings.Contains(script, "lbsam") {
			t.Errorf("%s: %.200q", shell, script)
		}
		if check == nil {
			continue
		}
		if _, err := exec.LookPath(check[0]); err != nil {
			t.Logf("%s is not installed: its script is not checked", shell)
			continue
		}
		cmd := exec.Command(check[0], append(check[1:], write(t, "script", script))...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", shell, err, out)
		}
	}
}
