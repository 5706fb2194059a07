package study

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/gofrs/flock"

	"lbsam/train"
)

// A Shard is one of N parts of the runs of a sweep, for the jobs of a job array
// that share its folder. The zero value is all of them.
type Shard struct{ I, N int } // I from 1 to N

// ParseShard reads "2/5".
func ParseShard(text string) (Shard, error) {
	i, n, _ := strings.Cut(text, "/")
	s := Shard{}
	var err1, err2 error
	s.I, err1 = strconv.Atoi(i)
	s.N, err2 = strconv.Atoi(n)
	if err1 != nil || err2 != nil || s.I < 1 || s.I > s.N {
		return s, wrong("--only is %q: want I/N, part I of N, from 1/N to N/N", text)
	}
	return s, nil
}

func (s Shard) all() bool { return s.N == 0 }

// Has reports whether run i of the plan is in the shard.
func (s Shard) Has(i int) bool { return s.all() || i%s.N == s.I-1 }

// lock keeps the folder of a sweep from other processes: a whole sweep from all
// others, a shard from a whole sweep and from the same shard.
func (s Shard) lock(folder string) ([]*flock.Flock, error) {
	whole := flock.New(filepath.Join(folder, ".lock"))
	locks, try := []*flock.Flock{whole}, []func() (bool, error){whole.TryLock}
	if !s.all() {
		part := flock.New(filepath.Join(folder, fmt.Sprintf(".lock-%d-of-%d", s.I, s.N)))
		locks, try = append(locks, part), []func() (bool, error){whole.TryRLock, part.TryLock}
	}
	for i, l := range try {
		ok, err := l()
		if err == nil && !ok {
			err = fmt.Errorf("%s is in use by another sweep: wait for it, or choose another --out", folder)
		}
		if err != nil {
			for _, held := range locks[:i] {
				held.Unlock()
			}
			return nil, train.FolderError{Err: fmt.Errorf("sweep: %w", err)}
		}
	}
	return locks, nil
}
