package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"lbsam/datasets/download"
)

// blackFashion is a set like Fashion-MNIST with black images, to be had from a
// server of this process.
func blackFashion(t *testing.T) download.Set {
	t.Helper()
	files := map[string][]byte{}
	set := download.Set{Name: "FashionMNIST"}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write(files[strings.TrimPrefix(r.URL.Path, "/")])
	}))
	t.Cleanup(s.Close)
	add := func(name string, body []byte, header ...uint32) {
		var packed bytes.Buffer
		z, _ := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
		binary.Write(z, binary.BigEndian, header)
		z.Write(body)
		z.Close()
		files[name] = packed.Bytes()
		sum := md5.Sum(packed.Bytes())
		set.Archives = append(set.Archives, download.Archive{
			Path: "FashionMNIST/raw/" + name, URLs: []string{s.URL + "/" + name}, Size: int64(packed.Len()), MD5: hex.EncodeToString(sum[:]),
		})
	}
	labels := make([]byte, 60_000)
	for i := range labels {
		labels[i] = byte(i % 10)
	}
	add("train-images-idx3-ubyte.gz", make([]byte, 60_000*28*28), 2051, 60_000, 28, 28)
	add("train-labels-idx1-ubyte.gz", labels, 2049, 60_000)
	add("t10k-images-idx3-ubyte.gz", make([]byte, 10_000*28*28), 2051, 10_000, 28, 28)
	add("t10k-labels-idx1-ubyte.gz", labels[:10_000], 2049, 10_000)
	return set
}

// startWith is start in a program that can fetch the given set only.
func startWith(set download.Set, args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	a := &app{name: "lbsam", stdout: &out, stderr: &err, find: func(name string) (download.Set, error) {
		if !strings.EqualFold(name, set.Name) {
			return download.Set{}, fmt.Errorf("no data set %q", name)
		}
		return set, nil
	}}
	code = a.run(context.Background(), args)
	return code, out.String(), err.String()
}

func TestDataGet(t *testing.T) {
	dir, set := t.TempDir(), blackFashion(t)
	type line struct {
		Kind, Dataset string
		Files         []download.Result
	}
	for _, again := range []bool{false, true} {
		code, stdout, stderr := startWith(set, "data", "get", "fashionmnist", "--data", dir)
		var got line
		if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != exitOK || strings.Count(stdout, "\n") != 1 {
			t.Fatalf("exit %d, %v: %s%s", code, err, stdout, stderr)
		}
		if got.Kind != "data get" || got.Dataset != "FashionMNIST" || len(got.Files) != 4 {
			t.Errorf("%+v", got)
		}
		path := filepath.Join(dir, "FashionMNIST", "raw", "t10k-labels-idx1-ubyte.gz")
		if f := got.Files[3]; f.Path != path || f.Bytes != set.Archives[3].Size || (f.Fetched == 0) != again {
			t.Errorf("%+v, called again: %v", f, again)
		}
		want := "FashionMNIST  " + path + "  0.1 kB, 0.1 kB fetched, checked\n"
		if again {
			want = "FashionMNIST  " + path + "  0.1 kB, was there, checked\n"
		}
		if !strings.HasSuffix(stderr, want) {
			t.Errorf("%q does not end with %q", stderr, want)
		}
	}
}

func TestTrainDownloads(t *testing.T) {
	t.Chdir(t.TempDir())
	set := blackFashion(t)
	args := []string{"train", "--dataset", "FashionMNIST", "--data", "a folder", "--model", "mlp", "--minimizer", "SGD", "--epochs", "1",
		"--limit-batches", "1", "--batch-size", "4", "--device", "cpu", "--no-out", "--quiet"}
	code, _, stderr := startWith(set, args...)
	if code != exitData || !strings.HasSuffix(stderr, "; to fetch it: lbsam data get FashionMNIST --data 'a folder'\n") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("without --download: exit %d, %s", code, stderr)
	}
	code, stdout, stderr := startWith(set, append(args, "--download")...)
	if code != exitOK || !strings.Contains(stdout, `"status":"done"`) || stderr != "" {
		t.Errorf("with --download: exit %d, %s%s", code, stdout, stderr)
	}
	if code, _, stderr = startWith(download.Set{}, append(args, "--download")...); code != exitOK {
		t.Errorf("the files are there now: exit %d, %s", code, stderr)
	}
}

// What has to be unpacked comes with the command that does it.
func TestUnpacking(t *testing.T) {
	var out bytes.Buffer
	p := &fetching{out: &out, set: "TinyImageNet"}
	p.closing([]download.Result{{Path: "a folder/x.zip", Bytes: 248_100_043}, {Path: "x.tar.gz", Bytes: 5}})
	want := "TinyImageNet  a folder/x.zip  248.1 MB, was there, checked; unpack it: unzip -q 'a folder/x.zip' -d 'a folder'\n" +
		"TinyImageNet  x.tar.gz  0.0 kB, was there, checked\n"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

// The lines that show how far it is, where there is no terminal.
func TestFetchingLines(t *testing.T) {
	var out bytes.Buffer
	p := &fetching{out: &out, set: "MNIST"}
	a := download.Archive{Path: "MNIST/raw/x.gz", Size: 9_912_422}
	p.show(download.Progress{Archive: a, Done: 0})
	p.show(download.Progress{Archive: a, Done: 4_000_000})
	p.show(download.Progress{Archive: a, Done: 4_000_000, News: "http://x: broke off"})
	p.show(download.Progress{Archive: a, Done: a.Size})
	p.every = time.Hour
	p.show(download.Progress{Archive: a, Done: 5})
	lines := strings.Split(out.String(), "\n")
	if len(lines) != 4 || lines[0] != "MNIST  x.gz  0.0 kB of 9.9 MB" || !strings.HasPrefix(lines[1], "MNIST  x.gz  4.0 MB of 9.9 MB  ") ||
		!strings.Contains(lines[1], " MB/s  eta ") || lines[2] != "MNIST  x.gz  http://x: broke off" {
		t.Errorf("%q", lines)
	}
}

// Two processes want one file; the first one is stopped by Ctrl-C, and the second
// one goes on where it stopped.
func TestDataGetInProcesses(t *testing.T) {
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	const size, sent = 170_498_071, 1_000_000 // of cifar-10-python.tar.gz
	asked := make(chan string, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Header.Get("Range")
		if r.Header.Get("Range") == "" {
			w.Header().Set("Content-Length", fmt.Sprint(size))
			w.Write(make([]byte, sent))
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
	}))
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	dir := t.TempDir()
	launch := func(text string) (cmd *exec.Cmd, seen chan struct{}, w *trigger) {
		cmd = exec.CommandContext(ctx, program, "data", "get", "CIFAR10", "--data", dir, "--mirror", s.URL)
		cmd.Env = append(os.Environ(), "LBSAM_TEST_MAIN=1")
		seen = make(chan struct{})
		w = &trigger{text: text, end: func() { close(seen) }}
		cmd.Stderr = w
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		return cmd, seen, w
	}
	part := filepath.Join(dir, "cifar-10-python.tar.gz.part")
	first, _, firstLines := launch("nothing")
	if got := <-asked; got != "" {
		t.Errorf("the first process asks for %s", got)
	}
	second, waits, _ := launch("another process is at it")
	select {
	case <-waits:
	case <-ctx.Done():
		t.Fatal("the second process does not wait")
	}
	for info, err := os.Stat(part); ctx.Err() == nil && (err != nil || info.Size() < sent); info, err = os.Stat(part) {
		time.Sleep(10 * time.Millisecond)
	}
	send(first.Process, os.Interrupt)
	exit, _ := errors.AsType[*exec.ExitError](first.Wait())
	if text := firstLines.seen.String(); exit == nil || exit.ExitCode() != exitInterrupt || !strings.Contains(text, "1000000 of 170498071 bytes are kept in "+part) {
		t.Errorf("the first process: %v, want exit %d: %s", exit, exitInterrupt, text)
	}
	select {
	case got := <-asked:
		if got != "bytes=1000000-" {
			t.Errorf("the second process asks for %q, want the rest", got)
		}
	case <-ctx.Done():
		t.Error("the second process does not go on")
	}
	send(second.Process, os.Interrupt)
	second.Wait()
	if info, err := os.Stat(part); err != nil || info.Size() != sent {
		t.Errorf("what was there is lost: %v", err)
	}
}
