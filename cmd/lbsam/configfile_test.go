package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"lbsam/train"
)

// Whatever stands in the file of --config, it makes settings that are in range, or
// is an error of one line.
func FuzzConfigFile(f *testing.F) {
	for _, text := range []string{
		"", "lr = 0.1\n", "milestones = [1, 2.5]", "alpha = 'adaptive'", "adaptive = true\nalpha = 0.3", "seed = 1\n[a.b]\nc = 1",
		"lr.x = 1", "lr = nan", "rho = inf", "epochs = 1_000", "model = \"\\u0000\"", "lr = 1\nlr = 2", "a = [[[[", "lr = 1979-05-27", "x = '''\n",
	} {
		f.Add(text)
	}
	path := filepath.Join(f.TempDir(), "config.toml")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		a := &app{name: "lbsam", stdout: &out, stderr: &out}
		l, _, err := a.configure(&trainFlags{config: path}, pflag.NewFlagSet("", pflag.ContinueOnError), "demo")
		switch {
		case err == nil:
			if err := l.config.Validate(); err != nil {
				t.Errorf("settings that are out of range: %v", err)
			}
		case exitCode(err) != exitUsage:
			t.Errorf("exit %d for %v, want %d", exitCode(err), err, exitUsage)
		}
		if c := train.Demo(); err == nil && text == "" && l.config.Seed != c.Seed {
			t.Errorf("an empty file changes the seed to %d", l.config.Seed)
		}
	})
}
