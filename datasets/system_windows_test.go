package datasets

import (
	"os"
	"time"

	"golang.org/x/sys/windows"
)

// processor is the time for which the processors have worked for this process.
func processor() time.Duration {
	var created, ended, kernel, user windows.Filetime
	windows.GetProcessTimes(windows.CurrentProcess(), &created, &ended, &kernel, &user)
	ticks := func(t windows.Filetime) time.Duration {
		return time.Duration(t.HighDateTime)<<32 | time.Duration(t.LowDateTime)
	}
	return 100 * (ticks(kernel) + ticks(user))
}

// makeOdd makes what is no regular file.
func makeOdd(path string) error { return os.Mkdir(path, 0o755) }
