package kernels

// PushRow copies row [c] to row count[0] mod n of ring [n, c] and adds one to
// count, an int32. The position is on the device, so that a captured step
// writes a new row each time it is launched.
func PushRow(ring, row, count Buffer) {
	n := ring.n / row.n
	mustMatch("PushRow", row.dtype, n*row.n, ring)
	mustMatch("PushRow", Int32, 1, count)
	at := int(i32(count)[0]) % n * row.n
	Copy(ring.Slice(at, at+row.n), row)
	i32(count)[0]++
}
