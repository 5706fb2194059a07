package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"lbsam/train"
)

// The exit codes.
const (
	exitOK = iota
	exitInternal
	exitUsage
	exitData
	exitDevice
	exitDiverged
	exitCheckpoint
	exitFolder
	exitVerify
	exitSweep
	exitInterrupt = 130 // as the shell has it: 128 and the number of the signal
	exitTerminate = 143
)

// exits says what the codes mean and which errors they stand for; every other
// error is an internal one.
var exits = []struct {
	code    int
	meaning string
	is      func(error) bool
}{
	{exitOK, "all went well", nil},
	{exitInternal, "internal error", nil},
	{exitUsage, "a flag or a setting is wrong", is[train.UsageError]},
	{exitData, "data are missing or damaged", is[train.DataError]},
	{exitDevice, "the device cannot be used", is[train.DeviceError]},
	{exitDiverged, "the training diverged: its loss is no finite number", is[train.Diverged]},
	{exitCheckpoint, "a checkpoint is damaged or belongs to another model or run", is[train.CheckpointError]},
	{exitFolder, "the run folder cannot be used", is[train.FolderError]},
	{exitVerify, "a check failed: verify found a difference, or --overfit-batch a loss that stays", checkFailed},
	{exitSweep, "runs of a sweep diverged or failed; the others are done", is[sweepFailed]},
	{exitInterrupt, "stopped by Ctrl-C, after saving", nil},
	{exitTerminate, "stopped by SIGTERM, after saving", nil},
}

func checkFailed(err error) bool { return is[verifyFailed](err) || is[train.NotFitted](err) }

func is[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// exitCode is the code for an error.
func exitCode(err error) int {
	if s, ok := errors.AsType[stopped](err); ok {
		return signalCode(s.by)
	}
	for _, e := range exits {
		if e.is != nil && e.is(err) {
			return e.code
		}
	}
	return exitInternal
}

// stopped ends a command that was interrupted. The user has been told.
type stopped struct{ by os.Signal }

func (stopped) Error() string { return "" }

func signalCode(s os.Signal) int {
	if s == syscall.SIGTERM {
		return exitTerminate
	}
	return exitInterrupt
}

// exitHelp is the table of exit codes.
func exitHelp() string {
	b := &strings.Builder{}
	b.WriteString("Exit codes:\n")
	for _, e := range exits {
		fmt.Fprintf(b, "%5d  %s\n", e.code, e.meaning)
	}
	return strings.TrimSuffix(b.String(), "\n")
}
