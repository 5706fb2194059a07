package cu_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/barnex/cuda5/cu"
)

func TestResultNames(t *testing.T) {
	for r, name := range cu.ResultNames {
		if r.String() != name {
			t.Errorf("%d: got %s, want %s", int(r), r, name)
		}
		if r > 0 && !strings.HasPrefix(name, "CUDA_ERROR_") {
			t.Errorf("%d is called %s", int(r), name)
		}
	}
	for r, want := range map[cu.Result]string{
		cu.SUCCESS:                          "CUDA_SUCCESS",
		cu.ERROR_OUT_OF_MEMORY:              "CUDA_ERROR_OUT_OF_MEMORY",
		cu.ERROR_STREAM_CAPTURE_INVALIDATED: "CUDA_ERROR_STREAM_CAPTURE_INVALIDATED",
		4711:                                "CUDA_ERROR_4711",
	} {
		if r.String() != want {
			t.Errorf("got %s, want %s", r, want)
		}
	}
}

func TestResultText(t *testing.T) {
	openFake(t)
	for r, want := range map[cu.Result]string{
		cu.ERROR_OUT_OF_MEMORY:   "CUDA_ERROR_OUT_OF_MEMORY: out of memory",
		cu.ERROR_INVALID_CONTEXT: "CUDA_ERROR_INVALID_CONTEXT: invalid device context (is a context current to this OS thread?)",
		12345:                    "CUDA_ERROR_OF_THE_FUTURE: an error that this package does not know",
		4711:                     "CUDA_ERROR_4711",
	} {
		if r.Error() != want {
			t.Errorf("got %s, want %s", r.Error(), want)
		}
	}
}

func TestTry(t *testing.T) {
	if err := cu.Try(func() {}); err != nil {
		t.Error(err)
	}
	if err := cu.Try(func() { panic(cu.ERROR_NOT_FOUND) }); !errors.Is(err, cu.ERROR_NOT_FOUND) {
		t.Error(err)
	}
	defer func() {
		if got := fmt.Sprint(recover()); got != "other" {
			t.Errorf("recovered %s", got)
		}
	}()
	cu.Try(func() { panic("other") })
}
