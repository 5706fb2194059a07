package main

import (
	"reflect"
	"strings"
	"testing"

	"github.com/pelletier/go-toml/v2"

	"lbsam/train"
)

func TestCommandLines(t *testing.T) {
	official := func(change func(*train.Config)) train.Config {
		c := train.Published()
		change(&c)
		return c
	}
	demo := func(change func(*train.Config)) train.Config {
		c := train.Demo()
		change(&c)
		return c
	}
	for _, c := range []struct {
		args string
		want train.Config
	}{
		// The published command lines, behind the name of the program.
		{"--minimizer Lookbehind_SAM --rho 0.05 --k 2 --alpha -1 --dataset CIFAR10 --model resnet34",
			official(func(c *train.Config) { c.Rho = 0.05 })},
		{"--minimizer LookbehindSAM --rho 0.05 --k 2 --alpha 0.5 --dataset CIFAR100 --model resnet50",
			official(func(c *train.Config) {
				c.Rho, c.Dataset, c.Model, c.Adaptive = 0.05, "CIFAR100", "resnet50", false
			})},
		{"--minimizer LookbehindASAM --rho 0.5 --eta 0.01 --k 5 --alpha .2",
			official(func(c *train.Config) {
				c.Minimizer, c.Eta, c.K, c.Alpha, c.Adaptive = "LookbehindASAM", 0.01, 5, 0.2, false
			})},
		{"--dataset CIFAR100 --model resnet50 --lr 0.05 --momentum 0.8 --weight_decay 1e-3 --batch_size 64 --epochs 10 --data /d",
			official(func(c *train.Config) {
				c.Dataset, c.Model, c.LR, c.Momentum, c.WeightDecay, c.Batch, c.Epochs, c.Data = "CIFAR100", "resnet50", 0.05, 0.8, 1e-3, 64, 10, "/d"
			})},
		// Which defaults.
		{"--seed 1", official(func(c *train.Config) { c.Seed = 1 })},
		{"train", train.Demo()},
		{"train --seed 1", demo(func(c *train.Config) { c.Seed = 1 })},
		{"train --dataset cifar-10", train.Published()},
		{"train --preset official", train.Published()},
		{"train --preset demo --dataset MNIST", demo(func(c *train.Config) { c.Dataset = "MNIST" })},
		{"--preset demo", train.Demo()},
		// Spellings.
		{"train --weight-decay 1 --label_smoothing 0.1 --val-split=0.1", demo(func(c *train.Config) {
			c.WeightDecay, c.Smoothing, c.ValSplit = 1, 0.1, 0.1
		})},
		{"train --batch 5", demo(func(c *train.Config) { c.Batch = 5 })},
		{"train --minimizer lookbehind-asam", demo(func(c *train.Config) { c.Minimizer = "LookbehindASAM" })},
		{"train --minimizer sgd --optimizer AdamW", demo(func(c *train.Config) { c.Minimizer, c.Optimizer = "SGD", "adamw" })},
		{"train --alpha adaptive", train.Demo()},
		{"train --alpha=-1", train.Demo()},
		{"train --alpha -1.0", train.Demo()},
		{"train --alpha 1", demo(func(c *train.Config) { c.Alpha, c.Adaptive = 1, false })},
		{"train --alpha 0", demo(func(c *train.Config) { c.Alpha, c.Adaptive = 0, false })},
		{"train --alpha 0.2 --alpha -1", train.Demo()},
		{"train --milestones 3,4.5", demo(func(c *train.Config) { c.Milestones = []float64{3, 4.5} })},
		{"train --milestones=", demo(func(c *train.Config) { c.Milestones = []float64{} })},
		{"train --augment=false --reuse=false --new_batches", demo(func(c *train.Config) { c.Augment, c.Reuse, c.NewBatches = false, false, true })},
	} {
		stdout, _ := mustRun(t, append(strings.Fields(c.args), "--print-config")...)
		var got train.Config
		if err := toml.Unmarshal([]byte(stdout), &got); err != nil {
			t.Errorf("lbsam %s: %v", c.args, err)
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("lbsam %s:\ngot  %+v\nwant %+v", c.args, got, c.want)
		}
	}
}

func TestEverySettingHasAFlag(t *testing.T) {
	var c train.Config
	flags := newFlags()
	addSettings(flags, &c)
	other := map[string]string{"batch": "batch-size", "adaptive": "alpha"}
	fields := reflect.TypeOf(c)
	for i := range fields.NumField() {
		name := strings.ReplaceAll(fields.Field(i).Tag.Get("toml"), "_", "-")
		if o := other[name]; o != "" {
			name = o
		}
		f := flags.Lookup(name)
		if f == nil {
			t.Errorf("no flag for %s: want --%s", fields.Field(i).Name, name)
		} else if f.Usage == "" {
			t.Errorf("--%s has no help", name)
		}
	}
}

// A value that is written is read back: override relies on it.
func TestOverrideKeepsWhatWasGiven(t *testing.T) {
	from := train.Published()
	from.Milestones, from.LR, from.Adaptive, from.Alpha, from.Seed, from.Nesterov = []float64{0.1, 1e9}, 1.0/3, false, 0.7, 1<<63, true
	given := newFlags()
	addSettings(given, &from)
	for _, name := range []string{"milestones", "lr", "alpha", "seed", "nesterov"} {
		if err := given.Set(name, given.Lookup(name).Value.String()); err != nil {
			t.Fatal(err)
		}
	}
	got, err := override(train.Published(), given)
	if err != nil || !reflect.DeepEqual(got, from) {
		t.Errorf("%+v, %v: want %+v", got, err, from)
	}
}

func TestWords(t *testing.T) {
	for _, c := range []struct{ got, want string }{
		{quoteUnix("runs/a-1.x"), "runs/a-1.x"}, {quoteUnix("a b"), "'a b'"}, {quoteUnix(""), "''"}, {quoteUnix("it's"), `'it'\''s'`}, {quoteUnix("$HOME"), "'$HOME'"},
		{quoteWindows(`C:\runs\a-1.x`), `C:\runs\a-1.x`}, {quoteWindows(`a b\`), `"a b\\"`}, {quoteWindows(""), `""`}, {quoteWindows("0,1"), `"0,1"`}, {quoteWindows(`say "a"`), `"say \"a\""`},
		{thousands(1), "1"}, {thousands(999), "999"}, {thousands(1000), "1,000"}, {thousands(21282122), "21,282,122"},
		{count(1, "thread"), "1 thread"}, {count(1000, "batch"), "1,000 batches"}, {count(0, "thread"), "0 threads"},
		{duration(0), "0s"}, {duration(59.6e9), "1m00s"}, {duration(3599e9), "59m59s"}, {duration(7260e9), "2h01m"}, {duration(90000e9), "1d01h"},
		{short(0.1234), "0.123"}, {short(123456), "1.23e+05"}, {percent(0.8), "80.0%"},
	} {
		if c.got != c.want {
			t.Errorf("%q, want %q", c.got, c.want)
		}
	}
}
