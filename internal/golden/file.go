package golden

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
)

// builtin is the traces that come with the program: all of mlp and convnet,
// and six of the small residual networks.
//
//go:embed testdata/traces.json
var builtin []byte

// Load reads a file of traces; without a name, those that come with the
// program.
func Load(file string) ([]*Trace, error) {
	data, name := builtin, "the built-in traces"
	if file != "" {
		var err error
		if data, err = os.ReadFile(file); err != nil {
			return nil, fmt.Errorf("golden: %w", err)
		}
		name = file
	}
	traces, err := parse(data)
	if err != nil {
		return nil, fmt.Errorf("golden: %s: %w", name, err)
	}
	return traces, nil
}

// format is the version of the file that this package reads.
const format = 1

func parse(data []byte) ([]*Trace, error) {
	var file struct {
		Format int               `json:"format"`
		Traces []json.RawMessage `json:"traces"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("not a file of traces: %w", err)
	}
	if file.Format != format {
		return nil, fmt.Errorf("format %d, want %d", file.Format, format)
	}
	if len(file.Traces) == 0 {
		return nil, errors.New("it has no traces")
	}
	traces := make([]*Trace, len(file.Traces))
	for i, raw := range file.Traces {
		traces[i] = &Trace{}
		err := decode(raw, traces[i])
		if err == nil {
			err = traces[i].validate()
		}
		if err != nil {
			return nil, fmt.Errorf("trace %d of %d: %w", i+1, len(traces), err)
		}
	}
	return traces, nil
}

// decode fills the struct v from a JSON object that has exactly its fields;
// those marked omitempty may be absent.
func decode(data []byte, v any) error {
	var object map[string]json.RawMessage
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	t := reflect.TypeOf(v).Elem()
	for i := range t.NumField() {
		name, optional := strings.CutSuffix(t.Field(i).Tag.Get("json"), ",omitempty")
		if raw, ok := object[name]; !ok && !optional || string(raw) == "null" {
			return fmt.Errorf("no field %q", name)
		}
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

// UnmarshalJSON reads a Config.
func (c *Config) UnmarshalJSON(data []byte) error {
	type plain Config // without this method
	return decode(data, (*plain)(c))
}

// UnmarshalJSON reads a Step.
func (s *Step) UnmarshalJSON(data []byte) error {
	type plain Step
	return decode(data, (*plain)(s))
}

// UnmarshalJSON reads a Stat.
func (s *Stat) UnmarshalJSON(data []byte) error {
	type plain Stat
	return decode(data, (*plain)(s))
}

// UnmarshalJSON reads a pair [name, shape].
func (p *Param) UnmarshalJSON(data []byte) error {
	return json.Unmarshal(data, &[2]any{&p.Name, &p.Shape})
}

// numbers is a list in which none is missing.
type numbers []float64

// UnmarshalJSON reads a list without null, which a []float64 takes for 0.
func (n *numbers) UnmarshalJSON(data []byte) error {
	var list []*float64
	if err := json.Unmarshal(data, &list); err != nil {
		return err
	}
	*n = make(numbers, len(list))
	for i, v := range list {
		if v == nil {
			return errors.New("null instead of a number")
		}
		(*n)[i] = *v
	}
	return nil
}
