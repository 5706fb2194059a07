package main

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	kernel32             = windows.NewLazySystemDLL("kernel32.dll")
	globalMemoryStatusEx = kernel32.NewProc("GlobalMemoryStatusEx")
	getProcessMemoryInfo = kernel32.NewProc("K32GetProcessMemoryInfo")
)

// system is the name of the operating system and its version.
func system() string {
	v := windows.RtlGetVersion()
	return fmt.Sprintf("Windows %d.%d.%d", v.MajorVersion, v.MinorVersion, v.BuildNumber)
}

// memory is what there is and what can be had of it, in bytes; 0 where the system
// does not tell.
func memory() (total, available int64) {
	status := struct { // MEMORYSTATUSEX
		size, load                                                                  uint32
		total, available, totalPage, availablePage, totalVirtual, virtual, extended uint64
	}{}
	status.size = uint32(unsafe.Sizeof(status))
	if ok, _, _ := globalMemoryStatusEx.Call(uintptr(unsafe.Pointer(&status))); ok == 0 {
		return 0, 0
	}
	return int64(status.total), int64(status.available)
}

// freeDisk is how many bytes a user may write to the file system of a folder; 0
// where it does not tell.
func freeDisk(folder string) int64 {
	name, err := windows.UTF16PtrFromString(folder)
	if err != nil {
		return 0
	}
	var free uint64
	if windows.GetDiskFreeSpaceEx(name, &free, nil, nil) != nil {
		return 0
	}
	return int64(free)
}

// peakRSS is the largest size of the process in memory, in MiB; 0 where the
// system does not tell.
func peakRSS() float64 {
	counters := struct { // PROCESS_MEMORY_COUNTERS
		size, faults                                                              uint32
		peak, now, peakPaged, paged, peakUnpaged, unpaged, pagefile, peakPagefile uintptr
	}{}
	counters.size = uint32(unsafe.Sizeof(counters))
	ok, _, _ := getProcessMemoryInfo.Call(uintptr(windows.CurrentProcess()), uintptr(unsafe.Pointer(&counters)), uintptr(counters.size))
	if ok == 0 {
		return 0
	}
	return float64(counters.peak) / (1 << 20)
}
