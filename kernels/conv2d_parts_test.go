package kernels

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"lbsam/kernels/kerneltest"
	"lbsam/kernels/ptxsim"
)

// A partsCase is a weight gradient whose parts have one image each, of as many
// pixels as a slab of the tile.
type partsCase struct {
	mmaFormat // none for the kernels without tensor cores
	tile      gpuTile
	images    int
}

func (c partsCase) String() string {
	return fmt.Sprintf("%s %s, %d parts", c.name, c.tile.name, c.images)
}

// partsCases have parts that the last block adds and parts that a launch of its own
// does, of one tile of dw and of several.
func partsCases() (all []partsCase) {
	for i, images := range []int{1, 8, 9, 26} {
		all = append(all, partsCase{tile: append(gpuTiles[:len(gpuTiles):len(gpuTiles)], scalarTile)[i%4], images: images})
		f := []mmaFormat{formatTF32, formatF16, formatBF16}[(i+1)%3]
		all = append(all, partsCase{f, f.tiles()[4-i%5], images})
		f = []mmaFormat{formatTF32, formatF16, formatBF16}[i%3]
		all = append(all, partsCase{f, f.haloWeightTiles(Conv{KH: 3, KW: 3, Stride: 1, Pad: 1})[0], images})
	}
	return all
}

func (c partsCase) geometry(images int) Conv {
	g := Conv{N: images, H: c.tile.k / 4, W: 4, C: 24, OC: 16, KH: 3, KW: 1, Stride: 1, Pad: 0}
	if c.tile.name == scalarTile.name {
		g.C = 25
	}
	if c.tile.ring {
		g.KW, g.Pad = 3, 1
		return g
	}
	g.H += 2 // the window is 3 high
	return g
}

// run adds the gradient of images from first on to dw.
func (c partsCase) run(r rig, dw Buffer, first, images int) {
	g := c.geometry(images)
	one := c.geometry(1)
	t, p, dtype := gpuPlan{c.tile, images}, g.weightProduct(), Float32
	if c.name != "" {
		t, p = c.kernel(t), g.turnedWeightProduct()
		dtype = map[string]Dtype{"tf32": Float32, "f16": Float16, "bf16": BFloat16}[c.name]
	}
	x, dy := r.dev.Alloc(dtype, g.XLen()), r.dev.Alloc(dtype, g.YLen())
	UploadFloats(x, normals(1, 64*one.XLen())[first*one.XLen():][:g.XLen()])
	UploadFloats(dy, normals(2, 64*one.YLen())[first*one.YLen():][:g.YLen()])
	runConv2dBackwardWeightAdd(dw, dy, x, g, p, t)
}

// addInOrder returns the sum of parts as they are added: one after the other where
// one block does it, and else every eighth by a warp, and those sums in a tree.
func (c partsCase) addInOrder(parts [][]float32) []float32 {
	sums := make([][]float32, 8)
	for i := range sums {
		sums[i] = make([]float32, len(parts[0]))
	}
	add := func(to, from []float32) {
		for e, v := range from {
			to[e] += v
		}
	}
	apart := gpuPlan{c.tile, c.images}.apart()
	for i, part := range parts {
		if !apart {
			i = 0
		}
		add(sums[i%8], part)
	}
	for half := 4; apart && half > 0; half /= 2 {
		for i := range half {
			add(sums[i], sums[half+i])
		}
	}
	return sums[0]
}

// A gradient is to the last bit what those of single images give in the order of
// their parts.
func TestPartsAreAddedInOrder(t *testing.T) {
	for _, r := range ptxRigs(t) {
		for _, c := range partsCases() {
			n := c.geometry(1).WLen()
			before := normals(3, n)
			got := r.floats(before...)
			c.run(r, got, 0, c.images)
			parts := make([][]float32, c.images)
			for i := range parts {
				alone := r.floats(constant(n, 0)...)
				c.run(r, alone, i, 1)
				for _, v := range Floats(alone) {
					parts[i] = append(parts[i], float32(v))
				}
			}
			want := make([]float64, n)
			for e, sum := range c.addInOrder(parts) {
				want[e] = float64(float32(before[e]) + sum)
			}
			if at := firstDifference(Floats(got), want); at >= 0 {
				t.Errorf("%s: %v: element %d is %v, want %v", r.dev.Name(), c, at, Floats(got)[at], want[at])
			}
		}
	}
}

// TestAddParts has parts that a warp has one of and many, edges within a lane, a
// warp and a block, and elements off the alignment.
func TestAddParts(t *testing.T) {
	for _, r := range ptxRigs(t) {
		for _, s := range [][2]int{{1, 1}, {7, 4}, {9, 127}, {67, 128}, {130, 133}, {16, 1152}} {
			count, n := s[0], s[1]
			before, parts := normals(1, n), normals(2, count*n)
			for shift := range 2 {
				dw := r.shifted(r.floats(before...), shift)
				addParts(dw, r.floats(parts...))
				want := slices.Clone(before)
				sumRowsAddRef(want, parts)
				if err := kerneltest.Compare(Floats(dw), want, r.tolerance(count+1), 0); err != nil {
					t.Errorf("%s: %d parts of %d elements, %d off: %v", r.dev.Name(), count, n, shift, err)
				}
			}
		}
	}
}

// Whichever block comes last, the gradient is the same.
func TestAnyPartMayComeLast(t *testing.T) {
	for _, c := range partsCases()[6:] {
		var want []float64
		for _, config := range []ptxsim.Config{{Workers: 1}, {Workers: 2, Backwards: true}} {
			dev := OpenDriver(ptxsim.New(config), ComputeFloat32)
			dw := rig{t, dev}.floats(normals(3, c.geometry(1).WLen())...)
			c.run(rig{t, dev}, dw, 0, c.images)
			got := Floats(dw)
			dev.Close()
			if want == nil {
				want = got
			}
			if at := firstDifference(got, want); at >= 0 {
				t.Errorf("%v: %+v: element %d is %v, want %v", c, config, at, got[at], want[at])
			}
		}
	}
}

// addsAgain captures two gradients of several tiles, whose parts the last block
// adds, does them again and again, and tells what is not as it was when they ran
// as they came.
func (c partsCase) addsAgain(r rig) (err error) {
	defer Recover(&err)
	g := Conv{N: 18, H: c.tile.k / 4, W: 4, C: c.tile.m + 4, OC: 8, KH: 1, KW: 1, Stride: 1}
	dw, x, dy := r.junk(g.WLen()), r.floats(normals(1, g.XLen())...), r.floats(normals(2, g.YLen())...)
	step := func() {
		for _, n := range []int{18, 3} {
			g := g
			g.N = n
			t, p := gpuPlan{c.tile, n}, g.weightProduct()
			if c.name != "" {
				t, p = c.kernel(t), g.turnedWeightProduct()
			}
			runConv2dBackwardWeightAdd(dw, dy.Slice(0, g.YLen()), x.Slice(0, g.XLen()), g, p, t)
		}
	}
	Fill(dw, 0.5)
	step()
	want := Floats(dw)
	graph := r.dev.Capture(step)
	defer graph.Free()
	for i := range 2 {
		Fill(dw, 0.5)
		graph.Launch()
		if got := Floats(dw); firstDifference(got, want) >= 0 {
			at := firstDifference(got, want)
			return fmt.Errorf("replay %d: element %d is %v, want %v", i, at, got[at], want[at])
		}
	}
	for i, v := range results([]Buffer{r.dev.tickets(1 << 12)})[0] {
		if v != 0 {
			return fmt.Errorf("ticket %d is left at %v", i, v)
		}
	}
	if exact := make([]float64, g.WLen()); len(want) > 0 { // bugs that are there every time
		fill(exact, 0.5)
		rx, rdy := Floats(x), Floats(dy)
		for _, n := range []int{18, 3} {
			g := g
			g.N = n
			conv2dBackwardWeightAddRef(exact, rdy[:g.YLen()], rx[:g.XLen()], g)
		}
		for e, v := range want {
			if !(math.Abs(v-exact[e]) <= 0.2) { // TF32 rounds the factors of 2 x 168 products to 11 bits
				return fmt.Errorf("element %d is %v, want about %v", e, v, exact[e])
			}
		}
	}
	return nil
}

// Tickets work in graphs, and bugs in their handling are found. That a fence is
// missing is not: the interpreter's memory is coherent.
func TestTicketsOfParts(t *testing.T) {
	for _, c := range []partsCase{{tile: gpuTiles[2]}, {mmaFormat: formatTF32, tile: formatTF32.tiles()[4]}} {
		for _, r := range ptxRigs(t) {
			if err := c.addsAgain(r); err != nil {
				t.Errorf("%s: %s %s: %v", r.dev.Name(), c.name, c.tile.name, err)
			}
		}
		concept, kernel := "conv2d", "conv2d_backward_weight_"+c.tile.name
		if c.name != "" {
			concept, kernel = "conv2d_"+c.name, "conv2d_backward_weight_"+c.name+"_"+c.tile.name
		}
		texts, _ := ptxModules()
		alone := "" // the module with this kernel alone
		for _, e := range splitPTX(concept, texts[concept]) {
			if e.kernel == kernel {
				alone = e.text()
			}
		}
		for _, bug := range []plantedBug{
			{"the ticket is not reset", `atom\.relaxed\.gpu\.inc\.u32 (%r\d+), (\[%rd\d+\]), %r\d+;`, 0, "atom.relaxed.gpu.inc.u32 $1, $2, 0xffffffff;"},
			{"the last but one goes on", `(?s)(add\.s32 \t%r\d+, %r\d+, -)1(;\s+// begin inline asm\s+fence)`, 0, "${1}2$2"},
			{"tiles share their ticket", `mul\.wide\.u32 \t(%rd\d+), %r\d+, 4;(\s+add\.s64 \t%rd\d+, %rd\d+, %rd\d+;\s+add\.s32)`, 0, "mov.b64 $1, 0;$2"},
		} {
			text, ok := bug.plant(alone, kernel)
			if !ok {
				t.Errorf("%s: no %q number %d in %s", bug.name, bug.pattern, bug.nth, kernel)
				continue
			}
			sim := ptxsim.New(ptxsim.Config{})
			dev := &Device{name: sim.Name(), precision: Float32, gpu: gpuOf(sim, map[string]string{kernel: text}, map[string]string{kernel: kernel})}
			err := c.addsAgain(rig{t, dev})
			dev.Close()
			if err == nil {
				t.Errorf("%s in %s was not found", bug.name, kernel)
			}
			t.Logf("%s in %s: %v", bug.name, kernel, err)
		}
	}
}
