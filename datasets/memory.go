package datasets

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// checkMemory returns an error if n images of h by w pixels do not fit into the
// memory that is free, before hours are spent on reading them.
func checkMemory(n, h, w, c int) error {
	const gigabyte = 1e9
	need, free := float64(n)*float64(h)*float64(w)*float64(c), freeMemory()
	if free > 0 && need > free {
		return fmt.Errorf("%d images of %dx%d pixels and %d channels need %.1f GB, and %.1f GB of memory are free: choose a smaller --image-size",
			n, w, h, c, need/gigabyte, free/gigabyte)
	}
	return nil
}

// freeMemory is the memory that can be had, in bytes; 0 where the system does
// not tell.
func freeMemory() float64 {
	text, _ := os.ReadFile("/proc/meminfo") // Linux
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "MemAvailable:"); ok {
			kib, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 64)
			return kib * 1024
		}
	}
	return 0
}
