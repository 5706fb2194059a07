// Command lbsam trains and evaluates image classifiers with Lookbehind-SAM and
// its relatives. Run it without arguments for help.
package main

import (
	"context"
	"os"
	"time"

	"golang.org/x/term"
)

func main() {
	a := &app{
		name:        os.Args[0],
		environment: os.Environ(),
		stdout:      os.Stdout,
		stderr:      os.Stderr,
		terminal:    term.IsTerminal(int(os.Stderr.Fd())) && os.Getenv("TERM") != "dumb" && redraws(os.Stderr),
		every:       5 * time.Second,
	}
	os.Exit(a.run(context.Background(), os.Args[1:]))
}
