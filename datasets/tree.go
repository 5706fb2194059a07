package datasets

import (
	"os"
	"path/filepath"
	"slices"

	"lbsam/datasets/picture"
)

// classFolders returns the names of the folders in root, sorted byte by byte,
// which is the order of Python's sorted and so that of torchvision's classes. A
// link to a folder is one.
func classFolders(root string) ([]string, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if isFolder(filepath.Join(root, e.Name())) {
			names = append(names, e.Name())
		}
	}
	slices.Sort(names)
	return names, nil
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// ImageFiles returns the paths of the image files in root and the folders below
// it, in the order of torchvision: the folders sorted by their paths as texts,
// the files of each by their names. Links are followed, but not to a folder
// from within itself.
func ImageFiles(root string) ([]string, error) {
	folders, err := foldersBelow(root, nil)
	if err != nil {
		return nil, err
	}
	slices.Sort(folders)
	var files []string
	for _, folder := range folders {
		entries, err := os.ReadDir(folder)
		if err != nil {
			return nil, err
		}
		first := len(files)
		for _, e := range entries {
			if path := filepath.Join(folder, e.Name()); picture.IsName(path) && !isFolder(path) {
				files = append(files, path)
			}
		}
		slices.Sort(files[first:])
	}
	return files, nil
}

// foldersBelow returns folder and all folders below it; above are those that
// lead to it.
func foldersBelow(folder string, above []os.FileInfo) ([]string, error) {
	info, err := os.Stat(folder)
	if err != nil {
		return nil, err
	}
	if slices.ContainsFunc(above, func(a os.FileInfo) bool { return os.SameFile(a, info) }) {
		return nil, nil
	}
	names, err := classFolders(folder)
	if err != nil {
		return nil, err
	}
	all := []string{folder}
	above = append(above[:len(above):len(above)], info)
	for _, name := range names {
		below, err := foldersBelow(filepath.Join(folder, name), above)
		if err != nil {
			return nil, err
		}
		all = append(all, below...)
	}
	return all, nil
}

// A listing is the image files of a split and their labels.
type listing struct {
	files  []string
	labels []uint8
}

// list returns the images in the folders of the classes in root, as far as
// these exist.
func list(root string, classes []string) (l listing, err error) {
	for label, class := range classes {
		folder := filepath.Join(root, class)
		if !isFolder(folder) {
			continue
		}
		files, err := ImageFiles(folder)
		if err != nil {
			return l, err
		}
		l.files = append(l.files, files...)
		l.labels = append(l.labels, slices.Repeat([]uint8{uint8(label)}, len(files))...)
	}
	return l, nil
}

// take appends the images of from at first plus each of some indices.
func (l *listing) take(from listing, first int, indices []int32) {
	for _, i := range indices {
		l.files = append(l.files, from.files[first+int(i)])
		l.labels = append(l.labels, from.labels[first+int(i)])
	}
}
