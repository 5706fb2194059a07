package driver

import "fmt"

// Unavailable is the error of opening a device that cannot be used. Err says
// why.
type Unavailable struct {
	Device string // the name it was asked for by, as "cuda:7"
	Absent bool   // there is no such device at all, or no driver
	Err    error
}

// Error returns the device and the reason in one line.
func (e Unavailable) Error() string { return fmt.Sprintf("device %s: %v", e.Device, e.Err) }

// Unwrap returns Err.
func (e Unavailable) Unwrap() error { return e.Err }

// OutOfMemory is the error of Alloc on a device that has too little memory
// left. The device stays usable. Sizes are in bytes; Free may be more than
// Wanted where what is free lies in several pieces.
type OutOfMemory struct {
	Device              string
	Wanted, Free, Total int64
}

// Error returns the sizes in units that people read.
func (e OutOfMemory) Error() string {
	return fmt.Sprintf("device %s: out of memory: %s wanted, %s of %s free", e.Device, Size(e.Wanted), Size(e.Free), Size(e.Total))
}

// Lost is the error of a device that can do no more work, because a kernel did
// something wrong or the device does not answer. Every later call of the
// driver returns the same Lost, except Close; what is in the device's memory
// cannot be read. Err says what happened.
type Lost struct {
	Device string
	Err    error
}

// Error returns the device and the reason in one line.
func (e Lost) Error() string {
	return fmt.Sprintf("device %s can do no more work: %v", e.Device, e.Err)
}

// Unwrap returns Err.
func (e Lost) Unwrap() error { return e.Err }

// Size returns a number of bytes as people read it, with three digits: "12 B",
// "1.50 KiB", "79.6 GiB".
func Size(n int64) string {
	x, units := float64(n), []string{"B", "KiB", "MiB", "GiB", "TiB"}
	for x >= 999.5 && len(units) > 1 {
		x, units = x/1024, units[1:]
	}
	switch {
	case units[0] == "B":
		return fmt.Sprintf("%d B", n)
	case x < 9.995:
		return fmt.Sprintf("%.2f %s", x, units[0])
	case x < 99.95:
		return fmt.Sprintf("%.1f %s", x, units[0])
	}
	return fmt.Sprintf("%.0f %s", x, units[0])
}
