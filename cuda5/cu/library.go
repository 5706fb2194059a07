package cu

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"
)

// MinVersion is the oldest version of CUDA whose driver is accepted, as
// returned by [Version]. Newer functions return [ERROR_NO_FUNCTION] where the
// driver lacks them; graphs need 11.4, and changes of graphs 12.0.
const MinVersion = 11000

var library struct {
	sync.Mutex
	path   string
	err    error          // of the last attempt
	tried  bool           // an attempt was made
	handle atomic.Uintptr // not 0 if the library is open and good
}

// ErrNoDriver is what the error of Open wraps where no driver library can be
// opened: there is none, or the program was built without CUDA.
var ErrNoDriver = errors.New("no CUDA driver")

// Open opens the driver library at path, or the system's one if path is empty.
// It fails if there is none, if functions are missing that every driver has,
// or if the driver is older than [MinVersion].
//
// A program need not call Open: the library is opened when a function first
// needs it. Open gives the error before anything panics, and can name another
// library. Once a library is open it stays.
func Open(path string) error {
	library.Lock()
	defer library.Unlock()
	if library.handle.Load() != 0 {
		if path == "" || path == library.path {
			return nil
		}
		return fmt.Errorf("cu: cannot open %s: %s is open", path, library.path)
	}
	library.tried = true
	names := libraryNames
	if path != "" {
		names = []string{path}
	}
	library.err = openLibrary(names)
	return library.err
}

// Included reports whether this program can open a driver library: it was built
// for Linux on amd64 or arm64 or for Windows on amd64, without the tag nocuda.
func Included() bool { return included }

// Missing returns the names of the functions, sorted, that this package calls
// and the driver library lacks, all of them where no library can be opened.
func Missing() (names []string) {
	for _, p := range procs {
		if _, r := p.find(); r != SUCCESS {
			names = append(names, p.name)
		}
	}
	slices.Sort(names)
	return names
}

// openLibrary opens the first of the named libraries that exists.
func openLibrary(names []string) error {
	var tried []error
	for _, name := range names {
		handle, err := dlopen(name)
		if err != nil {
			tried = append(tried, err)
			continue
		}
		if err := checkLibrary(handle); err != nil {
			return fmt.Errorf("cu: the CUDA driver %s cannot be used: %w", name, err)
		}
		library.path = name
		library.handle.Store(handle)
		return nil
	}
	return fmt.Errorf("cu: %w: %w", ErrNoDriver, tried[0])
}

// checkLibrary looks for the functions that every driver has, and asks for the
// version.
func checkLibrary(handle uintptr) error {
	var missing []string
	for _, p := range procs {
		if _, err := dlsym(handle, p.name); err != nil && p.needed {
			missing = append(missing, p.name)
		}
	}
	if missing != nil {
		slices.Sort(missing)
		return errors.New("it lacks " + strings.Join(missing, ", "))
	}
	address, _ := dlsym(handle, procDriverGetVersion.name) // found above
	var version int32
	if r := Result(int32(syscallN(address, uintptr(unsafe.Pointer(&version))))); r != SUCCESS {
		return errors.New(procDriverGetVersion.name + ": " + r.String())
	}
	if version < MinVersion {
		return fmt.Errorf("it supports CUDA %s, want %s or newer: update the NVIDIA driver",
			versionString(int(version)), versionString(MinVersion))
	}
	return nil
}

// versionString returns 12.4 for 12040.
func versionString(v int) string { return fmt.Sprintf("%d.%d", v/1000, v%1000/10) }

func isOpen() bool { return library.handle.Load() != 0 }

func openError() error {
	library.Lock()
	defer library.Unlock()
	return library.err
}

// handle returns the open library, opening it at the first call. A failure is
// not tried again.
func handle() (uintptr, bool) {
	if h := library.handle.Load(); h != 0 {
		return h, true
	}
	library.Lock()
	tried := library.tried
	library.Unlock()
	if !tried {
		Open("") // remembers its error
	}
	h := library.handle.Load()
	return h, h != 0
}
