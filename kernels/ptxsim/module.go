package ptxsim

import (
	"fmt"
	"slices"
	"strings"

	"lbsam/kernels/driver"
)

// A module is a loaded PTX text. It is a driver.Module.
type module struct {
	kernels map[string]*kernel
}

// Load parses PTX and decodes all its kernels. The variables of the module
// get device memory.
func (d *Device) Load(ptx string) (m driver.Module, err error) {
	if err := d.outside("Load"); err != nil {
		return nil, err
	}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(syntaxError)
			if !ok {
				panic(r)
			}
			m, err = nil, fmt.Errorf("ptxsim: %w", e)
		}
	}()
	u := parse(ptx)
	if u.version == "" || u.target == "" {
		failf(1, "no .version or no .target: is it PTX?")
	}
	d.place(u)
	out := &module{kernels: map[string]*kernel{}}
	for _, e := range u.entries {
		k := newKernel(u, e)
		if k.static > maxStatic {
			failf(e.line, "%s has %d bytes of static shared memory, at most %d are possible", e.name, k.static, maxStatic)
		}
		out.kernels[e.name] = k
	}
	return out, nil
}

// place gives the variables of a module memory.
func (d *Device) place(u *unit) {
	for _, v := range u.order {
		if v.space != "global" && v.space != "const" {
			continue
		}
		s := d.mem.alloc(max(v.size, 1), v.name)
		clear(s.data)
		clear(s.state)
		copy(s.data, v.init)
		s.readonly = v.space == "const"
		v.addr = s.base
	}
}

// Kernel returns an entry.
func (m *module) Kernel(name string) (driver.Kernel, error) {
	if k := m.kernels[name]; k != nil {
		return k, nil
	}
	return nil, fmt.Errorf("ptxsim: no kernel %q among %s", name, strings.Join(m.Names(), ", "))
}

// Names returns the names of the entries.
func (m *module) Names() []string {
	var names []string
	for name := range m.kernels {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
