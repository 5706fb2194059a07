package kernels

// TakeRow copies row count[0] mod n of table [n, c] to row [c] and adds one to
// count, an int32: the counterpart of PushRow.
func TakeRow(row, table, count Buffer) {
	defer row.dev.span("TakeRow", row, table, count).end()
	n := table.n / row.n
	mustMatch("TakeRow", row.dtype, n*row.n, table)
	mustMatch("TakeRow", Int32, 1, count)
	mustShare("TakeRow", table, row, count)
	if row.dev.gpu != nil {
		if row.dtype == Uint8 {
			panic("kernels: TakeRow of uint8: want elements of 4 or 8 bytes")
		}
		row.dev.gpu.launch("take_row", blocks(1, 256), row, table, count, n, row.n*row.dtype.Size()/4)
		return
	}
	at := int(i32(count)[0]) % n * row.n
	Copy(row, table.Slice(at, at+row.n))
	i32(count)[0]++
}

// PushRow copies row [c] to row count[0] mod n of ring [n, c] and adds one to
// count, an int32. The position is on the device, so that a captured step
// writes a new row each time it is launched.
func PushRow(ring, row, count Buffer) {
	defer ring.dev.span("PushRow", ring, row, count).end()
	n := ring.n / row.n
	mustMatch("PushRow", row.dtype, n*row.n, ring)
	mustMatch("PushRow", Int32, 1, count)
	mustShare("PushRow", ring, row, count)
	if ring.dev.gpu != nil {
		if row.dtype == Uint8 {
			panic("kernels: PushRow of uint8: want elements of 4 or 8 bytes")
		}
		ring.dev.gpu.launch("push_row", blocks(1, 256), ring, row, count, n, row.n*row.dtype.Size()/4)
		return
	}
	at := int(i32(count)[0]) % n * row.n
	Copy(ring.Slice(at, at+row.n), row)
	i32(count)[0]++
}
