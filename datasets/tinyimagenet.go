package datasets

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// tinyImageNet finds the images of Tiny-ImageNet in dir: train/WNID/images/*.JPEG, and
// val/images with val_annotations.txt or, as many rearrange it, val/WNID. A WNID
// names a class; labels are in their order, as ImageFolder of torchvision has
// them, and not in that of wnids.txt.
func tinyImageNet(dir string) (l layout, err error) {
	l.name, l.crop = tinyName, 4 // 4 pixels are customary for 64x64 too
	if err := l.listTrain(filepath.Join(dir, "train")); err != nil {
		return l, err
	}
	wnids, err := os.ReadFile(filepath.Join(dir, "wnids.txt"))
	if err != nil {
		return l, err
	}
	if n := len(strings.Fields(string(wnids))); n != len(l.classes) {
		return l, fmt.Errorf("found %d classes in %s, want the %d of wnids.txt; is the archive unpacked completely?",
			len(l.classes), filepath.Join(dir, "train"), n)
	}
	val := filepath.Join(dir, "val")
	if isFolder(filepath.Join(val, l.classes[0])) {
		err = l.listTest(val)
	} else {
		err = l.listAnnotated(val)
	}
	if err != nil {
		return l, err
	}
	l.classes, err = wordsOf(filepath.Join(dir, "words.txt"), l.classes)
	return l, err
}

// listAnnotated finds the test images in root/images, whose classes are in
// root/val_annotations.txt: a line for each, of name, class and four numbers
// with tabs between them.
func (l *layout) listAnnotated(root string) error {
	path := filepath.Join(root, "val_annotations.txt")
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("%w; is the archive unpacked completely?", err)
	}
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		fields := strings.Split(strings.TrimSpace(line), "\t")
		label := -1
		if len(fields) > 1 {
			label = slices.Index(l.classes, fields[1])
		}
		if label < 0 || fields[0] != filepath.Base(fields[0]) {
			return fmt.Errorf("line %d of %s is %.60q, want a file, a tab and one of the classes in train", number, path, line)
		}
		l.test.files = append(l.test.files, filepath.Join(root, "images", fields[0]))
		l.test.labels = append(l.test.labels, uint8(label))
	}
	if number == 0 {
		return fmt.Errorf("%s is empty", path)
	}
	return nil
}

// wordsOf returns what words.txt calls the classes: lines of a wnid, a tab and
// words. A class that is not there, or all where there is no file, keeps its name.
func wordsOf(path string, wnids []string) ([]string, error) {
	text, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return wnids, nil
	}
	if err != nil {
		return nil, err
	}
	words := map[string]string{}
	for line := range strings.Lines(string(text)) {
		wnid, name, _ := strings.Cut(strings.TrimSpace(line), "\t")
		words[wnid] = name
	}
	names := slices.Clone(wnids)
	for i, wnid := range wnids {
		if words[wnid] != "" {
			names[i] = words[wnid]
		}
	}
	return names, nil
}
