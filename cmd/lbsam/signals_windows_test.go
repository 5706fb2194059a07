package main

import (
	"os"
	"syscall"

	"golang.org/x/sys/windows"
)

// endings are the signals that end the program, and with which exit code.
var endings = map[os.Signal]int{os.Interrupt: exitInterrupt}

// send presses Ctrl-Break, which is os.Interrupt too, for a process that was
// started with reachable.
func send(p *os.Process, _ os.Signal) {
	windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(p.Pid))
}

func reachable() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}
