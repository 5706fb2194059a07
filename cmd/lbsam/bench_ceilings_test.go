package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// The interpreter goes through all that a GPU does.
func TestBenchCeilings(t *testing.T) {
	stdout, _ := mustRun(t, "bench", "--ceilings", "--device", "ptxsim", "--json")
	var got ceilings
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	if got.Kind != "ceilings" || len(got.Read) != 2 || !(got.Copy > 0) || !(got.Recorded > 0) || !(got.Float16 > 0) {
		t.Errorf("%+v", got)
	}
	if stdout, _ = mustRun(t, "bench", "--ceilings", "--device", "ptxsim"); strings.Count(stdout, "\n") != 6 {
		t.Errorf("%s", stdout)
	}
}
