//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// system is the name of the operating system and the version of its kernel.
func system() string {
	var u unix.Utsname
	kernel := runtime.GOOS
	if unix.Uname(&u) == nil {
		kernel = unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:])
	}
	text, err := os.ReadFile("/etc/os-release")
	name := regexp.MustCompile(`(?m)^PRETTY_NAME="?([^"\n]*)`).FindSubmatch(text)
	if err != nil || name == nil {
		return kernel
	}
	return string(name[1]) + ", " + kernel
}

// memory is what there is and what can be had of it, in bytes; 0 where the system
// does not tell.
func memory() (total, available int64) { return memoryIn("/proc/meminfo") } // Linux

// memoryIn is what Linux says in a file like /proc/meminfo; 0 where there is none.
func memoryIn(path string) (total, available int64) {
	text, _ := os.ReadFile(path)
	for line := range strings.Lines(string(text)) {
		var kB int64
		if n, _ := fmt.Sscanf(line, "MemTotal: %d kB", &kB); n == 1 {
			total = 1024 * kB
		}
		if n, _ := fmt.Sscanf(line, "MemAvailable: %d kB", &kB); n == 1 {
			available = 1024 * kB
		}
	}
	return total, available
}

// freeDisk is how many bytes a user may write to the file system of a folder; 0
// where it does not tell.
func freeDisk(folder string) int64 {
	var s unix.Statfs_t
	if unix.Statfs(filepath.Clean(folder), &s) != nil {
		return 0
	}
	return int64(s.Bavail) * int64(s.Bsize)
}

// peakRSS is the largest size of the process in memory, in MiB; 0 where the
// system does not tell.
func peakRSS() float64 {
	text, _ := os.ReadFile("/proc/self/status") // Linux
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			return kib / 1024
		}
	}
	return 0
}
