package dry

import (
	"errors"
	"fmt"
	"unsafe"

	"lbsam/kernels/driver"
)

// InUse returns the bytes that Alloc returned and Free did not take back.
func (d *Device) InUse() int64 { return d.used }

// Peak returns the most bytes that were in use at once since New or ResetPeak.
func (d *Device) Peak() int64 { return d.peak }

// ResetPeak sets the peak to what is in use now.
func (d *Device) ResetPeak() { d.peak = d.used }

// Alloc returns an address that no memory has. Where Config.Memory is not
// enough the error is a driver.OutOfMemory.
func (d *Device) Alloc(bytes int) (driver.Ptr, error) {
	if err := d.outside("Alloc"); err != nil {
		return 0, err
	}
	if bytes <= 0 {
		return 0, fmt.Errorf("dry: Alloc of %d bytes", bytes)
	}
	if free := d.total - d.used; d.total > 0 && int64(bytes) > free {
		return 0, driver.OutOfMemory{Device: d.Name(), Wanted: int64(bytes), Free: free, Total: d.total}
	}
	p := d.next
	d.next += driver.Ptr(bytes+255) &^ 255
	d.memory[p] = bytes
	d.used += int64(bytes)
	d.peak = max(d.peak, d.used)
	return p, nil
}

// Free takes memory back. Its address is not used again.
func (d *Device) Free(p driver.Ptr) error {
	if err := d.outside("Free"); err != nil {
		return err
	}
	bytes, ok := d.memory[p]
	if !ok {
		return fmt.Errorf("dry: Free(%#x): not the start of an allocation, or freed before", uint64(p))
	}
	delete(d.memory, p)
	d.used -= int64(bytes)
	return nil
}

// AllocHost returns host memory that copies inside a capture can name.
func (d *Device) AllocHost(bytes int) ([]byte, error) {
	if err := d.outside("AllocHost"); err != nil {
		return nil, err
	}
	if bytes <= 0 {
		return nil, fmt.Errorf("dry: AllocHost of %d bytes", bytes)
	}
	words := make([]uint64, (bytes+7)/8) // aligned for every type
	b := unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), bytes)
	d.host[&b[0]] = bytes
	return b, nil
}

// FreeHost releases memory that AllocHost returned.
func (d *Device) FreeHost(mem []byte) error {
	if err := d.outside("FreeHost"); err != nil {
		return err
	}
	if p := unsafe.SliceData(mem); d.host[p] > 0 {
		delete(d.host, p)
		return nil
	}
	return errors.New("dry: FreeHost: memory is not from AllocHost")
}
