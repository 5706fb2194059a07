package main

import (
	"fmt"
	"io"
	"path"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"lbsam/datasets/download"
)

// A fetching shows how the files of a data set come: on a terminal with a bar,
// elsewhere with a line now and then.
type fetching struct {
	out      io.Writer
	terminal bool
	every    time.Duration // between lines where there is no terminal
	set      string

	mu    sync.Mutex // the bar is drawn by another goroutine
	at    download.Progress
	first int64     // bytes that were there when this file was begun
	began time.Time // then
	said  time.Time

	bars *mpb.Progress
	bar  *mpb.Bar
}

// show is told how far it is.
func (p *fetching) show(at download.Progress) {
	p.mu.Lock()
	if at.Archive.Path != p.at.Archive.Path || at.Done < p.at.Done { // another file, or the same from its beginning
		p.first, p.began, p.said = at.Done, time.Now(), time.Now()
	}
	p.at = at
	due := time.Since(p.said) >= p.every
	if due {
		p.said = time.Now()
	}
	line := p.file() + "  " + p.status()
	p.mu.Unlock()
	switch {
	case at.News != "":
		p.say("%s  %s\n", p.file(), at.News)
	case p.terminal:
		p.draw(at)
	case due && at.Done < at.Archive.Size:
		p.say("%s\n", line)
	}
}

// say leaves a line on the screen.
func (p *fetching) say(format string, args ...any) {
	out := p.out
	if p.bars != nil {
		out = p.bars // above the bar
	}
	fmt.Fprintf(out, format, args...)
}

// draw moves the bar.
func (p *fetching) draw(at download.Progress) {
	if p.bars == nil {
		const barWidth = 22
		p.bars = mpb.New(mpb.WithOutput(p.out), mpb.WithRefreshRate(time.Second/5), mpb.WithWidth(barWidth))
		p.bar = p.bars.New(0, mpb.BarStyle(), // of no total, so that no file completes it
			mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return p.locked(p.file) })),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return p.locked(p.status) })))
	}
	p.bar.SetTotal(at.Archive.Size, false)
	p.bar.SetCurrent(at.Done)
}

func (p *fetching) locked(text func() string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return text()
}

// stop takes the bar away.
func (p *fetching) stop() {
	if p.bars != nil {
		p.bar.Abort(true)
		p.bars.Wait()
		p.bars = nil
	}
}

// closing says what is there now.
func (p *fetching) closing(files []download.Result) {
	for _, f := range files {
		how := megabytes(f.Fetched) + " fetched"
		if f.Fetched == 0 {
			how = "was there"
		}
		p.say("%s  %s  %s, %s, checked%s\n", p.set, f.Path, megabytes(f.Bytes), how, unpacking([]download.Result{f}))
	}
}

// file is the set and the name of the file that comes.
func (p *fetching) file() string { return p.set + "  " + path.Base(p.at.Archive.Path) }

// status is how much of the file is there, how fast it comes and how long it will
// take.
func (p *fetching) status() string {
	text := fmt.Sprintf("%s of %s", megabytes(p.at.Done), megabytes(p.at.Archive.Size))
	spent := time.Since(p.began).Seconds()
	if came := p.at.Done - p.first; came > 0 && spent > 0 {
		rate := float64(came) / spent // bytes per second
		left := float64(p.at.Archive.Size-p.at.Done) / rate
		text += fmt.Sprintf("  %s/s  eta %s", megabytes(int64(rate)), duration(time.Duration(left*float64(time.Second))))
	}
	return text
}

// megabytes is a number of bytes.
func megabytes(n int64) string {
	if n < 100_000 {
		return fmt.Sprintf("%.1f kB", float64(n)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(n)/1e6)
}
