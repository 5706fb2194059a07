package ptxsim

import "math"

// The functions here make an instruction of a function of one lane. The most
// frequent instructions have loops of their own instead.

func f32of(u uint32) float32  { return math.Float32frombits(u) }
func bitsOf(f float32) uint32 { return math.Float32bits(f) }
func f64of(u uint64) float64  { return math.Float64frombits(u) }
func bits64(f float64) uint64 { return math.Float64bits(f) }
func signed(u uint32) int64   { return int64(int32(u)) }
func low(v uint32) uint32     { return v & 0xffff }
func sext16(v uint32) int32   { return int32(int16(v)) }
func boolMask(b bool) uint32 {
	if b {
		return full
	}
	return 0
}

// loop32 decodes d, a[, b[, c]] of class32 and sets the loop.
func (d *decoder) loop32(f func(w *warp, in *inst, d *v32)) {
	a := d.s.args
	d.operands(2, 5)
	typ := d.s.typ()
	d.in.kind, d.in.f32 = kind32, f
	slots := []*int32{&d.in.a, &d.in.b, &d.in.c, &d.in.e}
	for i, o := range a[1:] {
		*slots[i] = d.src32(o, typ)
	}
	d.in.d = d.dst(a[0], class32)
}

func (d *decoder) lane1(f func(a uint32) uint32) {
	d.operands(2, 2)
	d.loop32(func(w *warp, in *inst, d *v32) {
		a := &w.r[in.a]
		for i := range d {
			d[i] = f(a[i])
		}
	})
}

func (d *decoder) lane2(f func(a, b uint32) uint32) {
	d.operands(3, 3)
	d.loop32(func(w *warp, in *inst, d *v32) {
		a, b := &w.r[in.a], &w.r[in.b]
		for i := range d {
			d[i] = f(a[i], b[i])
		}
	})
}

func (d *decoder) lane3(f func(a, b, c uint32) uint32) {
	d.operands(4, 4)
	d.loop32(func(w *warp, in *inst, d *v32) {
		a, b, c := &w.r[in.a], &w.r[in.b], &w.r[in.c]
		for i := range d {
			d[i] = f(a[i], b[i], c[i])
		}
	})
}

// loop64 decodes d, a[, b[, c]] of class64 and sets the loop.
func (d *decoder) loop64(f func(w *warp, in *inst, d *v64)) {
	a := d.s.args
	d.operands(2, 4)
	typ := d.s.typ()
	d.in.kind, d.in.f64 = kind64, f
	slots := []*int32{&d.in.a, &d.in.b, &d.in.c}
	for i, o := range a[1:] {
		*slots[i] = d.src64(o, typ)
	}
	d.in.d = d.dst(a[0], class64)
}

func (d *decoder) wide1(f func(a uint64) uint64) {
	d.operands(2, 2)
	d.loop64(func(w *warp, in *inst, d *v64) {
		a := &w.d[in.a]
		for i := range d {
			d[i] = f(a[i])
		}
	})
}

func (d *decoder) wide2(f func(a, b uint64) uint64) {
	d.operands(3, 3)
	d.loop64(func(w *warp, in *inst, d *v64) {
		a, b := &w.d[in.a], &w.d[in.b]
		for i := range d {
			d[i] = f(a[i], b[i])
		}
	})
}

func (d *decoder) wide3(f func(a, b, c uint64) uint64) {
	d.operands(4, 4)
	d.loop64(func(w *warp, in *inst, d *v64) {
		a, b, c := &w.d[in.a], &w.d[in.b], &w.d[in.c]
		for i := range d {
			d[i] = f(a[i], b[i], c[i])
		}
	})
}
