package main

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"lbsam/internal/golden"
	"lbsam/kernels"
	"lbsam/train"
)

// newVerify returns the command verify.
func newVerify(a *app) *cobra.Command {
	var o golden.Options
	precision := "float32"
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Replay reference traces of the published code on this machine",
		Long: `Replay reference traces: short training runs of the published code, done by PyTorch in float64, with all that they
measured. On device ref in float64 they must agree to many digits; in float32 a deep network drifts off by itself, so
--lockstep judges each operation of the device against the reference, with the same operands.`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			var err error
			if o.Precision, err = parsePrecision(precision); err != nil {
				return err
			}
			if err := checkVerify(o); err != nil {
				return err
			}
			failed, err := golden.Verify(a.stdout, o)
			if fault := (*kernels.Fault)(nil); errors.As(err, &fault) {
				err = train.DeviceError{Err: err}
			}
			if err == nil && failed > 0 {
				err = verifyFailed{failed}
			}
			return err
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&o.Device, "device", "auto", "device to verify: "+strings.Join(kernels.Names(), ", "))
	f.StringVar(&precision, "precision", precision, "float32, or float64 on device ref")
	f.IntVar(&o.Threads, "threads", 0, "of the devices cpu and ptxsim; 0: all processors")
	f.BoolVar(&o.Lockstep, "lockstep", false, "judge each operation by itself")
	f.BoolVar(&o.NoReuse, "no-reuse", false, "take 2k gradients for a step of Lookbehind, as the published code does, not k+1")
	f.StringVar(&o.Filter, "filter", "", "regular `expression`: only the traces whose name it matches")
	f.StringVar(&o.File, "traces", "", "`file` of traces (default: those of small models, which come with the program)")
	f.BoolVar(&o.JSON, "json", false, "a JSON object per trace")
	return cmd
}

// verifyFailed says that traces do not agree.
type verifyFailed struct{ traces int }

func (v verifyFailed) Error() string {
	return fmt.Sprintf("verify: %d traces failed, marked FAIL above: what is computed here is not what the published code computes", v.traces)
}

// checkVerify tells what is wrong with o by the type of the error.
func checkVerify(o golden.Options) error {
	filter, err := regexp.Compile(o.Filter)
	if err != nil {
		return usageError("--filter is %q: want a regular expression: %v", o.Filter, err)
	}
	traces, err := golden.Load(o.File)
	if err != nil {
		return train.DataError{Err: err}
	}
	if !slices.ContainsFunc(traces, func(t *golden.Trace) bool { return filter.MatchString(t.Name()) }) {
		return usageError("--filter is %q, which matches none of %d traces: one of them is %s", o.Filter, len(traces), traces[0].Name())
	}
	d, err := kernels.Open(kernels.Config{Name: o.Device, Precision: o.Precision, Threads: o.Threads})
	if err != nil {
		return train.DeviceError{Err: err}
	}
	d.Close()
	return nil
}

func parsePrecision(name string) (kernels.Dtype, error) {
	for _, t := range []kernels.Dtype{kernels.Float32, kernels.Float64} {
		if name == t.String() {
			return t, nil
		}
	}
	return 0, usageError("--precision is %q: want float32 or float64", name)
}
