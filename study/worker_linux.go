package study

import "syscall"

// dieWithParent makes a process save and end when the thread that started it
// does, which is locked to the goroutine that waits for it: if the sweep is
// killed, no worker stays.
func dieWithParent(a *syscall.SysProcAttr) *syscall.SysProcAttr {
	a.Pdeathsig = syscall.SIGTERM
	return a
}
