package train

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Signals returns a context that the first Ctrl-C or SIGTERM ends, so that a
// run saves its state and stops; a second one calls now. The returned function
// says which signal it was, nil for none.
func Signals(ctx context.Context, now func(os.Signal)) (context.Context, func() os.Signal) {
	ctx, cancel := context.WithCancelCause(ctx)
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		cancel(caught{<-signals})
		now(<-signals)
	}()
	return ctx, func() os.Signal {
		if c, ok := context.Cause(ctx).(caught); ok {
			return c.Signal
		}
		return nil
	}
}

// caught is the signal that ended a context.
type caught struct{ os.Signal }

func (c caught) Error() string { return "caught " + c.String() }
