//go:build !noasm

package ptxsim

import "golang.org/x/sys/cpu"

//go:noescape
func addFloatAVX2(d, a, b *v32)

//go:noescape
func subFloatAVX2(d, a, b *v32)

//go:noescape
func mulFloatAVX2(d, a, b *v32)

//go:noescape
func addIntAVX2(d, a, b *v32)

//go:noescape
func fmaAVX2(d, a, b, c *v32)

// fastest returns the loop of one of the most frequent instructions: in
// assembly where the processor has AVX2, otherwise plain.
func fastest(name string, plain func(w *warp, in *inst, d *v32)) func(w *warp, in *inst, d *v32) {
	if !cpu.X86.HasAVX2 || !cpu.X86.HasFMA {
		return plain
	}
	switch name {
	case "add.f32":
		return func(w *warp, in *inst, d *v32) { addFloatAVX2(d, &w.r[in.a], &w.r[in.b]) }
	case "sub.f32":
		return func(w *warp, in *inst, d *v32) { subFloatAVX2(d, &w.r[in.a], &w.r[in.b]) }
	case "mul.f32":
		return func(w *warp, in *inst, d *v32) { mulFloatAVX2(d, &w.r[in.a], &w.r[in.b]) }
	case "add.s32":
		return func(w *warp, in *inst, d *v32) { addIntAVX2(d, &w.r[in.a], &w.r[in.b]) }
	case "fma.f32":
		return func(w *warp, in *inst, d *v32) { fmaAVX2(d, &w.r[in.a], &w.r[in.b], &w.r[in.c]) }
	}
	return plain
}
