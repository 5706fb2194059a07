package cu_test

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/barnex/cuda5/cu"
)

// A graph is replayed with the arguments that it was captured with.
func TestGraph(t *testing.T) {
	withContext(t)
	increment, p := counter(t)
	s := nonBlocking(t)
	g, err := s.Capture(cu.CAPTURE_THREAD_LOCAL, func() error {
		if status, err := s.CaptureStatus(); status != cu.CAPTURE_ACTIVE || err != nil {
			t.Errorf("status %d, %v", status, err)
		}
		cu.MemsetD32Async(p, 40, 1, s)
		return errors.Join(increment(s), increment(s))
	})
	check(t, err)
	if status, err := s.CaptureStatus(); status != cu.CAPTURE_NONE || err != nil {
		t.Errorf("status %d, %v", status, err)
	}
	s.Synchronize()
	if n := word(p); n != 0 {
		t.Fatalf("the capture did its work: counter %d", n)
	}
	wantNodes(t, g, cu.NODE_MEMSET, cu.NODE_KERNEL, cu.NODE_KERNEL)

	exec, err := g.Instantiate(cu.INSTANTIATE_DEFAULT)
	check(t, err)
	file := filepath.Join(t.TempDir(), "graph.dot")
	check(t, g.DebugDot(file, true))
	if dot, err := os.ReadFile(file); err != nil || !strings.Contains(string(dot), "flags 1") || !strings.Contains(string(dot), "increment") {
		t.Errorf("%s: %s, %v", file, dot, err)
	}
	check(t, g.Destroy()) // exec stays
	check(t, exec.Upload(s))
	for range 3 {
		cu.MemsetD32(p, 7, 1)
		check(t, exec.Launch(s))
		s.Synchronize()
		if n := word(p); n != 42 {
			t.Errorf("counter %d, want 42", n)
		}
	}
	check(t, exec.Destroy())
	if err := exec.Launch(s); !errors.Is(err, cu.ERROR_INVALID_HANDLE) || exec != 0 || g != 0 {
		t.Errorf("launch of a destroyed graph: %v", err)
	}
}

func wantNodes(t *testing.T, g cu.Graph, want ...cu.NodeType) []cu.GraphNode {
	t.Helper()
	nodes, err := g.Nodes()
	check(t, err)
	var got []cu.NodeType
	for _, n := range nodes {
		kind, err := n.Type()
		check(t, err)
		got = append(got, kind)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("nodes %v, want %v", got, want)
	}
	return nodes
}

// Work forks into a second stream and joins back.
func TestCaptureFork(t *testing.T) {
	withContext(t)
	increment, p := counter(t)
	a, b := nonBlocking(t), nonBlocking(t)
	fork, err := cu.EventCreate(cu.EVENT_DISABLE_TIMING)
	check(t, err)
	join, err := cu.EventCreate(cu.EVENT_DISABLE_TIMING)
	check(t, err)
	record := func(joined bool) func() error {
		return func() error {
			err := errors.Join(increment(a), fork.Record(a), b.WaitEvent(fork), increment(b), increment(a))
			if joined {
				err = errors.Join(err, join.Record(b), a.WaitEvent(join))
			}
			return err
		}
	}
	g, err := a.Capture(cu.CAPTURE_THREAD_LOCAL, record(true))
	check(t, err)
	exec, err := g.Instantiate(0)
	check(t, err)
	check(t, exec.Launch(a))
	a.Synchronize()
	if n := word(p); n != 3 {
		t.Errorf("counter %d, want 3", n)
	}
	if _, err := a.Capture(cu.CAPTURE_THREAD_LOCAL, record(false)); !errors.Is(err, cu.ERROR_STREAM_CAPTURE_UNJOINED) {
		t.Errorf("without a join: %v", err)
	}
}

// Calls that wait or allocate end a capture with an error.
func TestCaptureForbids(t *testing.T) {
	withContext(t)
	increment, p := counter(t)
	s := nonBlocking(t)
	for name, record := range map[string]func() error{
		"MemAlloc":    func() error { cu.MemAlloc(4); return nil },
		"MemcpyDtoH":  func() error { word(p); return nil },
		"Synchronize": func() error { s.Synchronize(); return nil },
		"swallowed":   func() error { cu.Try(func() { cu.MemAlloc(4) }); return increment(s) },
	} {
		g, err := s.Capture(cu.CAPTURE_THREAD_LOCAL, record)
		if g != 0 || !errors.Is(err, cu.ERROR_STREAM_CAPTURE_INVALIDATED) {
			t.Errorf("%s: graph %x, %v", name, g, err)
		}
		if name != "swallowed" && !errors.Is(err, cu.ERROR_STREAM_CAPTURE_UNSUPPORTED) {
			t.Errorf("%s: the reason is missing: %v", name, err)
		}
	}
	other := errors.New("other")
	if g, err := s.Capture(cu.CAPTURE_RELAXED, func() error { return other }); g != 0 || !errors.Is(err, other) {
		t.Errorf("graph %x, %v", g, err)
	}
	if _, err := cu.Stream(0).Capture(cu.CAPTURE_RELAXED, nil); !errors.Is(err, cu.ERROR_INVALID_HANDLE) {
		t.Errorf("the default stream: %v", err)
	}
	if _, err := s.EndCapture(); !errors.Is(err, cu.ERROR_ILLEGAL_STATE) {
		t.Errorf("EndCapture without a capture: %v", err)
	}
}

func TestCaptureThreads(t *testing.T) {
	ctx := withContext(t)
	increment, _ := counter(t)
	s := nonBlocking(t)
	elsewhere := func(f func()) {
		done := make(chan bool)
		go func() {
			defer close(done)
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			ctx.SetCurrent()
			f()
			cu.CtxSetCurrent(0)
		}()
		<-done
	}
	check(t, s.BeginCapture(cu.CAPTURE_THREAD_LOCAL))
	check(t, increment(s))
	elsewhere(func() {
		cu.MemAlloc(4).Free() // another thread may
		if _, err := s.EndCapture(); !errors.Is(err, cu.ERROR_STREAM_CAPTURE_WRONG_THREAD) {
			t.Errorf("EndCapture from another thread: %v", err)
		}
	})
	old, err := cu.ExchangeCaptureMode(cu.CAPTURE_RELAXED)
	if old != cu.CAPTURE_GLOBAL || err != nil {
		t.Errorf("ExchangeCaptureMode: %d, %v", old, err)
	}
	cu.MemAlloc(4).Free() // in relaxed mode this thread may
	_, err = cu.ExchangeCaptureMode(old)
	check(t, err)
	g, err := s.EndCapture()
	check(t, err)
	wantNodes(t, g, cu.NODE_KERNEL)

	check(t, s.BeginCapture(cu.CAPTURE_GLOBAL))
	elsewhere(func() { wantPanic(t, cu.ERROR_STREAM_CAPTURE_UNSUPPORTED, func() { cu.MemAlloc(4) }) })
	if status, _ := s.CaptureStatus(); status != cu.CAPTURE_INVALIDATED {
		t.Errorf("status %d, want invalidated", status)
	}
	if _, err := s.EndCapture(); !errors.Is(err, cu.ERROR_STREAM_CAPTURE_INVALIDATED) {
		t.Errorf("EndCapture: %v", err)
	}
}

func TestGraphUpdate(t *testing.T) {
	withContext(t)
	f := load(t, incrementKernel)
	p := cu.MemAlloc(12)
	defer p.Free()
	cu.MemsetD32(p, 0, 3)
	s := nonBlocking(t)
	one := cu.Dim3{1, 1, 1}
	capture := func(record func() error) cu.Graph {
		g, err := s.Capture(cu.CAPTURE_THREAD_LOCAL, record)
		check(t, err)
		return g
	}
	at := func(i int) func() error {
		return func() error { return f.Launch(one, one, 0, s, cu.AppendArg(nil, p+cu.DevicePtr(4*i))) }
	}
	g := capture(at(0))
	exec, err := g.Instantiate(0)
	check(t, err)
	check(t, exec.Launch(s))
	check(t, exec.Update(capture(at(1))))
	check(t, exec.Launch(s))
	node := wantNodes(t, g, cu.NODE_KERNEL)[0]
	k, err := node.Kernel()
	if want := (cu.KernelNode{Function: f, Grid: one, Block: one}); k != want || err != nil {
		t.Errorf("Kernel: %+v, %v, want %+v", k, err, want)
	}
	check(t, exec.SetKernel(node, k, cu.AppendArg(nil, p+8)))
	for range 3 {
		check(t, exec.Launch(s))
	}
	s.Synchronize()
	if got := [3]int32{word(p), word(p + 4), word(p + 8)}; got != [3]int32{1, 1, 3} {
		t.Errorf("counters %v, want [1 1 3]", got)
	}
	err = exec.Update(capture(func() error { cu.MemsetD8Async(p, 0, 4, s); return nil }))
	if !errors.Is(err, cu.ERROR_GRAPH_EXEC_UPDATE_FAILURE) || !strings.HasSuffix(err.Error(), "(the type of a node differs)") {
		t.Errorf("Update with another type: %v", err)
	}
	err = exec.Update(capture(func() error { return errors.Join(at(0)(), at(0)()) }))
	if err == nil || !strings.HasSuffix(err.Error(), "(the topology differs)") {
		t.Errorf("Update with another node: %v", err)
	}
	if err := exec.SetKernel(node, k, nil); !errors.Is(err, cu.ERROR_INVALID_VALUE) {
		t.Errorf("SetKernel without arguments: %v", err)
	}
}
