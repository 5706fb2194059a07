package ptxsim

import (
	"encoding/binary"
	"strconv"
)

var matrixOps map[string]func(*decoder)

func init() {
	matrixOps = map[string]func(*decoder){"ldmatrix": decodeLdmatrix, "mma": decodeMma}
}

// decodeLdmatrix decodes ldmatrix.sync.aligned.m8n8.x{1,2,4}[.trans].shared.b16.
func decodeLdmatrix(d *decoder) {
	d.modifiers("sync", "aligned", "m8n8", "x1", "x2", "x4", "trans", "shared", "shared::cta")
	d.operands(2, 2)
	n := 1
	switch {
	case d.s.has("x2"):
		n = 2
	case d.s.has("x4"):
		n = 4
	}
	m := d.access(d.s.args[1])
	regs := d.vector(d.s.args[0], class32, "b32", true)
	if len(regs) != n || d.s.typ() != "b16" {
		d.failf("%d registers, want %d", len(regs), n)
	}
	m.bytes = 16
	d.addPattern(m)
	trans := d.s.has("trans")
	d.in.kind, d.in.e, d.in.mem = kindSync, -1, m
	d.in.fx = func(w *warp, in *inst, mask uint32) { w.loadMatrix(m, regs, trans, mask) }
}

// loadMatrix loads 8x8 matrices of 16-bit elements. Lane 8j+i has the address
// of row i of matrix j; lane i gets elements 2(i%4) and the next of row i/4.
func (w *warp) loadMatrix(m *access, regs []reg, trans bool, mask uint32) {
	w.needAll(mask)
	w.addresses(m)
	var rows [32][]byte
	lanes := 8 * len(regs)
	w.sharedReads(m, uint32(uint64(1)<<lanes-1))
	for i := range lanes {
		rows[i] = w.b.shared.data[w.addr[i]:][:16]
	}
	for j, r := range regs {
		d, mat := &w.r[r.idx], rows[8*j:8*j+8]
		for i := range d {
			if trans {
				at := i / 4 * 2
				d[i] = uint32(binary.LittleEndian.Uint16(mat[i%4*2][at:])) | uint32(binary.LittleEndian.Uint16(mat[i%4*2+1][at:]))<<16
			} else {
				d[i] = binary.LittleEndian.Uint32(mat[i/4][i%4*4:])
			}
		}
	}
}

// needAll faults unless the whole warp takes part.
func (w *warp) needAll(mask uint32) {
	if mask != full {
		w.fault(BadMask, firstLane(mask), "only lanes %08x of the warp take part, all are needed", mask)
	}
}

// An mmaOp multiplies a 16 x k by a k x 8 matrix, spread over the lanes.
type mmaOp struct {
	k            int
	a, b, c, d   []reg
	format       string // of a and b: tf32, or bf16 and f16, two elements per register
	halfC, halfD bool
}

// decodeMma decodes mma.sync.aligned.m16n8k{4,8,16}.row.col.d.a.b.c.
func decodeMma(d *decoder) {
	p := d.s.parts
	d.operands(4, 4)
	if len(p) != 10 || p[1] != "sync" || p[2] != "aligned" || len(p[3]) < 7 || p[3][:6] != "m16n8k" || p[4] != "row" || p[5] != "col" || p[7] != p[8] {
		d.failf("this form of mma is not supported")
	}
	k, err := strconv.Atoi(p[3][6:])
	x := &mmaOp{k: k, format: p[7], halfD: p[6] == "f16", halfC: p[9] == "f16"}
	ok := err == nil && (x.halfC || p[9] == "f32") && (x.halfD || p[6] == "f32")
	switch p[7] {
	case "bf16":
		ok = ok && (k == 8 || k == 16) && !x.halfC && !x.halfD
	case "f16":
		ok = ok && (k == 8 || k == 16)
	case "tf32":
		ok = ok && (k == 4 || k == 8) && !x.halfC && !x.halfD
	default:
		ok = false
	}
	if !ok {
		d.failf("this form of mma is not supported")
	}
	a := d.s.args
	x.a, x.b, x.c = d.vector(a[1], class32, "b32", false), d.vector(a[2], class32, "b32", false), d.vector(a[3], class32, "b32", false)
	x.d = d.vector(a[0], class32, "b32", true)
	x.checkRegisters(d)
	d.in.kind, d.in.e = kindSync, -1
	d.in.fx = func(w *warp, in *inst, mask uint32) {
		w.needAll(mask)
		w.mma(x)
	}
}

// checkRegisters checks the number of registers of each matrix.
func (x *mmaOp) checkRegisters(d *decoder) {
	n := x.k / 2 // registers of a: 16 k elements over 32 lanes
	if x.format != "tf32" {
		n /= 2
	}
	accumulators := func(half bool) int {
		if half {
			return 2
		}
		return 4
	}
	if len(x.a) != n || len(x.b) != n/2 || len(x.c) != accumulators(x.halfC) || len(x.d) != accumulators(x.halfD) {
		d.failf("%d, %d, %d and %d registers for d, a, b and c", len(x.d), len(x.a), len(x.b), len(x.c))
	}
}

// mma computes d = a b + c. The sum over k is taken in float64 and rounded
// once; the hardware's order and rounding are not documented.
func (w *warp) mma(x *mmaOp) {
	var a [16][16]float64
	var b [16][8]float64
	var column [16]float64
	for lane := range 32 {
		g, t := lane>>2, lane&3
		for j, r := range x.a {
			x.spread(&a[g+j&1*8], t, j>>1, w.r[r.idx][lane])
		}
		for j, r := range x.b {
			x.spread(&column, t, j, w.r[r.idx][lane])
		}
		if t == 3 {
			for p, v := range column {
				b[p][g] = v
			}
		}
	}
	var out [4]v32
	for i := range a {
		h, lane := i>>3*2, i&7*4 // of columns 0 and 1
		s0, s1, s2, s3 := x.accumulator(w, h, lane), x.accumulator(w, h+1, lane), x.accumulator(w, h, lane+1), x.accumulator(w, h+1, lane+1)
		s4, s5, s6, s7 := x.accumulator(w, h, lane+2), x.accumulator(w, h+1, lane+2), x.accumulator(w, h, lane+3), x.accumulator(w, h+1, lane+3)
		for p, v := range a[i][:x.k] {
			u := &b[p]
			s0, s1, s2, s3 = s0+v*u[0], s1+v*u[1], s2+v*u[2], s3+v*u[3]
			s4, s5, s6, s7 = s4+v*u[4], s5+v*u[5], s6+v*u[6], s7+v*u[7]
		}
		even, odd := out[h][lane:lane+4], out[h+1][lane:lane+4]
		even[0], odd[0], even[1], odd[1] = bitsOf(float32(s0)), bitsOf(float32(s1)), bitsOf(float32(s2)), bitsOf(float32(s3))
		even[2], odd[2], even[3], odd[3] = bitsOf(float32(s4)), bitsOf(float32(s5)), bitsOf(float32(s6)), bitsOf(float32(s7))
	}
	if !x.halfD {
		for h := range out {
			w.r[x.d[h].idx] = out[h]
		}
		return
	}
	for lane := range 32 {
		for j := range 2 {
			lo, hi := f32of(out[2*j][lane]), f32of(out[2*j+1][lane])
			w.r[x.d[j].idx][lane] = formatHalf.encode(float64(lo)) | formatHalf.encode(float64(hi))<<16
		}
	}
}

// spread writes the elements of register u, the j-th along k, to a row.
func (x *mmaOp) spread(row *[16]float64, t, j int, u uint32) {
	switch x.format {
	case "tf32":
		row[(t+4*j)&15] = float64(f32of(u &^ 0x1fff))
	case "bf16":
		row[(2*t+8*j)&15], row[(2*t+8*j+1)&15] = float64(f32of(u<<16)), float64(f32of(u&^0xffff))
	default:
		row[(2*t+8*j)&15], row[(2*t+8*j+1)&15] = halfTo64(u&0xffff), halfTo64(u>>16)
	}
}

func (x *mmaOp) accumulator(w *warp, h, lane int) float64 {
	if x.halfC {
		return halfTo64(low(w.r[x.c[h>>1].idx][lane] >> (h & 1 * 16)))
	}
	return float64(f32of(w.r[x.c[h].idx][lane]))
}
