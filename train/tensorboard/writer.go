// Package tensorboard writes event files, which TensorBoard shows.
//
// An event file is a sequence of records, each one a message of type Event:
// the length of the message in 8 bytes, the checksum of these bytes in 4, the
// message and its checksum. Numbers are little-endian; a checksum is CRC-32C,
// rotated and shifted so that records can hold records.
package tensorboard

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// A Writer appends events to a file of its own.
type Writer struct {
	file *os.File
}

const prefix = "events.out.tfevents."

// Create makes a new event file in folder dir, called behind all that are
// there, as TensorBoard reads them in the order of their names. What those say
// about step from and later ones is void: the run does them again.
func Create(dir string, from int64) (*Writer, error) {
	now := time.Now()
	file, err := os.OpenFile(filepath.Join(dir, newName(dir, now)), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	w := &Writer{file}
	err = w.record(version(now))
	if err == nil && from > 0 {
		err = w.record(restart(now, from))
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return w, nil
}

// newName has the time in seconds, or one second more than the last file.
func newName(dir string, now time.Time) string {
	seconds := now.Unix()
	files, _ := os.ReadDir(dir) // none: nothing to come after
	for _, f := range files {
		digits, _, _ := strings.Cut(strings.TrimPrefix(f.Name(), prefix), ".")
		if last, err := strconv.ParseInt(digits, 10, 64); err == nil {
			seconds = max(seconds, last+1)
		}
	}
	host, err := os.Hostname()
	if err != nil {
		host = "localhost"
	}
	return fmt.Sprintf("%s%010d.%s.%d", prefix, seconds, host, os.Getpid())
}

// Write appends e.
func (w *Writer) Write(e *Event) error { return w.record(e.encode()) }

// Close closes the file.
func (w *Writer) Close() error { return w.file.Close() }

// record appends a message with its length and checksums.
func (w *Writer) record(message []byte) error {
	b := binary.LittleEndian.AppendUint64(nil, uint64(len(message)))
	b = binary.LittleEndian.AppendUint32(b, checksum(b))
	b = append(b, message...)
	b = binary.LittleEndian.AppendUint32(b, checksum(message))
	_, err := w.file.Write(b) // at once, so that a reader seldom sees a part
	return err
}

func checksum(b []byte) uint32 {
	c := crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli))
	return (c>>15 | c<<17) + 0xa282ead8
}
