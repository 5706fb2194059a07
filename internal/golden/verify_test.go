package golden

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"lbsam/kernels"
	"lbsam/kernels/driver"
	"lbsam/kernels/driver/dry"
)

func TestVerifyWritesALinePerTrace(t *testing.T) {
	b := &strings.Builder{}
	if failed, err := Verify(b, Options{Filter: "^mlp/SGD|bottleneck.*k3", Device: "cpu"}); failed != 0 || err != nil {
		t.Fatal(failed, err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 3 {
		t.Fatalf("%d lines:\n%s", len(lines), b)
	}
	for i, want := range []string{"PASS  mlp/SGD/seed1 ", "not judged: ascent_loss (bound 0.02)", "2 of 2 traces passed"} {
		if !strings.Contains(lines[i], want) {
			t.Errorf("line %q, want %q in it", lines[i], want)
		}
	}
}

func TestVerifyCountsFailures(t *testing.T) {
	file := filepath.Join(t.TempDir(), "doctored.json")
	data := bytes.Replace(builtin, []byte(`"descent_loss": [2.6756554799`), []byte(`"descent_loss": [2.6756599999`), 1)
	if err := os.WriteFile(file, data, 0o666); err != nil {
		t.Fatal(err)
	}
	o := Options{File: file, Filter: "mlp/S", Device: "ref", Precision: kernels.Float64}
	b := &strings.Builder{}
	failed, err := Verify(b, o)
	if failed != 1 || err != nil {
		t.Errorf("%d failed, %v", failed, err)
	}
	for _, want := range []string{"FAIL  mlp/SGD/seed1", "failed: first_loss is off by 1.7e-06, allowed 1e-09", "1 of 2 traces passed"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b)
		}
	}
	b.Reset()
	o.JSON, o.Lockstep, o.Precision, o.Device = true, true, kernels.Float32, ""
	if failed, err := Verify(b, o); failed != 1 || err != nil {
		t.Errorf("%d failed, %v", failed, err)
	}
	var r struct {
		Trace    string
		Pass     bool
		Checks   []struct{ Quantity string }
		Lockstep struct{ Ratio float64 }
	}
	if err := json.NewDecoder(strings.NewReader(b.String())).Decode(&r); err != nil {
		t.Fatal(err)
	}
	if r.Trace != "mlp/SGD/seed1" || r.Pass || len(r.Checks) != 5 || !(r.Lockstep.Ratio > 0) {
		t.Errorf("%+v", r)
	}
}

func TestAReportCanFail(t *testing.T) {
	nan := finite(math.NaN())
	for _, r := range []Report{
		{Lockstep: &Agreement{Ratio: 1.01}},
		{Lockstep: &Agreement{Ratio: nan}},
		{Checks: []Check{{Judged: true, Error: 2, Bound: 1}}},
		{Checks: []Check{{Judged: true, Error: nan, Bound: 1}}},
		{Checks: []Check{{Problem: "missing"}}},
	} {
		if len(r.failures()) != 1 || !strings.Contains(r.String(), "failed: ") {
			t.Errorf("%s passes", r)
		}
		if _, err := json.Marshal(r); err != nil {
			t.Error(err)
		}
	}
	good := Report{Lockstep: &Agreement{Ratio: 1}, Checks: []Check{{Judged: true, Error: 1, Bound: 1}, {Error: 9, Bound: 1}}}
	if f := good.failures(); len(f) != 0 {
		t.Errorf("%v fails", f)
	}
}

type closed struct{}

func (closed) Write([]byte) (int, error) { return 0, errors.New("closed") }

func TestVerifyErrors(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{Filter: "("}, "the filter"},
		{Options{Filter: "vgg"}, `the filter "vgg" matches none of 30 traces`},
		{Options{Device: "abacus"}, "unknown device"},
		{Options{File: "no/such/file"}, "no/such/file"},
		{Options{Filter: "mlp/SGD"}, "closed"},
	} {
		if _, err := Verify(closed{}, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want %q", c.o, err, c.want)
		}
	}
}

// broken is a driver whose device fails at the first launch.
type broken struct{ driver.Driver }

var errGone = errors.New("the GPU has fallen off the bus")

func (broken) Launch(driver.Stream, driver.Kernel, driver.Dim3, driver.Dim3, int, []byte) error {
	return errGone
}

// A device that fails is an error, not a trace that does not pass.
func TestVerifyOnADeviceThatFails(t *testing.T) {
	for _, lockstep := range []bool{false, true} {
		d := kernels.OpenDriver(broken{dry.New(dry.Config{})}, kernels.ComputeFloat32)
		o := Options{Filter: "mlp/SGD", Lockstep: lockstep}
		traces, err := o.traces()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := o.verifyAll(&strings.Builder{}, traces, d); !errors.Is(err, errGone) || !errors.As(err, new(*kernels.Fault)) {
			t.Errorf("lockstep %v: %v, want a Fault", lockstep, err)
		}
		d.Close()
	}
}
