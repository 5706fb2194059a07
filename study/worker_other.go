//go:build unix && !linux

package study

import "syscall"

// dieWithParent does nothing: if the sweep is killed, its workers train on to the
// end of their runs.
func dieWithParent(a *syscall.SysProcAttr) *syscall.SysProcAttr { return a }
