package train

import "lbsam/kernels"

// A recorder gives the device the work of steps. Where the device can record,
// the first step of a kind is done as it comes, which warms up memory and
// kernels; the second is recorded; from then on the recording is done again,
// one call for the whole step.
type recorder struct {
	device *kernels.Device
	off    bool
	graphs map[string]*kernels.Graph // nil: done once, not recorded yet
}

// do does work, or the recording of the work done under that key before. All
// work under one key must give the device the same.
func (r *recorder) do(key string, work func()) (recorded bool) {
	graph, known := r.graphs[key]
	switch {
	case r.off || !r.device.Captures():
		work()
		return false
	case !known:
		r.graphs[key] = nil
		work()
		return false
	case graph == nil:
		r.graphs[key] = r.device.Capture(work)
		r.graphs[key].Launch()
		return false // work has run on the host, if not on the device
	}
	graph.Launch()
	return true
}

// forget gives up all recordings.
func (r *recorder) forget() {
	for _, graph := range r.graphs {
		if graph != nil {
			graph.Free()
		}
	}
	clear(r.graphs)
}
