package train

import (
	"errors"
	"fmt"
	"math"

	"lbsam/kernels"
)

// A DataError is a data set that is missing or damaged.
type DataError struct{ Err error }

func (e DataError) Error() string { return e.Err.Error() }
func (e DataError) Unwrap() error { return e.Err }

// A DeviceError is a device that cannot be used.
type DeviceError struct{ Err error }

func (e DeviceError) Error() string { return e.Err.Error() }
func (e DeviceError) Unwrap() error { return e.Err }

// A CheckpointError is a checkpoint that is damaged or belongs to another
// model or run.
type CheckpointError struct{ Err error }

func (e CheckpointError) Error() string { return e.Err.Error() }
func (e CheckpointError) Unwrap() error { return e.Err }

// A FolderError is a run folder that cannot be used.
type FolderError struct{ Err error }

func (e FolderError) Error() string { return e.Err.Error() }
func (e FolderError) Unwrap() error { return e.Err }

// What errors begin with that say how a run ended: Summarize finds them in its
// folder.
const (
	divergedText    = "train: the loss is "
	interruptedText = "train: interrupted "
)

// Diverged means that the loss is no longer a finite number, or something else that
// the training computes with.
type Diverged struct {
	Step, Epoch int
	Loss        float64
	What        string // is no finite number; "": the loss
	State       string // the last good state; "": none was saved
}

func (e Diverged) Error() string {
	kept := "no state was saved before"
	if e.State != "" {
		kept = "the last good state is " + e.State
	}
	what := ""
	if !math.IsNaN(e.Loss) && !math.IsInf(e.Loss, 0) {
		what = ", but " + e.What + " is no finite number,"
	}
	return fmt.Sprintf(divergedText+"%v%s at step %d of epoch %d: %s; try a smaller --lr or --rho", e.Loss, what, e.Step, e.Epoch+1, kept)
}

// Interrupted means that the context ended the run between two steps, after
// its state was saved.
type Interrupted struct{ Step int }

func (e Interrupted) Error() string { return fmt.Sprintf(interruptedText+"after step %d", e.Step) }

// Guard calls body, which computes on the job's device, and returns the fault of
// the device, if it ends with one, as a DeviceError.
func (j *Job) Guard(body func() error) error { return j.guard(nil, body) }

// guard calls body and returns the fault of the device, if it ends with one,
// as an error that names the state from which the run in folder can go on, and
// where memory was used up, the batch that would have fitted.
func (j *Job) guard(folder *Folder, body func() error) (err error) {
	defer func() {
		var fault *kernels.Fault
		if !errors.As(err, &fault) {
			return
		}
		err = j.withWhatFits(err)
		if state := folder.state(); state != "" {
			err = fmt.Errorf("%w; the last good state is %s", err, state)
		}
		err = DeviceError{err}
	}()
	defer kernels.Recover(&err)
	return body()
}
