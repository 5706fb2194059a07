package cuda

import "lbsam/kernels/driver"

// Priority is that of a stream: of two, the smaller number comes first.
func (d *Device) Priority(s driver.Stream) (int, error) { return d.queues[s].stream.Priority() }
