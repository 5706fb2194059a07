package cuda

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/barnex/cuda5/cu"

	"lbsam/kernels/driver"
)

// A module is a loaded PTX text. It is a driver.Module.
type module struct {
	dev     *Device
	kernels map[string]*kernel
}

// A kernel is an entry of a module. It is a driver.Kernel.
type kernel struct {
	driver.Entry
	dev     *Device
	fn      cu.Function
	size    int // bytes of arguments
	static  int // bytes of shared memory
	dynamic int // bytes of dynamic shared memory that a launch may ask for
}

// Load compiles PTX text for the GPU; the driver keeps results in a cache on
// disk. The error contains what the compiler wrote.
func (d *Device) Load(ptx string) (driver.Module, error) {
	if err := d.idle("Load"); err != nil {
		return nil, err
	}
	entries, err := driver.Entries(ptx)
	if err != nil {
		return nil, d.errorf("Load: %w", err)
	}
	loaded, log, err := cu.ModuleLoadDataEx(ptx)
	if err != nil {
		return nil, d.check("Load", oneLine(err, log))
	}
	d.modules = append(d.modules, loaded)
	m := &module{d, map[string]*kernel{}}
	for _, e := range entries {
		k, err := d.newKernel(loaded, e)
		if err != nil {
			return nil, err
		}
		m.kernels[e.Name] = k
	}
	return m, nil
}

// oneLine returns the error of a compilation with the compiler's log in the
// same line.
func oneLine(err error, log cu.JITLog) error {
	var call *cu.Error
	if log.Errors == "" || !errors.As(err, &call) {
		return err
	}
	lines := strings.FieldsFunc(log.Errors, func(r rune) bool { return r == '\n' })
	return fmt.Errorf("%w: %s", call, strings.Join(lines, "; "))
}

func (d *Device) newKernel(m cu.Module, e driver.Entry) (*kernel, error) {
	k := &kernel{Entry: e, dev: d}
	k.size = driver.ArgsSize(k)
	err := d.try("Load of "+e.Name, func() {
		k.fn = m.GetFunction(e.Name)
		k.static = k.fn.GetAttribute(cu.FUNC_A_SHARED_SIZE_BYTES)
	})
	k.dynamic = 48<<10 - k.static // more must be asked for
	return k, err
}

// Kernel returns an entry.
func (m *module) Kernel(name string) (driver.Kernel, error) {
	if k := m.kernels[name]; k != nil {
		return k, nil
	}
	return nil, m.dev.errorf("no kernel %q among %s", name, strings.Join(m.Names(), ", "))
}

// Names returns the names of the entries.
func (m *module) Names() []string {
	names := make([]string, 0, len(m.kernels))
	for name := range m.kernels {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Name returns the name of the entry.
func (k *kernel) Name() string { return k.Entry.Name }

// Params returns the layout of the arguments.
func (k *kernel) Params() []driver.Param { return k.Entry.Params }
