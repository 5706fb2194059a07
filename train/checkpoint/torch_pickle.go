package checkpoint

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strings"

	"lbsam/internal/pickle"
)

// tensors reads the pickle of the archive and returns the tensors of the
// state_dict in it. Where they lie is not checked yet.
func (a *archive) tensors() ([]view, error) {
	data, err := a.read(torchPickle)
	if err != nil {
		return nil, err
	}
	root, err := pickle.Decoder{Find: allowed, Persistent: storageOf}.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w; want a state_dict: %s", err, torchAdvice)
	}
	dict, err := stateDict(root)
	if err != nil {
		return nil, err
	}
	var views []view
	for _, item := range dict.Items {
		name, ok := item.Key.(string)
		v, isView := item.Value.(*view)
		if !ok || !isView {
			return nil, fmt.Errorf("found %.40q in the state_dict, a %s, want tensors with names: %s", fmt.Sprint(item.Key), kind(item.Value), torchAdvice)
		}
		named := *v // one tensor may have two names
		named.Name = name
		views = append(views, named)
	}
	return views, nil
}

// customary are the names under which training programs keep a state_dict among
// other things.
var customary = []string{"state_dict", "model_state_dict", "model", "net"}

// stateDict finds the dict with tensors in what a file holds: that itself, or
// what is in it under a customary name.
func stateDict(root any) (*pickle.Dict, error) {
	d, ok := root.(*pickle.Dict)
	if !ok {
		return nil, fmt.Errorf("found a %s, want a state_dict: %s", kind(root), torchAdvice)
	}
	if holdsTensor(d) {
		return d, nil
	}
	for _, name := range customary {
		v, _ := d.Get(name)
		if inner, ok := v.(*pickle.Dict); ok && holdsTensor(inner) {
			return inner, nil
		}
	}
	var keys []string
	for _, item := range d.Items[:min(8, len(d.Items))] {
		keys = append(keys, fmt.Sprintf("%.40q", fmt.Sprint(item.Key)))
	}
	return nil, fmt.Errorf("found a dict of %d values (%s), none of them a tensor, want a state_dict, or one under %s",
		len(d.Items), strings.Join(keys, ", "), strings.Join(customary, ", "))
}

func holdsTensor(d *pickle.Dict) bool {
	for _, item := range d.Items {
		if _, ok := item.Value.(*view); ok {
			return true
		}
	}
	return false
}

// kind is what a value is, for an error.
func kind(v any) string {
	switch v.(type) {
	case *view:
		return "tensor"
	case *pickle.Dict:
		return "dict"
	case *pickle.List, pickle.Tuple:
		return "list"
	case int64, float64:
		return "number"
	}
	return fmt.Sprintf("%T", v)
}

// allowed says what a pickle of torch.save may name: tensors, the types of
// their storages, and what stands beside them in the files of training
// programs.
func allowed(module, name string) (pickle.Callable, bool) {
	switch module + "." + name {
	case "collections.OrderedDict":
		return pickle.OrderedDict, true
	case "torch._utils._rebuild_tensor_v2":
		return rebuildTensor, true
	case "torch._utils._rebuild_parameter", "torch.Size":
		return func(args []any) (any, error) {
			if len(args) == 0 {
				return nil, errors.New("found no argument")
			}
			return args[0], nil
		}, true
	}
	_, known := dtypeOf(module, name)
	return nil, known
}

// dtypeOf is the type of the elements in a storage of that class.
func dtypeOf(module, name string) (Dtype, bool) {
	for dtype, class := range storages {
		if module == "torch" && name == class {
			return dtype, true
		}
	}
	return "", false
}

// A storage is the storage of tensors, which has a persistent id
// ("storage", class, name, device, elements).
type storage struct {
	dtype Dtype
	name  string
	numel int64
}

func storageOf(id any) (any, error) {
	t, ok := id.(pickle.Tuple)
	if !ok || len(t) != 5 || t[0] != "storage" {
		return nil, errors.New("found no storage")
	}
	class, ok1 := t[1].(*pickle.Global)
	name, ok2 := t[2].(string)
	numel, ok3 := t[4].(int64)
	if !ok1 || !ok2 || !ok3 {
		return nil, fmt.Errorf("found a storage of %s, %s and %s, want its class, name and size", kind(t[1]), kind(t[2]), kind(t[4]))
	}
	dtype, ok := dtypeOf(class.Module, class.Name)
	if !ok {
		return nil, fmt.Errorf("found a storage of class %s", class)
	}
	return &storage{dtype, name, numel}, nil
}

// rebuildTensor is torch._utils._rebuild_tensor_v2(storage, offset, shape,
// strides, requires_grad, backward_hooks, metadata).
func rebuildTensor(args []any) (any, error) {
	if len(args) < 4 {
		return nil, fmt.Errorf("found %d arguments, want 6", len(args))
	}
	s, ok1 := args[0].(*storage)
	offset, ok2 := args[1].(int64)
	shape, err1 := sizes(args[2])
	strides, err2 := sizes(args[3])
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("found a tensor of %s from %s on", kind(args[0]), kind(args[1]))
	}
	if err := cmp.Or(err1, err2); err != nil {
		return nil, err
	}
	v := &view{Info: Info{Dtype: s.dtype, Shape: []int{}}, storage: s.name, numel: s.numel, offset: offset, strides: strides}
	for _, n := range shape {
		v.Shape = append(v.Shape, int(n))
	}
	return v, nil
}

// sizes are the numbers of a shape, or the strides.
func sizes(v any) (list []int64, err error) {
	t, ok := v.(pickle.Tuple)
	if !ok || len(t) > maxRank {
		return nil, fmt.Errorf("found a shape that is no list of %d numbers or less", maxRank)
	}
	for _, n := range t {
		size, ok := n.(int64)
		if !ok {
			return nil, fmt.Errorf("found a %s in a shape", kind(n))
		}
		list = append(list, size)
	}
	return list, nil
}
