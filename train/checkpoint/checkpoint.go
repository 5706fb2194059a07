// Package checkpoint writes and reads models and the state of a training run,
// as safetensors files.
//
// An export speaks PyTorch: Export and Import convert between the layout of
// the devices and that of a state_dict, and this is the only place where the
// two meet. A state, of SaveState and LoadState, is for an exact resume: it
// holds any tensors as the device has them.
//
// A file is written under a temporary name, synced and renamed, so that under
// its own name there is always a whole one. Loading checks the whole file
// before it changes the first tensor.
package checkpoint

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"lbsam/tensor"
)

// An Entry is a tensor and its name in a file.
type Entry struct {
	Name   string
	Tensor *tensor.Tensor
}

// save writes a file of the entries; in describes them there, put writes one.
func save(path string, metadata map[string]string, entries []Entry,
	in func(Entry) Info, put func(w io.Writer, t *tensor.Tensor) error) error {
	h := Header{Metadata: metadata}
	for _, e := range entries {
		h.Tensors = append(h.Tensors, in(e))
	}
	return write(path, h, func(w io.Writer, i int) error { return put(w, entries[i].Tensor) })
}

// A loader is how the tensors of a file become those of a device.
type loader struct {
	in   func(Entry) Info             // what the file should say
	fits func(found, want Info) bool  // whether what it says will do
	note func(metadata string) string // what to add to the complaint that it does not, given the model in the file

	// get reads one tensor, which found describes, and stores it if store is
	// set.
	get func(r io.Reader, t *tensor.Tensor, found Info, store bool) error
}

// load fills the entries from a file that has these and no others.
func load(path string, entries []Entry, l loader) (map[string]string, error) {
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	index, err := l.match(f.plain(), entries)
	if err != nil {
		return nil, f.errorf("%w: %s", err, l.note(f.Metadata["model"]))
	}
	// The first pass only reads: a disk that fails, or a number that does not
	// fit, shows before any tensor has changed.
	for _, store := range []bool{false, true} {
		for i, e := range entries {
			r, err := f.elements(index[i])
			if err == nil {
				err = l.get(r, e.Tensor, f.Tensors[index[i]], store)
			}
			if err != nil {
				return nil, f.errorf("tensor %q: %w", e.Name, err)
			}
		}
	}
	return f.Metadata, nil
}

// match finds each entry in the file with header h.
func (l loader) match(h Header, entries []Entry) (index []int, err error) {
	position := map[string]int{}
	for i, t := range h.Tensors {
		position[t.Name] = i
	}
	for _, e := range entries {
		want := l.in(e)
		i, ok := position[e.Name]
		if !ok {
			return nil, fmt.Errorf("found no tensor %q, want %v%s", e.Name, want, leftOver(h, entries))
		}
		if found := h.Tensors[i]; !l.fits(found, want) {
			return nil, fmt.Errorf("tensor %q: found %v, want %v", e.Name, found, want)
		}
		delete(position, e.Name)
		index = append(index, i)
	}
	for _, t := range h.Tensors { // in the order of the file, so that the message is always the same
		if _, left := position[t.Name]; left {
			return nil, fmt.Errorf("found tensor %.100q, %v, want none of that name", t.Name, t)
		}
	}
	return index, nil
}

// leftOver says which tensor of h is the first that no entry wants, "" if there
// is none.
func leftOver(h Header, entries []Entry) string {
	wanted := map[string]bool{}
	for _, e := range entries {
		wanted[e.Name] = true
	}
	for _, t := range h.Tensors {
		if !wanted[t.Name] {
			return fmt.Sprintf("; found tensor %.100q, %v, which it has not", t.Name, t)
		}
	}
	return ""
}

// wrappers are the prefixes that DataParallel and torch.compile give to the
// names in a state_dict.
var wrappers = []string{"module.", "_orig_mod."}

// plain is h without the prefixes of wrappers, where all names have them.
func (h Header) plain() Header {
	h.Tensors = slices.Clone(h.Tensors)
	for {
		i := slices.IndexFunc(wrappers, func(prefix string) bool {
			return len(h.Tensors) > 0 && !slices.ContainsFunc(h.Tensors, func(t Info) bool { return !strings.HasPrefix(t.Name, prefix) })
		})
		if i < 0 {
			return h
		}
		for j := range h.Tensors {
			h.Tensors[j].Name = strings.TrimPrefix(h.Tensors[j].Name, wrappers[i])
		}
	}
}

// same reports whether two tensors have one type and shape.
func same(a, b Info) bool { return a.Dtype == b.Dtype && slices.Equal(a.Shape, b.Shape) }
