package study

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// A worker is a process that trains.
type worker struct {
	Work
	cmd    *exec.Cmd
	log    *os.File // what it says
	before int      // gradient evaluations of the run when it began
	began  time.Time
	asked  bool // to end

	busy time.Duration // of processors, when it has ended
	err  error         // of its start or its end
	up   chan struct{} // closed when it was started, or could not be
}

// run starts the process, waits for its end and says so. It is in a group of its
// own, so that the Ctrl-C of a terminal reaches it through the sweep alone, once.
func (w *worker) run(ended chan<- *worker) {
	runtime.LockOSThread() // see apart
	defer runtime.UnlockOSThread()
	w.cmd.Stdout, w.cmd.Stderr = w.log, w.log
	w.cmd.SysProcAttr = apart()
	w.err = w.cmd.Start()
	close(w.up)
	if w.err == nil {
		w.err = w.cmd.Wait()
		w.busy = w.cmd.ProcessState.UserTime() + w.cmd.ProcessState.SystemTime()
	}
	w.log.Close()
	ended <- w
}

// terminate asks the process to save and end.
func (w *worker) terminate() {
	if !w.asked {
		w.asked = true
		w.do(saveAndEnd)
	}
}

func (w *worker) kill() { w.do((*os.Process).Kill) }

// do does something to the process, which fails where it has ended.
func (w *worker) do(what func(*os.Process) error) {
	<-w.up
	if w.cmd.Process != nil {
		what(w.cmd.Process)
	}
}

// problem is why a process ended that left no status.
func (w *worker) problem() string {
	if text := lastWords(w.log.Name()); text != "" {
		return text
	}
	if w.err == nil {
		return "the process left no run: see " + w.log.Name()
	}
	return fmt.Sprintf("%v: see %s", w.err, w.log.Name())
}

// lastWords is the error that is the last line of a log, "" if there is none.
func lastWords(path string) string {
	text, _ := os.ReadFile(path) // without it: nothing to say
	last := strings.TrimSpace(string(text))
	last = last[strings.LastIndexByte(last, '\n')+1:]
	if said, ok := strings.CutPrefix(last, "lbsam: "); ok {
		return said
	}
	return ""
}

// logOf is the log of the worker of a run.
func (s *Sweep) logOf(r *Run) string { return s.path(filepath.Join(JobsFolder, r.Name+".log")) }
