package study

import (
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// apart puts a process into a group of its own. If the sweep is killed, its
// workers train on to the end of their runs.
func apart() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

// saveAndEnd presses Ctrl-Break, as Ctrl-C reaches no group but that of the console.
func saveAndEnd(p *os.Process) error {
	return windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(p.Pid))
}
