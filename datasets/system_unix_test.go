//go:build unix

package datasets

import (
	"syscall"
	"time"
)

// processor is the time for which the processors have worked for this process.
func processor() time.Duration {
	var use syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &use)
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// makeOdd makes what is no regular file.
func makeOdd(path string) error { return syscall.Mkfifo(path, 0o600) }
