//go:build unix

package main

import "testing"

func TestMemory(t *testing.T) {
	file := write(t, "meminfo", "MemTotal:       8000000 kB\nMemFree:  5 kB\nMemAvailable:    4000000 kB\n")
	if total, available := memoryIn(file); total != 8_192_000_000 || available != 4_096_000_000 {
		t.Errorf("%d, %d", total, available)
	}
	if total, available := memoryIn("/nowhere"); total != 0 || available != 0 || gigabytes(total) != "unknown" {
		t.Errorf("%d, %d", total, available)
	}
}
