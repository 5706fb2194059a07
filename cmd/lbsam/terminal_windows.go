package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// redraws makes a console obey the sequences that draw a line anew, which those of
// Windows 10 and newer can.
func redraws(console *os.File) bool {
	var mode uint32
	h := windows.Handle(console.Fd())
	return windows.GetConsoleMode(h, &mode) == nil && windows.SetConsoleMode(h, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
