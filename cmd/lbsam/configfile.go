package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// fromFile is the layer of a file like config.toml, which may leave settings
// out; of no file if path is "".
func fromFile(path string) ([]value, error) {
	if path == "" {
		return nil, nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, usageError("--config: %v: want a file like the config.toml of a run", err)
	}
	values := map[string]any{}
	if err := toml.Unmarshal(text, &values); err != nil {
		return nil, syntaxError(path, err)
	}
	// Decoded into nothing, every entry is one too many, and has its line.
	d := toml.NewDecoder(bytes.NewReader(text)).DisallowUnknownFields()
	err = d.Decode(&struct{}{})
	entries, ok := errors.AsType[*toml.StrictMissingError](err)
	if !ok {
		return nil, nil // an empty file
	}
	var layer []value
	for _, e := range entries.Errors {
		line, _ := e.Position()
		v, err := fileValue(e.Key(), values, fmt.Sprintf("%s:%d", path, line))
		if err != nil {
			return nil, err
		}
		layer = append(layer, v)
	}
	return layer, nil
}

func syntaxError(path string, err error) error {
	if e, ok := errors.AsType[*toml.DecodeError](err); ok {
		line, column := e.Position()
		return usageError("%s:%d: column %d is no TOML: %s: want lines such as lr = 0.1 or model = \"resnet18\"",
			path, line, column, strings.TrimPrefix(e.Error(), "toml: "))
	}
	return usageError("%s: %v", path, err)
}

// fileValue is the value of one entry of a file.
func fileValue(name toml.Key, values map[string]any, origin string) (value, error) {
	k, err := findKey(strings.Join(name, "."), origin)
	if err != nil {
		return value{}, err
	}
	text, ok := fileText(values[name[0]])
	if !ok {
		return value{}, usageError("%s: %s is a table, a date or a list of such: want a text, a number, true, false or a list of numbers", origin, k)
	}
	return value{k, text, origin}, nil
}

// fileText is v as a flag takes it.
func fileText(v any) (text string, ok bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case int64:
		return strconv.FormatInt(v, 10), true
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), true
	case []any:
		var words []string
		for _, item := range v {
			word, ok := fileText(item)
			if _, nested := item.([]any); nested || !ok {
				return "", false
			}
			words = append(words, word)
		}
		return strings.Join(words, ","), true
	}
	return "", false
}
