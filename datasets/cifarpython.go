package datasets

import (
	"bytes"
	"fmt"
	"io"
	"slices"

	"lbsam/internal/pickle"
)

// readPython fills images [len(labels), 32, 32, 3] and labels from a batch of the
// Python version: a pickled dict with data, uint8 [n, 3072], and the labels under
// key.
func (f cifarFormat) readPython(r io.Reader, what, key string, images, labels []uint8) error {
	batch, err := readPickle(r, what, 4*int64(len(images))+slack)
	if err != nil {
		return err
	}
	value, _ := batch.Get("data")
	data, ok := value.(*ndarray)
	if want := []int{len(labels), cifarPixels}; !ok || !slices.Equal(data.shape, want) || !data.element.isByte() {
		return fmt.Errorf("datasets: %s: its data are %v, want an array of %v of type u1", what, describe(value), want)
	}
	value, _ = batch.Get(key)
	if err := f.pythonLabels(value, labels); err != nil {
		return fmt.Errorf("datasets: %s: its %s: %w", what, key, err)
	}
	planes := data.bytes()
	for i := range labels {
		interleave(images[i*cifarPixels:(i+1)*cifarPixels], planes[i*cifarPixels:])
	}
	return nil
}

// pythonLabels sets labels from a list of integers or an array.
func (f cifarFormat) pythonLabels(value any, labels []uint8) error {
	numbers, err := numbersOf(value, len(labels))
	if err != nil {
		return err
	}
	for i, v := range numbers {
		if labels[i], err = label(v, i, f.classes); err != nil {
			return err
		}
	}
	return nil
}

// numbersOf returns the n numbers of a list or an array.
func numbersOf(value any, n int) ([]float64, error) {
	numbers := make([]float64, 0, n)
	switch v := value.(type) {
	case *pickle.List:
		for _, item := range v.Items[:min(n, len(v.Items))] {
			number, ok := item.(int64)
			if !ok {
				return nil, fmt.Errorf("a label is %v, want an int", describe(item))
			}
			numbers = append(numbers, float64(number))
		}
		if len(v.Items) > n {
			return nil, fmt.Errorf("%d numbers, want %d", len(v.Items), n)
		}
	case *ndarray:
		if !slices.Equal(v.shape, []int{n}) {
			return nil, fmt.Errorf("dimensions %v, want [%d]", v.shape, n)
		}
		b := v.bytes()
		for i := range n {
			numbers = append(numbers, v.element.number(b[i*v.element.size:]))
		}
	}
	if len(numbers) != n {
		return nil, fmt.Errorf("%v with %d numbers, want a list of %d", describe(value), len(numbers), n)
	}
	return numbers, nil
}

// readNames reads the names of the classes under key from the file of the Python
// version that has them.
func (f cifarFormat) readNames(d *Dataset, r io.Reader, what, key string) error {
	meta, err := readPickle(r, what, slack)
	if err != nil {
		return err
	}
	value, _ := meta.Get(key)
	list, ok := value.(*pickle.List)
	if !ok || len(list.Items) != f.classes {
		return fmt.Errorf("datasets: %s: its %s are %v, want a list of %d names", what, key, describe(value), f.classes)
	}
	d.Classes = nil
	for _, item := range list.Items {
		switch name := item.(type) {
		case string:
			d.Classes = append(d.Classes, name)
		case []byte:
			d.Classes = append(d.Classes, string(name))
		default:
			return fmt.Errorf("datasets: %s: a name in its %s is %v", what, key, describe(item))
		}
	}
	return nil
}

// readPickle reads a pickle of a dict, of most bytes at most.
func readPickle(r io.Reader, what string, most int64) (*pickle.Dict, error) {
	var b bytes.Buffer
	if _, err := b.ReadFrom(limit(r, most)); err != nil {
		return nil, fmt.Errorf("datasets: %s: after %d bytes: %w", what, b.Len(), err)
	}
	v, err := pickle.Decoder{Find: numpy}.Bytes(b.Bytes())
	if err != nil {
		return nil, fmt.Errorf("datasets: %s: %w; is it complete, and the Python version?", what, err)
	}
	d, ok := v.(*pickle.Dict)
	if !ok {
		return nil, fmt.Errorf("datasets: %s holds %v, want a dict", what, describe(v))
	}
	return d, nil
}

// describe says in a few words what a value is.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "not there"
	case *ndarray:
		return fmt.Sprintf("an array of %v of type %v", v.shape, v.element)
	case *pickle.List:
		return fmt.Sprintf("a list of %d", len(v.Items))
	}
	return fmt.Sprintf("a %T", v)
}
