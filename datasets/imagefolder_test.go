package datasets

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tile is a PNG of one colour.
func tile(t testing.TB, h, w int, c color.Color) string {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, c)
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func red(v uint8) color.Color { return color.RGBA{v, 0, 10, 255} }

// mustOpenImages reads a folder that has to be good.
func mustOpenImages(t *testing.T, name, dir string, how Images) *Dataset {
	t.Helper()
	d, err := OpenImages(name, dir, how)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// firsts is the first byte of each image of a split.
func firsts(s *Split) (values []uint8) {
	for i := range s.N {
		values = append(values, s.Image(i)[0])
	}
	return values
}

func TestImageFolder(t *testing.T) {
	for _, tests := range []string{"val", "test"} {
		root := t.TempDir()
		for i, name := range []string{"train/ant/b.png", "train/ant/a.png", "train/bee/deep/x.PNG", tests + "/bee/y.png", tests + "/ant/z.png"} {
			touch(t, root, tile(t, 8, 16, red(uint8(10*i))), name)
		}
		touch(t, root, "no image", "train/readme.txt", "train/ant/notes.txt")
		for _, open := range []func() (*Dataset, error){
			func() (*Dataset, error) { return Open("image-folder", root) },
			func() (*Dataset, error) { return OpenImages("ImageFolder", root, Images{}) },
		} {
			d, err := open()
			if err != nil {
				t.Fatal(err)
			}
			if d.Name != "ImageFolder" || !slices.Equal(d.Classes, []string{"ant", "bee"}) || d.Crop != 1 || !d.Flip {
				t.Errorf("%s, classes %v, crop %d", d.Name, d.Classes, d.Crop)
			}
			if s := d.Train; s.N != 3 || s.H != 8 || s.W != 16 || s.C != 3 || !slices.Equal(firsts(&s), []uint8{10, 0, 20}) || !slices.Equal(s.Labels, []uint8{0, 0, 1}) {
				t.Errorf("train %dx%dx%dx%d, %v, labels %v", s.N, s.H, s.W, s.C, firsts(&s), s.Labels)
			}
			if s := d.Test; s.N != 2 || !slices.Equal(firsts(&s), []uint8{40, 30}) || !slices.Equal(s.Labels, []uint8{0, 1}) {
				t.Errorf("test %v, labels %v", firsts(&s), s.Labels)
			}
			if len(d.Notes) != 1 || !strings.Contains(d.Notes[0], filepath.Join(root, tests)) {
				t.Errorf("notes %q", d.Notes)
			}
			// Red is 10, 0 and 20, green 0, blue 10 everywhere.
			mean, std := []float64{10. / 255, 0, 10. / 255}, []float64{math.Sqrt(200./3) / 255, 1, 1}
			for c := range 3 {
				if !(math.Abs(d.Mean[c]-mean[c]) < 1e-15 && math.Abs(d.Std[c]-std[c]) < 1e-15) {
					t.Errorf("channel %d: mean %v, deviation %v, want %v and %v", c, d.Mean[c], d.Std[c], mean[c], std[c])
				}
			}
		}
	}
}

// Without val and test a part of each class is held out, the same one each time.
func TestImageFolderHoldsOut(t *testing.T) {
	for _, inside := range []string{"", "train"} {
		root := t.TempDir()
		for i := range 35 {
			class := "ant"
			if i >= 10 {
				class = "bee"
			}
			touch(t, root, tile(t, 2, 2, red(uint8(i))), filepath.Join(inside, class, fmt.Sprintf("%02d.png", i)))
		}
		d := mustOpenImages(t, "ImageFolder", root, Images{})
		if d.Train.N != 28 || d.Test.N != 7 || bytes.Count(d.Test.Labels, []byte{0}) != 2 || bytes.Count(d.Test.Labels, []byte{1}) != 5 {
			t.Errorf("train %v, test %v", d.Train.Labels, d.Test.Labels)
		}
		train, test := firsts(&d.Train), firsts(&d.Test)
		if !slices.IsSorted(train) || !slices.IsSorted(test) {
			t.Errorf("train %v, test %v: want them in the order of the files", train, test)
		}
		all := slices.Sorted(slices.Values(slices.Concat(train, test)))
		for i := range 35 {
			if all[i] != uint8(i) {
				t.Fatalf("images %v: want each one once", all)
			}
		}
		for i, v := range test {
			if (d.Test.Labels[i] == 1) != (v >= 10) {
				t.Errorf("test image %d has label %d", v, d.Test.Labels[i])
			}
		}
		if again := mustOpenImages(t, "ImageFolder", root, Images{}); !bytes.Equal(again.Test.Images, d.Test.Images) {
			t.Error("another split the second time")
		}
		if len(d.Notes) != 1 || !strings.Contains(d.Notes[0], "20%") {
			t.Errorf("notes %q", d.Notes)
		}
	}
}

// A val that has no train beside it is a class.
func TestImageFolderOfAClassVal(t *testing.T) {
	root := t.TempDir()
	touch(t, root, tile(t, 2, 2, red(1)), "ant/1.png", "val/1.png", "val/2.png", "val/3.png")
	if d := mustOpenImages(t, "ImageFolder", root, Images{}); !slices.Equal(d.Classes, []string{"ant", "val"}) || d.Test.N != 1 {
		t.Errorf("classes %v, %d test images", d.Classes, d.Test.N)
	}
}

func TestImageFolderResizes(t *testing.T) {
	root := t.TempDir()
	touch(t, root, tile(t, 8, 8, red(50)), "train/a/1.png", "val/a/1.png")
	touch(t, root, tile(t, 12, 9, red(90)), "train/b/2.png")
	_, err := OpenImages("ImageFolder", root, Images{})
	wantError(t, err, "a/1.png has 8x8 pixels", "b/2.png has 9x12", "give --image-size")
	for _, c := range []int{0, 3, 1} {
		d := mustOpenImages(t, "ImageFolder", root, Images{Size: 6, Channels: c})
		want := []uint8{50, 90}
		if c == 1 {
			want = []uint8{16, 28} // (19595 r + 74710 + 32768) / 65536
		}
		if s := d.Train; s.H != 6 || s.W != 6 || s.C != max(c, 1) && c > 0 || !slices.Equal(firsts(&s), want) {
			t.Errorf("channels %d: %dx%dx%d, %v, want %v", c, s.H, s.W, s.C, firsts(&s), want)
		}
		if len(d.Mean) != d.Train.C || d.Test.C != d.Train.C {
			t.Errorf("channels %d: %d means, test images have %d", c, len(d.Mean), d.Test.C)
		}
	}
}

func TestImageFolderOfGreyImages(t *testing.T) {
	root := t.TempDir()
	touch(t, root, tile(t, 3, 2, color.Gray{70}), "train/a/1.png", "train/b/2.png")
	touch(t, root, tile(t, 3, 2, color.RGBA{80, 80, 80, 255}), "val/a/1.png")
	d := mustOpenImages(t, "ImageFolder", root, Images{})
	if d.Train.C != 1 || !bytes.Equal(d.Train.Images, bytes.Repeat([]byte{70}, 12)) || !bytes.Equal(d.Test.Images, bytes.Repeat([]byte{80}, 6)) || len(d.Mean) != 1 {
		t.Errorf("train %v, test %v of %d channels, mean %v", d.Train.Images, d.Test.Images, d.Train.C, d.Mean)
	}
	if len(d.Notes) != 2 || !strings.Contains(d.Notes[1], "grey") {
		t.Errorf("notes %q", d.Notes)
	}
	if d := mustOpenImages(t, "ImageFolder", root, Images{Channels: 3}); d.Train.C != 3 || len(d.Notes) != 1 {
		t.Errorf("%d channels, want the 3 that were asked for", d.Train.C)
	}
	for _, c := range []color.RGBA{{80, 81, 80, 255}, {80, 80, 81, 255}} {
		touch(t, root, tile(t, 3, 2, c), "val/a/1.png")
		if d := mustOpenImages(t, "ImageFolder", root, Images{}); d.Train.C != 3 || d.Test.C != 3 {
			t.Errorf("%d channels with a test image of %v, want 3", d.Train.C, c)
		}
	}
}

func TestImageFolderErrors(t *testing.T) {
	good := tile(t, 4, 4, red(1))
	for name, c := range map[string]struct {
		files []string // good images; a name that ends in ! is of a damaged one
		want  []string
	}{
		"nothing":       {nil, []string{"found no folder in", "want one for each class"}},
		"files only":    {[]string{"1.png"}, []string{"found no folder in"}},
		"no train":      {[]string{"val/a/1.png"}, []string{"/val, but no", "/train to train on"}},
		"empty class":   {[]string{"train/a/1.png", "train/b/1.txt"}, []string{"found no image in", "/train/b,"}},
		"another class": {[]string{"train/a/1.png", "val/c/1.png"}, []string{"/val/c, but no class of that name"}},
		"empty val":     {[]string{"train/a/1.png", "val/a/1.txt"}, []string{"found no image in the folders of", "/val"}},
		"too few":       {[]string{"a/1.png", "b/1.png"}, []string{"found 2 images in", "too few to hold out 20%"}},
		"damaged":       {[]string{"train/a/1.png", "val/a/2.png!"}, []string{"/val/a/2.png: png: the file is cut off; repair or remove it"}},
		"more damaged":  {[]string{"train/a/1.png", "train/a/2.png!", "val/a/2.png!"}, []string{"2 of 3 images cannot be read; the first is", "/train/a/2.png: png"}},
	} {
		for _, size := range []int{0, 4} {
			t.Run(fmt.Sprintf("%s, size %d", name, size), func(t *testing.T) {
				root := t.TempDir()
				for _, file := range c.files {
					content := good
					if strings.HasSuffix(file, "!") {
						content = good[:len(good)/2]
					}
					touch(t, root, content, strings.TrimSuffix(file, "!"))
				}
				_, err := OpenImages("imagefolder", root, Images{Size: size})
				wantError(t, err, append(c.want, "ImageFolder: ", root)...)
			})
		}
	}
	_, err := OpenImages("ImageFolder", filepath.Join(t.TempDir(), "none"), Images{})
	wantError(t, err, "none: no such file", "--data DIR")
	_, err = OpenImages("CIFAR10", t.TempDir(), Images{})
	wantError(t, err, "CIFAR10 does not consist of image files")
}

func TestTooMuch(t *testing.T) {
	root := t.TempDir()
	for i := range 257 {
		if err := os.Mkdir(filepath.Join(root, fmt.Sprint(i)), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	_, err := OpenImages("ImageFolder", root, Images{})
	wantError(t, err, "found 257 classes in "+root, "want at most 256")
	if freeMemory() == 0 {
		t.Skip("the system does not tell how much memory is free")
	}
	if err := checkMemory(1<<30, 1000, 1000, 3); err == nil || !strings.Contains(err.Error(), "need 3221225.5 GB") {
		t.Errorf("%v, want an error about memory", err)
	}
	if err := checkMemory(10, 10, 10, 3); err != nil {
		t.Error(err)
	}
}

func TestTinyImageNet(t *testing.T) {
	root := t.TempDir()
	top := filepath.Join(root, "tiny-imagenet-200")
	touch(t, top, "n02\nn01\n", "wnids.txt")
	touch(t, top, "n00\tentity\nn01\tgoldfish, Carassius auratus\n", "words.txt")
	touch(t, top, tile(t, 64, 64, red(1)), "train/n01/images/n01_0.JPEG", "train/n01/images/n01_1.JPEG")
	touch(t, top, tile(t, 64, 64, red(2)), "train/n02/images/n02_0.JPEG")
	touch(t, top, "a box", "train/n01/n01_boxes.txt")
	touch(t, top, "val_0.JPEG\tn02\t0\t0\t1\t1\nval_1.JPEG\tn01\t0\t0\t1\t1\n", "val/val_annotations.txt")
	touch(t, top, tile(t, 64, 64, red(3)), "val/images/val_0.JPEG")
	touch(t, top, tile(t, 64, 64, red(4)), "val/images/val_1.JPEG")
	touch(t, top, tile(t, 64, 64, red(9)), "test/images/test_0.JPEG")
	check := func(test, labels []uint8) {
		t.Helper()
		d, err := Open("tiny_imagenet", root)
		if err != nil {
			t.Fatal(err)
		}
		if d.Name != "TinyImageNet" || !slices.Equal(d.Classes, []string{"goldfish, Carassius auratus", "n02"}) || d.Crop != 4 || !d.Flip {
			t.Errorf("%s, %q, crop %d", d.Name, d.Classes, d.Crop)
		}
		if s := d.Train; s.H != 64 || !slices.Equal(firsts(&s), []uint8{1, 1, 2}) || !slices.Equal(s.Labels, []uint8{0, 0, 1}) {
			t.Errorf("train %v, labels %v", firsts(&s), s.Labels)
		}
		if s := d.Test; !slices.Equal(firsts(&s), test) || !slices.Equal(s.Labels, labels) {
			t.Errorf("test %v, labels %v, want %v, %v", firsts(&s), s.Labels, test, labels)
		}
	}
	check([]uint8{3, 4}, []uint8{1, 0})

	annotations := filepath.Join(top, "val", "val_annotations.txt")
	for text, want := range map[string]string{
		"val_0.JPEG\tn02\nval_1.JPEG\tn07\n": "line 2 of " + annotations, "val_0.JPEG n02": "want a file, a tab and one of the classes",
		"../x.JPEG\tn02": "line 1 of", "": "is empty",
	} {
		touch(t, top, text, "val/val_annotations.txt")
		_, err := Open("TinyImageNet", top)
		wantError(t, err, "TinyImageNet: ", want)
	}
	os.Remove(annotations)
	_, err := Open("TinyImageNet", root)
	wantError(t, err, annotations, "unpacked completely?")

	for from, to := range map[string]string{"val_0.JPEG": "n02/val_0.JPEG", "val_1.JPEG": "n01/images/val_1.JPEG"} {
		touch(t, top, string(mustRead(t, filepath.Join(top, "val/images", from))), filepath.Join("val", to))
	}
	os.RemoveAll(filepath.Join(top, "val/images"))
	check([]uint8{4, 3}, []uint8{0, 1})

	touch(t, top, "n01\nn02\nn03\n", "wnids.txt")
	_, err = Open("TinyImageNet", root)
	wantError(t, err, "found 2 classes in", "want the 3 of wnids.txt")
	os.Remove(filepath.Join(top, "wnids.txt"))
	_, err = Open("TinyImageNet", root)
	wantError(t, err, "found no wnids.txt in "+root+" or "+top)
}

func mustRead(t *testing.T, path string) []byte {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestReadImagesTellsWhichAreBroken(t *testing.T) {
	root := t.TempDir()
	touch(t, root, tile(t, 4, 4, red(7)), "1.png")
	touch(t, root, "none", "2.png")
	touch(t, root, tile(t, 9, 5, red(8)), "3.png")
	s, errs := ReadImages([]string{root + "/1.png", root + "/2.png", root + "/3.png"}, 4, 4, 3)
	if s.N != 3 || s.Labels != nil || !slices.Equal(firsts(&s), []uint8{7, 0, 8}) {
		t.Errorf("%d images, %v, labels %v", s.N, firsts(&s), s.Labels)
	}
	if errs[0] != nil || errs[1] == nil || errs[2] != nil {
		t.Errorf("errors %v", errs)
	}
}
