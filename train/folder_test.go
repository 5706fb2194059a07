package train

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCommandSaysWhatBecameOfARun(t *testing.T) {
	c := small("mlp", "SGD")
	path := filepath.Join(t.TempDir(), "run")
	folder, err := CreateFolder(path, c, []string{"lbsam", "train"})
	if err != nil {
		t.Fatal(err)
	}
	defer folder.Close()
	ctx, cancel := context.WithCancel(context.Background())
	_, err = mustOpen(t, c).Run(ctx, folder, &stopper{left: 4, cancel: cancel})
	if !errors.As(err, new(Interrupted)) {
		t.Fatal(err)
	}
	j := mustOpen(t, c)
	if err := j.Resume(folder); err != nil {
		t.Fatal(err)
	}
	if _, err := j.Run(context.Background(), folder, nil); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(path, "command"))
	want := "lbsam train\n# train: interrupted after step 4\n# resumed after step 4, in epoch 2\n"
	if err != nil || string(text) != want {
		t.Errorf("%v, %q, want %q", err, text, want)
	}
	folder.remark("%v", errors.New("two\nlines"))
	if text, _ = os.ReadFile(filepath.Join(path, "command")); !strings.HasSuffix(string(text), "\n# two; lines\n") {
		t.Errorf("%q", text)
	}
}

func TestReadConfig(t *testing.T) {
	if _, err := ReadConfig(t.TempDir()); !errors.As(err, new(FolderError)) || !strings.Contains(err.Error(), "is not a run folder") {
		t.Error(err)
	}
}
