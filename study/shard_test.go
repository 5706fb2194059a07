package study

import (
	"os"
	"path/filepath"
	"testing"
)

// Shards work side by side: not the same one twice, and none beside a whole sweep.
func TestShardsLock(t *testing.T) {
	dir := t.TempDir()
	first, err := Shard{1, 2}.lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	second, err := Shard{2, 2}.lock(dir)
	if err != nil {
		t.Errorf("another shard: %v", err)
	}
	for _, s := range []Shard{{1, 2}, {}} {
		if _, err := s.lock(dir); err == nil {
			t.Errorf("%v has the folder too", s)
		}
	}
	for _, l := range append(first, second...) {
		l.Unlock()
	}
	if _, err := (Shard{}).lock(dir); err != nil {
		t.Errorf("when all have ended: %v", err)
	}
}

// An alpha that another process has written down meanwhile is taken.
func TestAlphasOfOthersAreTaken(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, alphasFile), []byte(`{"a,k=2":{"alpha":0.875,"runs":["x"]}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if m, err := (alphas{}).measure(dir, "a,k=2", []string{"none"}); err != nil || m.Alpha != 0.875 {
		t.Errorf("%v: %+v", err, m)
	}
	if _, err := (alphas{}).measure(dir, "b", []string{"none"}); err == nil {
		t.Error("the alpha of a run that is not there is known")
	}
}
