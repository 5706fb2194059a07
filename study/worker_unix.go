//go:build unix

package study

import (
	"os"
	"syscall"
)

// apart puts a process into a group of its own.
func apart() *syscall.SysProcAttr { return dieWithParent(&syscall.SysProcAttr{Setpgid: true}) }

func saveAndEnd(p *os.Process) error { return p.Signal(syscall.SIGTERM) }
