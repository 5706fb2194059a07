package analysis

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"lbsam/train"
)

type dot struct{ X, Y int }

func mustJournal(t *testing.T, folder string, settings any) *Journal[dot] {
	t.Helper()
	j, err := OpenJournal[dot](folder, settings)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

// wantFolderError fails unless err is a FolderError that says all of it.
func wantFolderError(t *testing.T, err error, says ...string) {
	t.Helper()
	if _, ok := errors.AsType[train.FolderError](err); !ok {
		t.Errorf("error %v, want a FolderError", err)
		return
	}
	for _, s := range says {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("error %q does not say %q", err, s)
		}
	}
}

// A journal that was cut off at any byte has the points whose lines are whole,
// and goes on behind them.
func TestJournalCutAnywhere(t *testing.T) {
	points := []dot{{1, 2}, {3, 4}, {5, 6}}
	folder := t.TempDir()
	j := mustJournal(t, folder, "settings")
	for _, p := range points {
		if err := j.Add(p); err != nil {
			t.Fatal(err)
		}
	}
	j.Close()
	path := filepath.Join(folder, journalName)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) + 1 {
		if err := os.WriteFile(path, whole[:n], 0o644); err != nil {
			t.Fatal(err)
		}
		j := mustJournal(t, folder, "settings")
		kept := max(strings.Count(string(whole[:n]), "\n")-1, 0)
		if !slices.Equal(j.Points, points[:kept]) {
			t.Errorf("of %d bytes there are points %v, want %v", n, j.Points, points[:kept])
		}
		if left, _ := os.ReadFile(path); len(left) == 0 || !strings.HasPrefix(string(whole), string(left)) || left[len(left)-1] != '\n' {
			t.Errorf("of %d bytes there are %q left", n, left)
		}
		for _, p := range points[kept:] {
			if err := j.Add(p); err != nil {
				t.Fatal(err)
			}
		}
		j.Close()
		if again, _ := os.ReadFile(path); string(again) != string(whole) {
			t.Errorf("of %d bytes it became %q, want %q", n, again, whole)
		}
	}
}

func TestJournalOfOthers(t *testing.T) {
	folder := t.TempDir()
	j := mustJournal(t, folder, map[string]int{"draws": 3, "seed": 1})
	_, err := OpenJournal[dot](folder, map[string]int{"draws": 3, "seed": 1})
	wantFolderError(t, err, "another process", folder)
	j.Close()
	_, err = OpenJournal[dot](folder, map[string]int{"draws": 4, "seed": 1, "jobs": 2})
	wantFolderError(t, err, "belongs to other settings: found draws 3, want 4, jobs none, want 2; choose another --out")
	_, err = OpenJournal[dot](folder, 4)
	wantFolderError(t, err, `found "{\"draws\":3,\"seed\":1}", want "4"`)

	path := filepath.Join(folder, journalName)
	if err := os.WriteFile(path, []byte("{\"draws\":3}\n{\"X\":1}\nnothing\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = OpenJournal[dot](folder, map[string]int{"draws": 3})
	wantFolderError(t, err, path, "line 3")

	file := filepath.Join(folder, "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err = OpenJournal[dot](filepath.Join(file, "in"), 1)
	wantFolderError(t, err, file)
}
