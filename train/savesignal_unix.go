//go:build unix

package train

import (
	"os"
	"os/signal"
	"syscall"
)

// SaveSignal returns a channel for Job.SaveNow on which SIGUSR1 arrives: save
// and go on.
func SaveSignal() <-chan os.Signal {
	signals := make(chan os.Signal, 1) // one more while the first waits for its step changes nothing
	signal.Notify(signals, syscall.SIGUSR1)
	return signals
}
