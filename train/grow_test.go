package train

import (
	"context"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
)

// A gauge measures memory behind some steps of a run.
type gauge struct {
	j    *Job
	step int
	used map[int]footprint
}

// A footprint is memory in use, in bytes.
type footprint struct {
	heap, process, device int64 // process: 0 where it is not to be had
}

func (g *gauge) Interval(Interval) {}
func (g *gauge) Epoch(Epoch)       {}
func (g *gauge) Step(Progress) {
	g.step++
	if _, wanted := g.used[g.step]; !wanted {
		return
	}
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	u := footprint{heap: int64(m.HeapAlloc), device: g.j.Device.Allocated()}
	if text, err := os.ReadFile("/proc/self/statm"); err == nil {
		pages, _ := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
		u.process = pages * int64(os.Getpagesize())
	}
	g.used[g.step] = u
}

// A run does not grow: behind 2,000 steps it holds the memory that it held behind
// 200, with rows of metrics, saves, averages and mixed images going on.
func TestALongRunDoesNotGrow(t *testing.T) {
	c := tiny("cpu", "LookbehindSAM")
	c.Batch, c.Epochs, c.LogEvery, c.SaveEvery = 1, 4, 1, 100
	c.EMA, c.Mixup, c.Cutmix, c.Cutout = 0.9, 0.2, 1, 2
	j := mustOpenWith(t, c, shrunk(550, 6))
	g := &gauge{j: j, used: map[int]footprint{200: {}, 2000: {}}}
	if _, err := j.Run(context.Background(), mustFolder(t, c), g); err != nil {
		t.Fatal(err)
	}
	before, behind := g.used[200], g.used[2000]
	t.Logf("%+v behind 200 steps, %+v behind 2,000", before, behind)
	if behind.heap == 0 || behind.device != before.device {
		t.Errorf("the device has given out %d bytes, and then %d", before.device, behind.device)
	}
	// What 1,800 steps leave behind, if each left 64 bytes; buffers of files on
	// their way take less.
	if grown := behind.heap - before.heap; grown > 1800*64 {
		t.Errorf("the heap has grown by %d bytes", grown)
	}
	// The runtime keeps stacks and spans as it likes.
	if grown := behind.process - before.process; grown > 4<<20 {
		t.Errorf("the process has grown by %d bytes", grown)
	}
}
