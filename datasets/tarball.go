package datasets

import (
	"archive/tar"
	"fmt"
	"io"
	"os"
	"path"

	"github.com/klauspost/compress/gzip"
)

// slack is how many bytes an archive may have besides the files of the set: what
// tar adds, and texts.
const slack = 4 << 20

// readTarball fills d from the members of a .tar.gz that lie in its folder called
// folder. Nothing is unpacked to the disk; links are not followed; of what the
// archive holds besides, only as much is read as the set itself may have.
func (f format) readTarball(d *Dataset, title, name, folder string) (found []File, err error) {
	r, err := os.Open(name)
	if err != nil {
		return nil, missing(title, err)
	}
	defer r.Close()
	what := title + ": " + name
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("datasets: %s: %w", what, err)
	}
	ahead := readAhead(limit(z, f.most+slack))
	defer ahead.Close()
	if found, err = f.readTar(d, ahead, what, folder); err != nil {
		return found, err
	}
	if _, err := io.Copy(io.Discard, ahead); err != nil { // to the checksum at the end
		return found, fmt.Errorf("datasets: %s: behind its last member: %w", what, err)
	}
	return found, nil
}

// readTar fills d from the members of the archive r.
func (f format) readTar(d *Dataset, r io.Reader, what, folder string) (found []File, err error) {
	archive := tar.NewReader(r)
	seen := map[string]bool{} // first names of parts
	for {
		h, err := archive.Next()
		if err == io.EOF {
			return found, f.complete(seen, what)
		}
		if err != nil {
			return found, fmt.Errorf("datasets: %s: %w", what, err)
		}
		dir, name := path.Split(path.Clean(h.Name))
		p, file, ok := f.named(name)
		if !ok || dir != folder+"/" || h.Typeflag != tar.TypeReg {
			continue
		}
		if seen[p.files[0].name] {
			return found, fmt.Errorf("datasets: %s has two members %s", what, name)
		}
		seen[p.files[0].name] = true
		one, err := p.load(d, file, archive, what+": "+name)
		found = append(found, one)
		if err != nil {
			return found, err
		}
	}
}

// complete returns an error if a part was not seen.
func (f format) complete(seen map[string]bool, what string) error {
	for _, p := range f.parts {
		if !seen[p.files[0].name] {
			return fmt.Errorf("datasets: %s has no member %s; is it complete?", what, p.names())
		}
	}
	return nil
}
