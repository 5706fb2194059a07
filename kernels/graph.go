package kernels

import "lbsam/kernels/driver"

// A Graph is work that was recorded once and is done again and again. It has
// the addresses and numbers of its recording: what changes from one time to
// the next lies in device memory.
type Graph struct {
	dev   *Device
	graph driver.Graph
}

// Captures reports whether the device can record work: one that runs kernels
// can, ref and cpu cannot.
func (d *Device) Captures() bool { return d.gpu != nil }

// Capture records the work that step gives to the device instead of doing it.
// step must neither allocate, upload nor download, and launch nothing for the
// first time: do it once before.
func (d *Device) Capture(step func()) *Graph {
	g, err := d.gpu.drv.Capture(0, func() (err error) {
		defer Recover(&err)
		step()
		return nil
	})
	d.gpu.must("capturing a step", err)
	return &Graph{d, g}
}

// Launch does the recorded work.
func (g *Graph) Launch() { g.dev.gpu.must("a captured step", g.graph.Launch(0)) }

// Free releases the recording.
func (g *Graph) Free() { g.dev.gpu.must("releasing a captured step", g.graph.Free()) }

// Sync waits until the device has done all its work.
func (d *Device) Sync() {
	if d.gpu != nil {
		d.gpu.join()
		d.gpu.must("waiting", d.gpu.drv.Sync(0))
	}
}
