package dry

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"lbsam/kernels/driver"
)

// A Count is how often a kernel was launched.
type Count struct {
	Stream int // by Launch, outside a capture
	Graph  int // by launches of graphs
}

// Launches returns the counts of all kernels that were launched since New or
// ResetLaunches, by name.
func (d *Device) Launches() map[string]Count {
	all := map[string]Count{}
	for name, c := range d.counts {
		if *c != (Count{}) {
			all[name] = *c
		}
	}
	return all
}

// Graphs returns how often a graph was launched since New or ResetLaunches.
func (d *Device) Graphs() int { return d.graphs }

// ResetLaunches sets all counts of launches to zero.
func (d *Device) ResetLaunches() {
	d.graphs = 0
	for _, c := range d.counts {
		*c = Count{}
	}
}

// A module is a loaded PTX text. It is a driver.Module.
type module map[string]*kernel

// A kernel is an entry of a module. It is a driver.Kernel.
type kernel struct {
	driver.Entry
	dev   *Device
	size  int // bytes of arguments
	count *Count
}

// Load reads the headers of the kernels and nothing else.
func (d *Device) Load(ptx string) (driver.Module, error) {
	if err := d.outside("Load"); err != nil {
		return nil, err
	}
	entries, err := driver.Entries(ptx)
	if err != nil {
		return nil, fmt.Errorf("dry: Load: %w", err)
	}
	m := module{}
	for _, e := range entries {
		if d.counts[e.Name] == nil {
			d.counts[e.Name] = &Count{}
		}
		k := &kernel{Entry: e, dev: d, count: d.counts[e.Name]}
		k.size = driver.ArgsSize(k)
		m[e.Name] = k
	}
	return m, nil
}

// Kernel returns an entry.
func (m module) Kernel(name string) (driver.Kernel, error) {
	if k := m[name]; k != nil {
		return k, nil
	}
	return nil, fmt.Errorf("dry: no kernel %q among %s", name, strings.Join(m.Names(), ", "))
}

// Names returns the names of the entries.
func (m module) Names() []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Name returns the name of the entry.
func (k *kernel) Name() string { return k.Entry.Name }

// Params returns the layout of the arguments.
func (k *kernel) Params() []driver.Param { return k.Entry.Params }

// Launch counts a launch.
func (d *Device) Launch(s driver.Stream, dk driver.Kernel, grid, block driver.Dim3, shared int, args []byte) error {
	if err := d.on("Launch", s); err != nil {
		return err
	}
	k, ok := dk.(*kernel)
	switch {
	case !ok || k.dev != d:
		return fmt.Errorf("dry: Launch: %s is a kernel of another driver", dk.Name())
	case len(args) != k.size:
		return fmt.Errorf("dry: Launch of %s: %d bytes of arguments, want %d for %d parameters", k.Name(), len(args), k.size, len(k.Params()))
	case grid.Size() == 0 || block.Size() == 0 || block.Size() > 1024:
		return fmt.Errorf("dry: Launch of %s: grid %v of blocks %v: want 1 to 1024 threads, and 1 block or more", k.Name(), grid, block)
	case d.capture != nil:
		d.capture.launches[k.count]++
	default:
		k.count.Stream++
	}
	return nil
}

// A graph is a captured step. It is a driver.Graph.
type graph struct {
	dev      *Device // nil after Free
	launches map[*Count]int
	nested   int      // graphs that were launched in it
	zeros    [][]byte // what CopyOut writes
}

// Capture calls step and counts the kernels that it launches.
func (d *Device) Capture(s driver.Stream, step func() error) (driver.Graph, error) {
	if err := d.outside("Capture"); err != nil {
		return nil, err
	}
	if err := d.on("Capture", s); err != nil {
		return nil, err
	}
	g := &graph{dev: d, launches: map[*Count]int{}}
	d.capture = g
	defer func() { d.capture = nil }()
	if err := step(); err != nil {
		return nil, err
	}
	return g, nil
}

// Launch counts the kernels of the graph once more, inside a capture for that.
func (g *graph) Launch(s driver.Stream) error {
	d := g.dev
	if d == nil {
		return errors.New("dry: Graph.Launch: the graph was freed")
	}
	if err := d.on("Graph.Launch", s); err != nil {
		return err
	}
	if c := d.capture; c != nil {
		for k, n := range g.launches {
			c.launches[k] += n
		}
		c.nested += 1 + g.nested
		c.zeros = append(c.zeros, g.zeros...)
		return nil
	}
	for k, n := range g.launches {
		k.Graph += n
	}
	d.graphs += 1 + g.nested
	for _, b := range g.zeros {
		clear(b)
	}
	return nil
}

// Free releases the graph.
func (g *graph) Free() error {
	if g.dev == nil {
		return errors.New("dry: Graph.Free: the graph was freed before")
	}
	g.dev = nil
	return nil
}
