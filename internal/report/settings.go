package report

import (
	"fmt"
	"reflect"
	"strings"

	"lbsam/train"
)

// A setting is a field of a Config, as config.toml has it.
type setting struct {
	Name, Value string
	Preset      string // its value in the preset, where that is another one
}

// settings lists all settings of c beside those of the preset that is nearest,
// and its name.
func settings(c train.Config) (all []setting, preset string) {
	fewest := -1
	for _, p := range []struct {
		name   string
		config train.Config
	}{{"official", train.Published()}, {"paper", train.Paper(c.Minimizer)}, {"fast", train.Fast()}, {"demo", train.Demo()}} {
		list := beside(c, p.config)
		if n := len(changed(list)); fewest < 0 || n < fewest {
			all, preset, fewest = list, p.name, n
		}
	}
	return all, preset
}

// beside lists the settings of c and where preset differs.
func beside(c, preset train.Config) (list []setting) {
	ours, theirs := reflect.ValueOf(c), reflect.ValueOf(preset)
	for i := range ours.NumField() {
		name, _, _ := strings.Cut(ours.Type().Field(i).Tag.Get("toml"), ",")
		s := setting{Name: name, Value: text(ours.Field(i))}
		if other := text(theirs.Field(i)); other != s.Value {
			s.Preset = other
		}
		list = append(list, s)
	}
	return list
}

// changed are the settings that differ from the preset's.
func changed(all []setting) (list []setting) {
	for _, s := range all {
		if s.Preset != "" {
			list = append(list, s)
		}
	}
	return list
}

// text writes a value as TOML does.
func text(v reflect.Value) string {
	switch v.Kind() {
	case reflect.String:
		return fmt.Sprintf("%q", v.String())
	case reflect.Slice:
		words := make([]string, v.Len())
		for i := range words {
			words[i] = text(v.Index(i))
		}
		return "[" + strings.Join(words, ", ") + "]"
	}
	return fmt.Sprint(v.Interface())
}
