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
	pairs        bool // two elements per register
	decode       func(u uint32) float32
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
	x := &mmaOp{k: k, pairs: true, halfD: p[6] == "f16", halfC: p[9] == "f16"}
	ok := err == nil && (x.halfC || p[9] == "f32") && (x.halfD || p[6] == "f32")
	switch p[7] {
	case "bf16":
		x.decode = func(u uint32) float32 { return f32of(u << 16) }
		ok = ok && (k == 8 || k == 16) && !x.halfC && !x.halfD
	case "f16":
		x.decode = func(u uint32) float32 { return float32(halfTo64(u)) }
		ok = ok && (k == 8 || k == 16)
	case "tf32":
		x.pairs = false
		x.decode = func(u uint32) float32 { return f32of(u &^ 0x1fff) }
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
	if x.pairs {
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
	var b [8][16]float64 // by column
	for lane := range 32 {
		g, t := lane>>2, lane&3
		for j, r := range x.a {
			w.spread(x, a[g+j&1*8][:], t, j>>1, w.r[r.idx][lane])
		}
		for j, r := range x.b {
			w.spread(x, b[g][:], t, j, w.r[r.idx][lane])
		}
	}
	var out [4]v32
	for h := range 4 { // row g + 8(h/2), column 2t + h%2
		for lane := range 32 {
			row, col := &a[lane>>2+h>>1*8], &b[lane&3*2+h&1]
			sum := float64(x.accumulator(w, h, lane))
			for i := range x.k {
				sum += row[i] * col[i]
			}
			out[h][lane] = bitsOf(float32(sum))
		}
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
func (w *warp) spread(x *mmaOp, row []float64, t, j int, u uint32) {
	if !x.pairs {
		row[t+4*j] = float64(x.decode(u))
		return
	}
	row[2*t+8*j], row[2*t+8*j+1] = float64(x.decode(u&0xffff)), float64(x.decode(u>>16))
}

func (x *mmaOp) accumulator(w *warp, h, lane int) float32 {
	if x.halfC {
		return float32(halfTo64(low(w.r[x.c[h>>1].idx][lane] >> (h & 1 * 16))))
	}
	return f32of(w.r[x.c[h].idx][lane])
}
