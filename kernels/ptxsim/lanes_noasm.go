//go:build !amd64 || noasm

package ptxsim

// fastest returns the loop of one of the most frequent instructions.
func fastest(name string, plain func(w *warp, in *inst, d *v32)) func(w *warp, in *inst, d *v32) {
	return plain
}
