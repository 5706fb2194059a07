package kernels

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"

	"lbsam/kernels/kerneltest"
	"lbsam/kernels/ptxsim"
)

var everyMutant = flag.Bool("mutants", false, "run every mutant of the kernels, in the place of a sample")

// A trial is some work of a concept, through its exported functions.
type trial struct {
	concept, name string
	tile          string  // of conv2d: the only one of gpuTiles that may be chosen; none for the one of all arrays
	atol, rtol    float64 // of the results, relative to those of ref
	long          bool    // for all mutants only: nothing in the sample needs it
	run           func(r rig) []Buffer
	steps         []func(r rig) []Buffer // in the place of run: pieces of work, each of which is compared before the next begins

	want     [][]float64
	launches map[string]uint64 // the instructions that it runs of each of the concept's kernels
}

// inSteps is all that it runs.
func (p *trial) inSteps() []func(r rig) []Buffer {
	if p.run != nil {
		return []func(r rig) []Buffer{p.run}
	}
	return p.steps
}

// differs is what tells the results on a device from those on ref, or a Fault.
func (p *trial) differs(t *testing.T, dev *Device) error {
	n := 0
	for _, run := range p.inSteps() {
		var got [][]float64
		if err := fault(func() { got = results(run(rig{t, dev})) }); err != nil {
			return err
		}
		for _, result := range got {
			if err := kerneltest.Compare(result, p.want[n], p.atol, p.rtol); err != nil {
				return fmt.Errorf("result %d: %w", n, err)
			}
			n++
		}
	}
	return nil
}

// A lab runs mutants. Each kernel is a module of its own, so that nothing is
// loaded that is not run.
type lab struct {
	entries []ptxEntry
	texts   map[string]string // by kernel
	own     map[string]string // each kernel's module: itself
	trials  []*trial
	tested  map[string]bool // kernels that a group has

	mu     sync.Mutex
	ran    map[string]bool // kernels
	counts map[string]int  // of mutants, by how they were caught
	lived  map[*excuse]int
}

func newLab() *lab {
	l := &lab{texts: map[string]string{}, own: map[string]string{}, trials: mutantTrials(), tested: map[string]bool{}, ran: map[string]bool{}, counts: map[string]int{}, lived: map[*excuse]int{}}
	texts, _ := ptxModules()
	for concept, text := range texts {
		for _, e := range splitPTX(concept, text) {
			if e.ofHalves() || concept == "ceilings" { // which computes nothing that is used, and has a test of every bit
				continue
			}
			l.entries = append(l.entries, e)
			l.texts[e.kernel], l.own[e.kernel] = e.text(), e.kernel
		}
	}
	sort.Slice(l.entries, func(i, j int) bool { return l.entries[i].kernel < l.entries[j].kernel })
	return l
}

// device returns an interpreter with all kernels, of which m, if there is one,
// replaces one.
func (l *lab) device(concept string, m *mutant) (*Device, *ptxsim.Device) {
	sim := ptxsim.New(ptxsim.Config{Workers: 1, MaxBranches: 1 << 13})
	texts := l.texts
	if m != nil {
		texts = maps.Clone(l.texts)
		texts[m.kernel] = m.text()
	}
	gpu := gpuOf(sim, texts, l.own)
	gpu.poison = true
	return &Device{name: sim.Name(), precision: Float32, gpu: gpu}, sim
}

// prepare runs p on ref and, without a mutant, on the interpreter.
func (l *lab) prepare(t *testing.T, p *trial) {
	ref := openRig(t, Config{Name: "ref"})
	for _, run := range p.inSteps() {
		p.want = append(p.want, results(run(ref))...)
	}
	dev, sim := l.device(p.concept, nil)
	defer dev.Close()
	if err := p.differs(t, dev); err != nil {
		t.Errorf("%s: %s: without a mutant: %v", p.concept, p.name, err)
	}
	p.launches = map[string]uint64{}
	for _, e := range l.entries {
		if n := sim.Counters(e.kernel).Warp; e.concept == p.concept && n > 0 {
			p.launches[e.kernel] = n
		}
	}
}

// thatRun are the trials of a kernel, of which those that run few instructions
// are the first: most mutants go no further.
func thatRun(kernel string, trials []*trial) (list []*trial) {
	for _, p := range trials {
		if p.launches[kernel] > 0 {
			list = append(list, p)
		}
	}
	slices.SortStableFunc(list, func(a, b *trial) int { return cmp.Compare(a.launches[kernel], b.launches[kernel]) })
	return list
}

// catch runs a mutant and returns how it was caught, or "".
func (l *lab) catch(t *testing.T, m mutant, trials []*trial) string {
	for _, p := range trials {
		dev, _ := l.device(p.concept, &m)
		err := p.differs(t, dev)
		dev.Close()
		var f *ptxsim.Fault
		switch {
		case errors.As(err, &f):
			return f.Kind.String()
		case errors.As(err, new(*Fault)):
			t.Errorf("%v: %v: that is no fault of a kernel", m, err)
			return "broken"
		case err != nil:
			return "another result"
		}
	}
	return ""
}

// sample returns one mutant of each rule, which nothing may excuse; of a kernel
// for tensor cores, of which there are many alike, one of the rules that matter
// most there.
func sample(e ptxEntry) (chosen []mutant) {
	for _, rule := range rules {
		all := slices.DeleteFunc(rule.mutants(e), func(m mutant) bool { return m.excuse() != nil })
		if len(all) > 0 {
			chosen = append(chosen, all[len(all)/2])
		}
	}
	if e.forTensorCores() {
		chosen = slices.DeleteFunc(chosen, func(m mutant) bool {
			return !slices.Contains([]string{"barrier missing", "copies not waited for", "pointers exchanged"}, m.rule)
		})
		i := len(e.kernel) % len(chosen)
		chosen = chosen[i : i+1]
	}
	return chosen
}

// ofHalves tells of kernels for activations of 16 bits, and of what converts to
// and from them. The former are made of the templates of the float32 kernels,
// whose mutants run; the tests of all of them want every bit right.
func (e ptxEntry) ofHalves() bool {
	return slices.Contains([]string{"activations_f16", "activations_bf16", "batchnorm_f16", "batchnorm_bf16", "conv2d_scalar", "convert"}, e.concept) || slices.Contains([]string{"ascend_f16", "ascend_bf16", "fill_halves"}, e.kernel)
}

func (e ptxEntry) forTensorCores() bool {
	return strings.HasPrefix(e.concept, "conv2d_") && e.concept != "conv2d_parts"
}

// kernel runs the mutants of a kernel, all or a sample, with the trials that run
// it.
func (l *lab) kernel(t *testing.T, e ptxEntry, trials []*trial) {
	all := sample(e)
	if *everyMutant {
		all = nil
		for _, rule := range rules {
			all = append(all, rule.mutants(e)...)
		}
	}
	l.mu.Lock()
	l.ran[e.kernel] = true
	l.mu.Unlock()
	if other := e.standIn(); other != "" && *everyMutant {
		t.Skipf("%s is the same program", other)
	}
	for _, m := range all {
		how := l.catch(t, m, trials)
		excuse := m.excuse()
		l.mu.Lock()
		switch {
		case how != "":
		case excuse != nil:
			how = "equivalent"
			l.lived[excuse]++
		default:
			how = "missed"
			t.Errorf("%v: no trial noticed it, and there is no excuse", m)
		}
		l.counts[how]++
		l.mu.Unlock()
	}
}

// group runs the mutants of the kernels that trials of a concept run, if no group
// before did.
func (l *lab) group(t *testing.T, trials []*trial) {
	for _, p := range trials {
		l.prepare(t, p)
	}
	for _, e := range l.entries {
		if !l.tested[e.kernel] && len(thatRun(e.kernel, trials)) > 0 {
			l.tested[e.kernel] = true
			t.Run(e.kernel, func(t *testing.T) {
				t.Parallel()
				l.kernel(t, e, thatRun(e.kernel, trials))
			})
		}
	}
}

// TestMutants plants bugs in the kernels. The trials must notice each of them:
// by a fault, or by another result. Its subtests are named concept/kernel.
func TestMutants(t *testing.T) {
	l, groups := newLab(), 0
	tiles := gpuTiles
	defer func() { gpuTiles = tiles }()
	for _, tile := range append([]gpuTile{{}}, tiles...) { // one after the other, as the choice is everybody's
		gpuTiles = nil
		if tile.name != "" {
			gpuTiles = []gpuTile{tile}
		}
		var concepts []string
		trials := map[string][]*trial{}
		for _, p := range l.trials {
			if p.tile == tile.name && (*everyMutant || !p.long) {
				if trials[p.concept] == nil {
					concepts = append(concepts, p.concept)
				}
				trials[p.concept] = append(trials[p.concept], p)
			}
		}
		for _, concept := range concepts {
			groups++
			t.Run(strings.TrimSpace(concept+" "+tile.name), func(t *testing.T) {
				groups--
				l.group(t, trials[concept])
			})
		}
	}
	l.report(t, groups == 0)
}

// report checks that no excuse was used too often, and, after all groups, that no
// kernel was left out.
func (l *lab) report(t *testing.T, all bool) {
	total := 0
	var lines []string
	for how, n := range l.counts {
		total += n
		lines = append(lines, fmt.Sprintf("%s %d", how, n))
	}
	sort.Strings(lines)
	t.Logf("%d mutants of %d kernels: %s", total, len(l.ran), strings.Join(lines, ", "))
	for _, e := range l.entries {
		if all && !l.tested[e.kernel] {
			t.Errorf("no trial runs %s", e.kernel)
		}
	}
	for i := range excuses {
		x, all := &excuses[i], *everyMutant
		for _, e := range l.entries {
			all = all && (l.ran[e.kernel] || !matches(x.kernel, e.kernel)) // not by -run those of one alone
		}
		if n := l.lived[x]; n > x.most || n < x.most && all {
			t.Errorf("%d mutants have the excuse %q (%s, %s, %s), want %d", n, x.reason, x.kernel, x.rule, x.at, x.most)
		}
	}
}
