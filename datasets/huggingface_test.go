package datasets

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fourOfHub is a set whose two files have the same four images.
func fourOfHub() (set, hubSet) {
	hub := hubSet{[]string{"owner--small", "small"}, "plain_text", "img", "label"}
	return set{
		title: "small",
		empty: func() *Dataset {
			d := fourImages()
			d.Test, d.Classes = newSplit(4, cifarSide, cifarSide, cifarChannels), digits()
			return d
		},
		here: []place{{"", hub.format(), ""}},
		hub:  hub,
	}, hub
}

// A table that the library datasets wrote, testdata/huggingface.parquet, is found
// where that library leaves it.
func TestHuggingFace(t *testing.T) {
	small, _ := fourOfHub()
	newDisk(t) // no home but a new one
	for name, hub := range map[string]string{"HF_HUB_CACHE": "[cache]", "HF_HOME": "home/hub", "": ".cache/huggingface/hub"} {
		for _, repository := range []string{"owner--small", "small"} {
			root := t.TempDir()
			t.Setenv("HOME", root)
			t.Setenv("HF_HUB_CACHE", "")
			t.Setenv("HF_HOME", "")
			if name != "" {
				t.Setenv(name, strings.TrimSuffix(filepath.Join(root, hub), "/hub"))
			}
			folder := filepath.Join(root, hub, "datasets--"+repository, "snapshots", "0b27", "plain_text")
			if err := os.MkdirAll(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			for _, file := range []string{"train", "test"} {
				data := testdata(t, "huggingface.parquet")
				if err := os.WriteFile(filepath.Join(folder, file+"-00000-of-00001.parquet"), data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			d, err := small.open(t.TempDir())
			if err != nil {
				t.Errorf("%s, %s: %v", name, repository, err)
				continue
			}
			if d.Source.Path != folder || d.Source.Format != "Parquet" {
				t.Errorf("%s: found %s in %s, want Parquet in %s", name, d.Source.Format, d.Source.Path, folder)
			}
			wantForeign(t, &d.Train, 0)
			wantForeign(t, &d.Test, 0)
		}
	}
}

func TestHuggingFaceOfAnotherSet(t *testing.T) {
	data := testdata(t, "huggingface.parquet")
	for name, c := range map[string]struct {
		hub     hubSet
		split   Split
		classes []string
		says    string
	}{
		"rows":    {hubSet{image: "img", label: "label"}, newSplit(5, 32, 32, 3), digits(), "4 rows, want 5"},
		"size":    {hubSet{image: "img", label: "label"}, newSplit(4, 28, 32, 3), digits(), "image 0 has 32x32 pixels, want 32x28"},
		"label":   {hubSet{image: "img", label: "label"}, newSplit(4, 32, 32, 3), digits()[:6], "label 2 is 6, want 0 to 5"},
		"columns": {hubSet{image: "image", label: "label"}, newSplit(4, 32, 32, 3), digits(), "no column image.bytes: found img.bytes, img.path, label"},
	} {
		err := c.hub.read(&c.split, c.classes, bytes.NewReader(data), "set: file")
		if err == nil || !strings.Contains(err.Error(), "datasets: set: file: ") || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: error %v, want %q", name, err, c.says)
		}
	}
}

func TestCIFAR100Classes(t *testing.T) {
	classes := cifar100Classes()
	if len(classes) != 100 || classes[0] != "apple" || classes[99] != "worm" {
		t.Errorf("%d classes, from %s to %s", len(classes), classes[0], classes[len(classes)-1])
	}
}
