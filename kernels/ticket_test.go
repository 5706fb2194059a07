package kernels

import (
	"fmt"
	"maps"
	"math"
	"regexp"
	"strings"
	"testing"

	"lbsam/kernels/ptxsim"
)

// A lastCase is a batch normalisation with its gradient, whose sums the last
// blocks add up.
type lastCase struct {
	bnCase
	running BatchNormRunning
}

func newLastCase(r rig, rows, c int) *lastCase {
	b := newBNCase(r, BatchNorm{Rows: rows, C: c, Eps: 1e-5, ReLU: true}, false, 0.5, 1)
	return &lastCase{b, BatchNormRunning{r.floats(normals(6, c)...), r.floats(constant(c, 1.7)...), r.ints(4), 0.1, 2}}
}

func (c *lastCase) statistics() {
	BatchNormStatistics(c.mean, c.variance, c.x, c.running, c.g)
}

// lastShapes have one slice of rows, a few, 32, one more than that, and many;
// and one group of channels or several.
var lastShapes = [][2]int{{5, 8}, {300, 100}, {2048, 128}, {2049, 128}, {4000, 132}, {9000, 64}}

// The last block adds the sums of the slices up in the order in which a second
// kernel would: every 32nd one after the other, then the 32 sums in a tree. The
// sums of the slices lie in the scratch memory.
func TestLastBlockAddsInOrder(t *testing.T) {
	for _, r := range ptxRigs(t) {
		for _, shape := range lastShapes {
			c := newLastCase(r, shape[0], shape[1])
			w := walkRows(c.g.Rows, c.g.C, 4)
			c.statistics()
			partial := Floats(r.dev.gpu.lastSums(w.slices * 2 * c.g.C))
			x, mean, variance := Floats(c.x), Floats(c.mean), Floats(c.variance)
			for channel := range c.g.C {
				var sum [2]float64
				for k := range sum {
					var s [32]float64
					for i := range w.slices {
						s[i%32] += partial[(2*i+k)*c.g.C+channel]
					}
					for half := 16; half > 0; half /= 2 {
						for i := range half {
							s[i] += s[i+half]
						}
					}
					sum[k] = s[0]
				}
				n := float64(c.g.Rows)
				m := sum[0] / n
				got := []float64{mean[channel], variance[channel]}
				want := []float64{float64(float32(x[channel] + m)), float64(float32(sum[1]/n - float64(m*m)))}
				if firstDifference(got, want) >= 0 {
					t.Errorf("%s: %v: channel %d: mean and variance %v, want %v", r.dev.Name(), shape, channel, got, want)
				}
			}
		}
	}
}

// lastSums is what sums gave out last, as it was left.
func (g *gpu) lastSums(n int) Buffer {
	b := g.partials[len(g.partials)-1]
	b.dtype, b.n = Float64, n
	return b
}

// So many slices are added up in two steps, of one group of channels or two.
func TestBatchNormOfManySlices(t *testing.T) {
	for _, shape := range [][2]int{{2049, 128}, {4000, 132}} {
		agreeOnPTX(t, fmt.Sprint(shape), 1e-5, 1e-5, func(r rig) []Buffer {
			c := newLastCase(r, shape[0], shape[1])
			c.statistics()
			UploadFloats(c.y, normals(7, c.x.n))
			c.backward(true)
			for _, b := range []Buffer{c.dgam, c.dbet} {
				Scale(b, b, r.floats(1/float64(shape[0])))
			}
			return []Buffer{c.mean, c.variance, c.running.Mean, c.running.Var, c.dgam, c.dbet, c.dx, c.dy}
		})
	}
}

// Memory that another block wrote is read by plain loads.
func TestTicketsReadCoherently(t *testing.T) {
	texts, _ := ptxModules()
	for concept, text := range texts {
		if strings.Contains(text, "fence") && strings.Contains(text, "ld.global.nc") {
			t.Errorf("%s waits for other blocks and has a load that need not see what they wrote", concept)
		}
	}
}

// Whichever block comes last, the results are the same.
func TestAnyBlockMayComeLast(t *testing.T) {
	var want [][]float64
	for _, config := range []ptxsim.Config{{Workers: 1}, {Workers: 1, Backwards: true}, {Workers: 3}, {Workers: 2, Backwards: true}} {
		dev := OpenDriver(ptxsim.New(config), ComputeFloat32)
		defer dev.Close()
		var got [][]float64
		for _, shape := range lastShapes[1:] {
			c := newLastCase(rig{t, dev}, shape[0], shape[1])
			c.statistics()
			UploadFloats(c.y, normals(7, c.x.n))
			c.backward(true)
			got = append(got, results([]Buffer{c.mean, c.variance, c.running.Mean, c.running.Var, c.dgam, c.dbet, c.dx})...)
		}
		if want == nil {
			want = got
		}
		for i := range want {
			if at := firstDifference(got[i], want[i]); at >= 0 {
				t.Errorf("%+v: result %d element %d is %v, want %v", config, i, at, got[i][at], want[i][at])
			}
		}
	}
}

// replays captures the statistics and the gradients of two normalisations,
// does them again and again, and tells what is not as it was when they ran as
// they came.
func replays(r rig) (err error) {
	defer Recover(&err)
	first, second := newLastCase(r, 4000, 132), newLastCase(r, 70, 20)
	step := func() {
		first.statistics()
		second.statistics()
		first.backward(true)
		second.backward(true)
	}
	y := r.floats(normals(7, first.x.n)...)
	reset := func() {
		for _, c := range []*lastCase{first, second} {
			Copy(c.y, y.Slice(0, c.y.n))
			Copy(c.dy, y.Slice(0, c.y.n))
			Fill(c.running.Mean, 0.5)
			Fill(c.running.Var, 1.5)
			for _, b := range []Buffer{c.mean, c.variance, c.dx} {
				Fill(b, math.NaN())
			}
			Fill(c.dgam, 0.5)
			Fill(c.dbet, 0.5)
		}
	}
	all := func() (out []Buffer) {
		for _, c := range []*lastCase{first, second} {
			out = append(out, c.mean, c.variance, c.running.Mean, c.running.Var, c.dgam, c.dbet, c.dx, c.dy)
		}
		return out
	}
	reset()
	step()
	want := results(all())
	graph := r.dev.Capture(step)
	defer graph.Free()
	for i := range 3 {
		reset()
		graph.Launch()
		for j, got := range results(all()) {
			if at := firstDifference(got, want[j]); at >= 0 {
				return fmt.Errorf("replay %d: result %d element %d is %v, want %v", i, j, at, got[at], want[j][at])
			}
		}
	}
	if got := results([]Buffer{first.running.Count})[0][0]; got != 4+4*2 {
		return fmt.Errorf("the count is %v after 4 times 2 updates of 4", got)
	}
	for i, v := range results([]Buffer{r.dev.tickets(1 << 12)})[0] {
		if v != 0 {
			return fmt.Errorf("ticket %d is left at %v", i, v)
		}
	}
	return nil
}

func TestTicketsInGraphs(t *testing.T) {
	for _, r := range ptxRigs(t) {
		if err := replays(r); err != nil {
			t.Errorf("%s: %v", r.dev.Name(), err)
		}
	}
}

// A plantedBug is what becomes of one of the places in a kernel that match a
// pattern.
type plantedBug struct {
	name, pattern string
	nth           int
	with          string
}

// plant returns the module with the bug in a kernel, or false where it has no
// such place.
func (b plantedBug) plant(module, kernel string) (text string, ok bool) {
	entry := regexp.MustCompile(`(?s)\.entry ` + kernel + `\(.*?\n}\n`).FindStringIndex(module)
	body, pattern, n := module[entry[0]:entry[1]], regexp.MustCompile(b.pattern), 0
	changed := pattern.ReplaceAllStringFunc(body, func(found string) string {
		n++
		if n-1 != b.nth {
			return found
		}
		return pattern.ReplaceAllString(found, b.with)
	})
	return module[:entry[0]] + changed + module[entry[1]:], changed != body
}

// Bugs in the handling of tickets are found. That a fence is missing is not:
// the interpreter's memory is coherent.
func TestTicketBugsAreFound(t *testing.T) {
	inc, ticket := `atom\.relaxed\.gpu\.inc\.u32 (%r\d+), (\[%rd\d+\]), %r\d+;`, `(?s)(add\.s32 \t%r\d+, %r\d+, -)1(;\s+// begin inline asm\s+fence)`
	for _, bug := range []plantedBug{
		{"the first ticket is not reset", inc, 0, "atom.relaxed.gpu.inc.u32 $1, $2, 0xffffffff;"},
		{"the second ticket is not reset", inc, 1, "atom.relaxed.gpu.inc.u32 $1, $2, 0xffffffff;"},
		{"the last but one of the first step goes on", ticket, 0, "${1}2$2"},
		{"the last but one of the second step goes on", ticket, 1, "${1}2$2"},
		{"groups share their tickets", `mul\.lo\.s32 \t(%r\d+), (%r\d+), 33;`, 0, "mov.b32 $1, 0;"},
		{"the tickets of the first step are one", `shl\.b64 \t(%rd\d+), %rd\d+, 2;(\s+add\.s64 \t%rd\d+, %rd\d+, %rd\d+;\s+sub\.s32)`, 0, "mov.b64 $1, 0;$2"},
	} {
		for _, kernel := range []string{"batch_norm_statistics", "batch_norm_gradients"} {
			r := openRig(t, Config{Name: "ptxsim"})
			r.dev.gpu.texts = maps.Clone(r.dev.gpu.texts) // other devices have them too
			text, ok := bug.plant(r.dev.gpu.texts["batchnorm"], kernel)
			if !ok {
				t.Errorf("%s: no %q number %d in %s", bug.name, bug.pattern, bug.nth, kernel)
				continue
			}
			r.dev.gpu.texts["batchnorm"] = text
			err := replays(r)
			if err == nil {
				t.Errorf("%s in %s was not found", bug.name, kernel)
			}
			t.Logf("%s in %s: %v", bug.name, kernel, err)
		}
	}
}
