//go:build !unix

package train

import "os"

// SaveSignal returns nil for Job.SaveNow: only Unix has a signal for it.
func SaveSignal() <-chan os.Signal { return nil }
