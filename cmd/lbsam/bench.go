package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"lbsam/datasets"
	"lbsam/internal/roofline"
	"lbsam/train"
)

// benchFlags are the flags of bench that are no settings of the run.
type benchFlags struct {
	steps, warmup int
	seconds       float64
	json, layers  bool
	ceilings      bool
	predict       string
	table, beside string
}

// newBench returns the command bench.
func newBench(a *app) *cobra.Command {
	c := train.Published()
	c.Model, c.Minimizer, c.Rho, c.Eta, c.Adaptive = "resnet18", baseline, 0.05, 0.01, false
	o := benchFlags{steps: 8, warmup: 1, seconds: 100}
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Time training steps on random images",
		Long: `Time whole training steps on one batch of random images that lies in memory: forward, backward and the minimizer, but no
reading, no augmentation and no evaluation.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.bench(cmd.Context(), c, o) },
	}
	addSome(cmd.Flags(), "Training step", &c, "model", "minimizer", "batch-size", "k", "alpha", "rho", "eta", "optimizer", "lr",
		"momentum", "weight-decay", "reuse", "bn-stats", "sam-m", "accumulate", "device", "precision", "loss-scale", "threads", "recompute", "graphs")
	f := newFlags()
	f.IntVar(&o.steps, "steps", o.steps, "steps to measure")
	f.IntVar(&o.warmup, "warmup", o.warmup, "steps before them")
	f.Float64Var(&o.seconds, "max-seconds", o.seconds, "stop after this time")
	f.BoolVar(&o.json, "json", false, "one line of JSON instead of text")
	f.BoolVar(&o.layers, "layers", false, "time every operation of the steps, beside what the processor reaches")
	f.StringVar(&o.predict, "predict", "", "estimate the step on this `card` instead, from what its kernels compute and move: "+strings.Join(roofline.Names(), ", "))
	f.BoolVar(&o.ceilings, "ceilings", false, "measure what the GPU does at best: copies, its L2 cache, launches, products")
	f.StringVar(&o.table, "table", "", "measure nothing and show the steps in this `file` of lines of --json")
	f.StringVar(&o.beside, "beside", "", "`file` with lines of JSON to show beside these: of a benchmark with PyTorch, with --table; of "+
		"bench --layers --json, with --predict")
	addSection(cmd.Flags(), "Measurement", f)
	return cmd
}

// A timing is the result of bench.
type timing struct {
	Kind      string  `json:"kind"` // "summary"
	Model     string  `json:"model"`
	Minimizer string  `json:"minimizer"`
	K         *int    `json:"k"` // of Lookbehind, Multistep and PathMean
	Batch     int     `json:"batch"`
	Threads   int     `json:"threads"`
	Device    string  `json:"device"`
	Card      string  `json:"card,omitempty"`
	Precision string  `json:"precision"`
	Recompute bool    `json:"recompute,omitempty"`
	Evals     int     `json:"grad_evals_per_step"`
	Params    int     `json:"params"`
	Steps     int     `json:"steps"`
	Median    float64 `json:"ms_per_step_median"`
	Min       float64 `json:"ms_per_step_min"`
	P10       float64 `json:"ms_per_step_p10"`
	P90       float64 `json:"ms_per_step_p90"`
	Wall      float64 `json:"ms_per_step_wall,omitempty"` // of a GPU: mean of as many steps again, without waiting in between
	Host      float64 `json:"ms_host_median,omitempty"`   // of a GPU: until it has all work of a step
	Images    float64 `json:"images_per_s"`
	FirstLoss float64 `json:"first_loss"`
	LastLoss  float64 `json:"last_loss"`
	PeakRSS   float64 `json:"peak_rss_mb"`
	ArenaPeak float64 `json:"arena_peak_mb"`
	Memory    float64 `json:"device_mb,omitempty"` // of a GPU: all that was given out
	HeapBytes uint64  `json:"go_heap_bytes_per_step"`
	Allocs    uint64  `json:"go_allocs_per_step"`
	Go        string  `json:"go"`
}

// bench is the command.
func (a *app) bench(ctx context.Context, c train.Config, o benchFlags) error {
	switch {
	case o.steps < 1:
		return usageError("--steps is %d: want 1 or more", o.steps)
	case o.warmup < 0:
		return usageError("--warmup is %d: want 0 or more", o.warmup)
	}
	if o.layers && o.predict != "" {
		return usageError("--layers measures and --predict does not: give one of them")
	}
	if o.table != "" {
		return a.benchTable(o.table, o.beside)
	}
	if o.ceilings {
		return a.benchCeilings(c.Device, o.json)
	}
	if o.beside != "" && o.predict == "" {
		return usageError("--beside is for --table and --predict: give one of them too")
	}
	if err := c.Validate(); err != nil {
		return err
	}
	if o.predict != "" {
		return a.predict(c, o.predict, o.beside, o.json)
	}
	job, err := train.OpenWith(c, randomData(c))
	if err != nil {
		return err
	}
	defer job.Close()
	b, err := train.NewBench(job)
	if err != nil {
		return err
	}
	if o.layers {
		return a.benchLayers(ctx, b, o)
	}
	t, err := measure(ctx, b, o)
	if err != nil {
		return err
	}
	if o.json {
		return a.result(t)
	}
	fmt.Fprintf(a.stdout, `%s  %s  batch %d  %s  %d gradient evaluations per step  %s parameters
step        %.2f ms median of %d, %.2f min, %.2f to %.2f for 80%% of them
%sthroughput  %.0f img/s
loss        %.4f at first, %.4f at last
memory      %.0f MiB resident at most, %.1f MiB of activations; %d bytes of Go heap in %d pieces per step
`, t.Model, t.Minimizer, t.Batch, deviceText(job.Device), t.Evals, thousands(t.Params), t.Median, t.Steps, t.Min, t.P10, t.P90, t.ahead(),
		t.Images, t.FirstLoss, t.LastLoss, t.PeakRSS, t.ArenaPeak, t.HeapBytes, t.Allocs)
	return nil
}

// ahead is the line about a device that works while the host goes on.
func (t timing) ahead() string {
	if t.Wall == 0 {
		return ""
	}
	return fmt.Sprintf("in a row    %.2f ms a step; %.3f ms until the device has all work of one\n", t.Wall, t.Host)
}

// measure times steps, after those that warm up.
func measure(ctx context.Context, b *train.Bench, o benchFlags) (timing, error) {
	end := time.Now().Add(time.Duration(o.seconds * float64(time.Second)))
	for range o.warmup {
		if _, err := b.Step(); err != nil {
			return timing{}, err
		}
	}
	var times, hosts, losses []float64
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for len(times) < o.steps && (len(times) == 0 || time.Now().Before(end)) && ctx.Err() == nil {
		lap, err := b.Step()
		if err != nil {
			return timing{}, err
		}
		times = append(times, lap.Device.Seconds()*1e3)
		hosts = append(hosts, lap.Host.Seconds()*1e3)
		losses = append(losses, lap.Loss)
	}
	runtime.ReadMemStats(&after)
	c, n := b.Config, uint64(max(len(times), 1))
	t := timing{
		Kind: "summary", Model: c.Model, Minimizer: c.Minimizer, Batch: c.Batch, Threads: b.Device.Threads(), Device: b.Device.Name(), Card: b.Device.About(),
		Precision: precisionText(b.Device), Recompute: b.Config.Recompute, Evals: b.Evals(), Params: b.Params.Count(), Steps: len(times),
		FirstLoss: losses[0], LastLoss: losses[len(losses)-1], PeakRSS: peakRSS(), ArenaPeak: float64(b.ArenaPeak()) / (1 << 20),
		HeapBytes: (after.TotalAlloc - before.TotalAlloc) / n, Allocs: (after.Mallocs - before.Mallocs) / n, Go: runtime.Version(),
	}
	if takesK(c) {
		t.K = &c.K
	}
	slices.Sort(times)
	if b.Device.Captures() { // elsewhere a step is done when it was given
		wall, err := b.Steps(len(times))
		if err != nil {
			return timing{}, err
		}
		slices.Sort(hosts)
		t.Host, t.Wall = quantile(hosts, 0.5), wall.Seconds()*1e3/float64(len(times))
		t.Memory = float64(b.Device.Allocated()) / (1 << 20)
	}
	t.Median, t.Min, t.P10, t.P90 = quantile(times, 0.5), times[0], quantile(times, 0.1), quantile(times, 0.9)
	t.Images = float64(c.Batch) / t.Median * 1e3
	return t, nil
}

// quantile interpolates between the two nearest of a sorted list.
func quantile(sorted []float64, share float64) float64 {
	at := share * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// randomData is one batch of noise for the model of c.
func randomData(c train.Config) *datasets.Dataset {
	h, w, channels := inputOf(c.Model)
	r := rand.New(rand.NewPCG(c.Seed, 0))
	s := datasets.Split{N: c.Batch, H: h, W: w, C: channels, Images: make([]uint8, c.Batch*h*w*channels), Labels: make([]uint8, c.Batch)}
	for i := range s.Images {
		s.Images[i] = uint8(r.Uint32())
	}
	const classes = 10
	for i := range s.Labels {
		s.Labels[i] = uint8(r.IntN(classes))
	}
	d := &datasets.Dataset{Name: "random", Classes: make([]string, classes), Train: s, Test: s}
	for range channels {
		d.Mean, d.Std = append(d.Mean, 0.5), append(d.Std, 0.29) // of numbers that are uniform in [0, 1]
	}
	return d
}
