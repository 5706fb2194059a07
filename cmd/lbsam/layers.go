package main

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"lbsam/train"
)

// A value is what one layer of the configuration says about a setting.
type value struct {
	key    string // the name of the setting in config.toml
	text   string // as its flag takes it
	origin string // the flag, the variable, or the line of a file
}

// layered are the settings of a run while one layer is put on another.
type layered struct {
	config  train.Config
	origins map[string]string // by key; "default": as in the published code
	flags   *pflag.FlagSet    // set config
}

const byDefault = "default"

// newLayered begins with a preset called name.
func newLayered(preset train.Config, name string) *layered {
	defaults := train.Published()
	l := &layered{config: preset, origins: map[string]string{}, flags: settingFlags(&defaults)}
	published := map[string]string{}
	l.flags.VisitAll(func(f *pflag.Flag) { published[f.Name] = f.Value.String() })
	l.flags = settingFlags(&l.config)
	l.flags.VisitAll(func(f *pflag.Flag) {
		l.origins[key(f.Name)] = byDefault
		if f.Value.String() != published[f.Name] {
			l.origins[key(f.Name)] = "preset " + name
		}
	})
	return l
}

// settingFlags set every setting of c, in the order of config.toml where that
// counts: adaptive comes behind alpha, which sets it too.
func settingFlags(c *train.Config) *pflag.FlagSet {
	f := newFlags()
	addSettings(f, c)
	f.BoolVar(&c.Adaptive, "adaptive", c.Adaptive, "")
	return f
}

// key is the name in config.toml of what a flag sets.
func key(flag string) string {
	if flag == "batch-size" {
		return "batch"
	}
	return strings.ReplaceAll(flag, "-", "_")
}

// keys are the names of all settings.
func keys() (all []string) {
	var c train.Config
	settingFlags(&c).VisitAll(func(f *pflag.Flag) { all = append(all, key(f.Name)) })
	return all
}

// findKey is the setting that is called name, in whatever case, with dashes or
// underscores. Origin is where the name stands.
func findKey(name, origin string) (string, error) {
	all := keys()
	k := key(string(normalize(nil, strings.ToLower(name))))
	if !slices.Contains(all, k) {
		return "", usageError("%s: unknown setting %q%s: lbsam train --print-config shows all", origin, name, meant(k, all))
	}
	return k, nil
}

// put puts a layer on those before. Where it names a setting twice, the last
// value holds.
func (l *layered) put(layer []value) (err error) {
	l.flags.VisitAll(func(f *pflag.Flag) {
		for _, v := range layer {
			if v.key != key(f.Name) || err != nil {
				continue
			}
			if e := f.Value.Set(v.text); e != nil {
				err = usageError("%s: %s is %q: want %s", v.origin, v.key, v.text, wanted(f))
			}
			l.origins[v.key] = v.origin
			if v.key == "alpha" {
				l.origins["adaptive"] = v.origin
			}
		}
	})
	return err
}

// validate checks the settings, and says of one that is out of range where it
// comes from, unless the message does.
func (l *layered) validate() error {
	err := l.config.Validate()
	if e, ok := errors.AsType[train.SettingError](err); ok {
		if origin := l.origins[key(e.Flag)]; origin != "--"+e.Flag {
			return usageError("%v; it comes from %s", e, origin)
		}
	}
	return err
}

// fromFlags is the layer of the flags of a command.
func fromFlags(given *pflag.FlagSet) (layer []value) {
	var c train.Config
	settings := settingFlags(&c)
	given.Visit(func(f *pflag.Flag) {
		if settings.Lookup(f.Name) != nil {
			layer = append(layer, value{key(f.Name), f.Value.String(), "--" + f.Name})
		}
	})
	return layer
}

// fromSet is the layer of --set, for which no setting may have a flag too.
func fromSet(pairs []string, given *pflag.FlagSet) (layer []value, err error) {
	for _, pair := range pairs {
		name, text, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, usageError("--set is %q: want NAME=VALUE, with a name from config.toml", pair)
		}
		k, err := findKey(strings.TrimSpace(name), "--set "+pair)
		if err != nil {
			return nil, err
		}
		for _, v := range fromFlags(given) {
			if v.key == k {
				return nil, usageError("%s and --set %s: give one of them", v.origin, pair)
			}
		}
		layer = append(layer, value{k, strings.TrimSpace(text), "--set"})
	}
	return layer, nil
}

// A preset is a set of values for all settings; it may depend on the
// minimizer.
type preset struct {
	name   string
	config func(minimizer string) train.Config
}

func presets() []preset {
	return []preset{
		{"official", func(string) train.Config { return train.Published() }},
		{"paper", train.Paper},
		{"fast", func(string) train.Config { return train.Fast() }},
		{"demo", func(string) train.Config { return train.Demo() }},
	}
}

// findPreset finds a preset by its name.
func findPreset(name string) (preset, error) {
	var names []string
	for _, p := range presets() {
		if p.name == name {
			return p, nil
		}
		names = append(names, p.name)
	}
	return preset{}, usageError("unknown preset %q%s: want one of %s", name, meant(name, names), strings.Join(names, ", "))
}

// configure is what the preset and the layers on it say: the file of --config,
// the environment, --set and flags. Untold, the preset is official if one of
// them names a data set, else the given one.
func (a *app) configure(o *trainFlags, given *pflag.FlagSet, untold string) (*layered, string, error) {
	run, err := o.matchedRun()
	if err != nil {
		return nil, "", err
	}
	config := o.config
	if run != "" && config == "" {
		config = configOf(run)
	}
	file, err1 := fromFile(config)
	environment, err2 := fromEnvironment(a.environment)
	set, err3 := fromSet(o.set, given)
	if err := cmp.Or(err1, err2, err3); err != nil {
		return nil, "", err
	}
	layers := [][]value{file, environment, append(set, fromFlags(given)...)}
	told := map[string]string{}
	for _, v := range slices.Concat(layers...) {
		told[v.key] = v.text
	}
	name := untold
	if _, ok := told["dataset"]; ok {
		name = "official"
	}
	if o.preset != "" {
		name = o.preset
	}
	p, err := findPreset(name)
	if err != nil {
		return nil, "", err
	}
	minimizer := train.Published().Minimizer
	if m, ok := told["minimizer"]; ok {
		minimizer = m
	}
	l := newLayered(p.config(minimizer), name)
	for _, layer := range layers {
		if err := l.put(layer); err != nil {
			return nil, "", err
		}
	}
	if err := l.validate(); err != nil || o.matched == "" {
		return l, name, err
	}
	return l, name, l.match(run)
}
