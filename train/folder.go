package train

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gofrs/flock"
	"github.com/pelletier/go-toml/v2"

	"lbsam/internal/atomicfile"
)

// A Folder is where a run keeps what it makes:
//
//	config.toml        every setting, and where it comes from
//	command            the command line, one per start, and what became of it
//	env.json           program, machine and time, of the first start
//	metrics.jsonl      an Interval or an Epoch per line
//	metrics.csv        the intervals; epochs.csv the epochs
//	events.out...      both and more for TensorBoard, a file per start
//	last.safetensors   the weights after the last epoch, for PyTorch and others
//	best.safetensors   those of the best epoch
//	state.safetensors  all that an exact resume needs
//	DONE               the result, written last
//	report.html        a page about it all, which the command line adds
//
// A nil Folder keeps nothing.
type Folder struct {
	Path string

	lock    *flock.Flock
	metrics *os.File
	events  *events
	tables  map[string]*table
}

// A table is a CSV file under way.
type table struct {
	file   *os.File
	writer *csv.Writer
}

// CreateFolder makes a new folder for a run of c started by command. The path
// must not exist, or be an empty folder.
func CreateFolder(path string, c Config, command []string) (*Folder, error) {
	entries, err := os.ReadDir(path)
	if err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return !isRemnant(e.Name()) }) {
		return nil, FolderError{fmt.Errorf("train: the run folder %s is not empty: choose another --out, or continue it with --resume %s", path, path)}
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, FolderError{fmt.Errorf("train: the run folder: %w", err)}
	}
	if err := os.MkdirAll(path, 0o755); err != nil {
		return nil, FolderError{fmt.Errorf("train: the run folder: %w", err)}
	}
	f, err := open(path)
	if err != nil {
		return nil, err
	}
	if err = f.WriteConfig(c, nil); err == nil {
		err = f.Describe(nil)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, f.addCommand(command)
}

// WriteConfig writes config.toml, with where each setting comes from, as in
// Config.TOML.
func (f *Folder) WriteConfig(c Config, origins map[string]string) error {
	text, err := c.TOML(origins)
	if err == nil {
		err = writeFile(f.file("config.toml"), text)
	}
	if err != nil {
		return FolderError{fmt.Errorf("train: the run folder: %w", err)}
	}
	return nil
}

// OpenFolder opens the folder of a run that was interrupted, to continue it with
// the configuration that it returns.
func OpenFolder(path string, command []string) (*Folder, Config, error) {
	c, err := ReadConfig(path)
	if err != nil {
		return nil, c, err
	}
	f, err := open(path)
	if err != nil {
		return nil, c, err
	}
	f.clean()
	if f.state() != "" {
		c.Init = "" // the state has the weights
	}
	return f, c, f.addCommand(command)
}

// ReadConfig returns the settings of the run in a folder. Those that its file is
// too old to have are as in the published recipe.
func ReadConfig(path string) (Config, error) {
	c := Published()
	text, err := os.ReadFile(filepath.Join(path, "config.toml"))
	if err != nil {
		return c, FolderError{fmt.Errorf("train: %s is not a run folder: %w", path, err)}
	}
	if err := toml.Unmarshal(text, &c); err != nil {
		return c, FolderError{fmt.Errorf("train: %s: %w", filepath.Join(path, "config.toml"), err)}
	}
	return c, nil
}

// lockName is the file whose lock the process has that uses a folder.
const lockName = ".lock"

// isRemnant reports whether a run that was killed may have left a file of that
// name: the lock, or a file that was not whole yet (see writeFile).
func isRemnant(name string) bool { return name == lockName || unfinished.MatchString(name) }

// unfinished are names of files before they get their own.
var unfinished = regexp.MustCompile(`^\.(config\.toml|metrics\.(jsonl|csv)|epochs\.csv|(last|best|state)\.safetensors|DONE|report\.html)\d+$`)

// clean removes files that a run that was killed did not finish: a state may be
// large.
func (f *Folder) clean() {
	entries, _ := os.ReadDir(f.Path) // what stays does no harm
	for _, e := range entries {
		if unfinished.MatchString(e.Name()) {
			os.Remove(f.file(e.Name()))
		}
	}
}

// writeFile puts a new file in the place of path: under a temporary name beside
// it, synced and renamed.
func writeFile(path string, text []byte) error {
	return atomicfile.Write(path, text)
}

// open locks the folder. Who asks whether it is in use, as Summarize does, has
// the lock for a moment too: so open tries more than once.
func open(path string) (*Folder, error) {
	f := &Folder{Path: path, lock: flock.New(filepath.Join(path, lockName)), tables: map[string]*table{}}
	ok, err := f.lock.TryLock()
	for tries := 0; !ok && err == nil && tries < 40; tries++ {
		time.Sleep(5 * time.Millisecond)
		ok, err = f.lock.TryLock()
	}
	if err != nil {
		return nil, FolderError{fmt.Errorf("train: the run folder: %w", err)}
	}
	if !ok {
		return nil, FolderError{fmt.Errorf("train: the run folder %s is in use by another process: wait for it or choose another --out", path)}
	}
	return f, nil
}

// Close gives the folder free.
func (f *Folder) Close() {
	if f == nil {
		return
	}
	if f.metrics != nil {
		f.metrics.Close()
	}
	f.events.close()
	for _, t := range f.tables {
		t.file.Close()
	}
	f.lock.Unlock() // the file stays: to remove it could take away another process's lock
}

func (f *Folder) file(name string) string { return filepath.Join(f.Path, name) }

// state is the path of the saved state, "" if there is none.
func (f *Folder) state() string {
	if f == nil {
		return ""
	}
	path := f.file("state.safetensors")
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

// unsaved is the error of a file that could not be written, and from where the
// run can go on.
func (f *Folder) unsaved(err error) error {
	if state := f.state(); state != "" {
		err = fmt.Errorf("%w; the last good state is %s", err, state)
	}
	return FolderError{err}
}

func (f *Folder) addCommand(command []string) error {
	file, err := os.OpenFile(f.file("command"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return FolderError{fmt.Errorf("train: the run folder: %w", err)}
	}
	defer file.Close()
	_, err = fmt.Fprintln(file, strings.Join(command, " "))
	return err
}

// remark leaves word of what became of a command line below it. Nothing depends
// on it, so that a disk that is full is no error here.
func (f *Folder) remark(format string, args ...any) {
	if f != nil {
		f.addCommand([]string{"#", strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", "; ")})
	}
}

// Describe writes env.json: the program, the machine, the time, and what a caller
// adds, such as the device.
func (f *Folder) Describe(more map[string]string) error {
	env := map[string]any{
		"time": time.Now().Format(time.RFC3339), "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH,
		"processors": runtime.NumCPU(),
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if strings.HasPrefix(s.Key, "vcs.") {
				env[s.Key] = s.Value
			}
		}
	}
	for key, value := range more {
		env[key] = value
	}
	text, err := json.MarshalIndent(env, "", "  ")
	if err == nil {
		err = os.WriteFile(f.file("env.json"), append(text, '\n'), 0o644)
	}
	if err != nil {
		return FolderError{fmt.Errorf("train: the run folder: %w", err)}
	}
	return nil
}

// done marks the run as finished.
func (f *Folder) done(r Result) error {
	if f == nil {
		return nil
	}
	text, err := json.Marshal(r.Last)
	if err != nil {
		return err
	}
	if err := writeFile(f.file("DONE"), append(text, '\n')); err != nil {
		return FolderError{fmt.Errorf("train: %w", err)}
	}
	return nil
}
