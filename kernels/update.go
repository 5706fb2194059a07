package kernels

import "fmt"

// The functions of this file walk arenas of parameters: weights w, gradients
// g, momentum and their copies, all of s.Size elements. Numbers that change
// during a run (norm, rho, lr, alpha) are arrays of one element on the
// device; the others are arguments.

// tiny is added to the norm that divides rho, as the published code does.
const tiny = 1e-16

func (s *Segments) check(op string, numbers []Buffer, arenas ...Buffer) {
	t := arenas[0].dev.precision
	mustMatch(op, t, s.Size, arenas...)
	for _, b := range numbers {
		mustMatch(op, t, 1, b)
		mustShare(op, arenas[0], b)
	}
	mustShare(op, arenas[0], s.table)
	if arenas[0].dev.gpu != nil && s.table.IsNil() {
		panic(fmt.Sprintf("kernels: %s on device %s, with segments of another one", op, arenas[0].dev.name))
	}
}

// mustSkip panics unless skip is an int32 on the device of w, or absent.
func mustSkip(op string, w, skip Buffer) {
	if !skip.IsNil() {
		mustMatch(op, Int32, 1, skip)
		mustShare(op, w, skip)
	}
}

// stays sets w = from, in the memory of the host, and reports whether the number of
// skip is there and not 0.
func (s *Segments) stays(w, from, skip Buffer) bool {
	switch {
	case w == from:
	case w.dtype == Float64:
		s.each(w.dev, func(_ int, b block) { copy(part(f64(w), b), part(f64(from), b)) })
	default:
		s.each(w.dev, func(_ int, b block) { copy(part(f32(w), b), part(f32(from), b)) })
	}
	return !skip.IsNil() && i32(skip)[0] != 0
}

// ScaledNorm sets norm[0] to ‖T·g‖₂ over all segments; T is |w| + eta in
// scaled segments (ASAM, Kwon et al. 2021, eq. 4), 0 in frozen ones, else 1.
func ScaledNorm(norm, w, g Buffer, s *Segments, eta float64) {
	defer norm.dev.span("ScaledNorm", norm, w, g).end()
	s.check("ScaledNorm", []Buffer{norm}, w, g)
	if w.dev.gpu != nil {
		s.launchNorm(norm, "scaled_norm", w, g, float32(eta))
		return
	}
	if w.dtype == Float64 {
		scaledNorm(w.dev, f64(norm), f64(w), f64(g), s, eta, sumSquaresRef[float64])
		return
	}
	scaledNorm(w.dev, f32(norm), f32(w), f32(g), s, float32(eta), forDevice(w.dev, sumSquaresCPU, sumSquaresRef[float32]))
}

// Ascend moves the weights up the gradient to the distance rho in the
// geometry of T (see ScaledNorm): w += rho[0]/(norm[0] + 1e-16) · T²·g.
func Ascend(w, g, norm, rho Buffer, s *Segments, eta float64) {
	defer w.dev.span("Ascend", w, g, norm, rho).again(w).end()
	s.check("Ascend", []Buffer{norm, rho}, w, g)
	if w.dev.gpu != nil {
		s.launch("ascend", again(w), g, norm, rho, float32(eta))
		return
	}
	if w.dtype == Float64 {
		ascend(w.dev, f64(w), f64(g), f64(rho)[0]/(f64(norm)[0]+tiny), eta, s, ascendRef[float64])
		return
	}
	ascend(w.dev, f32(w), f32(g), f32(rho)[0]/(f32(norm)[0]+tiny), float32(eta), s, forDevice(w.dev, ascendCPU, ascendRef[float32]))
}

// AscendAndCast is Ascend and then Cast of w to rounded, but for the padding: one
// pass on a device that runs PTX.
func AscendAndCast(w, rounded, g, norm, rho Buffer, s *Segments, eta float64) {
	if w.dev.gpu == nil {
		Ascend(w, g, norm, rho, s, eta)
		Cast(rounded, w)
		return
	}
	s.check("AscendAndCast", []Buffer{norm, rho}, w, g)
	mustMatch("AscendAndCast", w.dev.Activations(), s.Size, rounded)
	mustShare("AscendAndCast", w, rounded)
	s.launch("ascend"+rounded.dtype.suffix(), again(w), rounded, g, norm, rho, float32(eta))
}

// ScaledDistance sets distance[0] to ‖(w - center)/T‖₂, with T taken at
// center; where T is 0 nothing is ever perturbed, and nothing is counted.
func ScaledDistance(distance, w, center Buffer, s *Segments, eta float64) {
	defer distance.dev.span("ScaledDistance", distance, w, center).end()
	s.check("ScaledDistance", []Buffer{distance}, w, center)
	if w.dev.gpu != nil {
		s.launchNorm(distance, "scaled_distance", w, center, float32(eta))
		return
	}
	if w.dtype == Float64 {
		scaledNorm(w.dev, f64(distance), f64(center), f64(w), s, eta, sumDistancesRef[float64])
		return
	}
	scaledNorm(w.dev, f32(distance), f32(center), f32(w), s, float32(eta), sumDistancesRef[float32])
}

// Project pulls w back to the ball of radius rho around center, whose
// distance is given: w = center + min(1, rho[0]/distance[0])·(w - center).
// Within the ball w stays as it is.
func Project(w, center, distance, rho Buffer, s *Segments) {
	defer w.dev.span("Project", w, center, distance, rho).again(w).end()
	s.check("Project", []Buffer{distance, rho}, w, center)
	if w.dev.gpu != nil {
		s.launch("project", again(w), center, distance, rho)
		return
	}
	if w.dtype == Float64 {
		factor := min(1, f64(rho)[0]/(f64(distance)[0]+tiny))
		lerp(w.dev, f64(w), f64(center), f64(w), s, func(int) float64 { return factor }, lerpRef[float64])
		return
	}
	factor := min(1, f32(rho)[0]/(f32(distance)[0]+tiny))
	lerp(w.dev, f32(w), f32(center), f32(w), s, func(int) float32 { return factor }, forDevice(w.dev, lerpCPU, lerpRef[float32]))
}

// ClipNorm scales g so that its norm, given, is at most limit:
// g *= min(1, limit/(norm[0] + 1e-6)), as PyTorch's clip_grad_norm_.
func ClipNorm(g, norm Buffer, limit float64, s *Segments) {
	defer g.dev.span("ClipNorm", g, norm).again(g).end()
	s.check("ClipNorm", []Buffer{norm}, g)
	if g.dev.gpu != nil {
		s.launch("clip_norm", again(g), norm, float32(limit))
		return
	}
	if g.dtype == Float64 {
		factor := min(1, limit/(f64(norm)[0]+1e-6))
		s.each(g.dev, func(_ int, b block) { scaleRef(part(f64(g), b), part(f64(g), b), factor) })
		return
	}
	scale, factor := forDevice(g.dev, scaleCPU, scaleRef[float32]), min(1, float32(limit)/(f32(norm)[0]+1e-6))
	s.each(g.dev, func(_ int, b block) { scale(part(f32(g), b), part(f32(g), b), factor) })
}

// Alignment sets alpha[i] of each segment to (1 + cos)/2, cos being that of
// the angle between its first displacement u = first - slow and its total one
// v = fast - slow: u·v / (max(‖u‖, 1e-8)·max(‖v‖, 1e-8)). If global is set
// there is one angle, over all segments.
func Alignment(alpha, slow, first, fast Buffer, s *Segments, global bool) {
	defer alpha.dev.span("Alignment", alpha, slow, first, fast).end()
	s.check("Alignment", nil, slow, first, fast)
	mustMatch("Alignment", slow.dev.precision, len(s.List), alpha)
	mustShare("Alignment", slow, alpha)
	if slow.dev.gpu != nil {
		s.launch("displacements", s.partial, slow, first, fast)
		count := len(s.List)
		if global {
			count = min(count, 1)
		}
		slow.dev.gpu.launch("alignment", blocks(count, 128), alpha, s.partial, s.starts, len(s.List), len(s.blocks))
		return
	}
	if slow.dtype == Float64 {
		alignment(slow.dev, f64(alpha), f64(slow), f64(first), f64(fast), s, global, displacementsRef[float64])
		return
	}
	alignment(slow.dev, f32(alpha), f32(slow), f32(first), f32(fast), s, global, forDevice(slow.dev, displacementsCPU, displacementsRef[float32]))
}

// Interpolate sets w = slow + alpha[i]·(fast - slow) in segment i, exactly
// fast where alpha[i] is 1. w may alias slow or fast.
func Interpolate(w, slow, fast, alpha Buffer, s *Segments) {
	defer w.dev.span("Interpolate", w, slow, fast, alpha).end()
	s.check("Interpolate", nil, w, slow, fast)
	mustMatch("Interpolate", w.dev.precision, len(s.List), alpha)
	mustShare("Interpolate", w, alpha)
	if w.dev.gpu != nil {
		s.launch("interpolate", w, slow, fast, alpha)
		return
	}
	if w.dtype == Float64 {
		lerp(w.dev, f64(w), f64(slow), f64(fast), s, func(i int) float64 { return f64(alpha)[i] }, lerpRef[float64])
		return
	}
	lerp(w.dev, f32(w), f32(slow), f32(fast), s, func(i int) float32 { return f32(alpha)[i] }, forDevice(w.dev, lerpCPU, lerpRef[float32]))
}

// Summary sets out[0..2] to the smallest, the mean and the largest element
// of x, which is short: one number per parameter.
func Summary(out, x Buffer) {
	defer out.dev.span("Summary", out, x).end()
	mustMatch("Summary", x.dev.precision, 3, out)
	mustMatch("Summary", x.dev.precision, x.n, x)
	mustShare("Summary", x, out)
	if x.n == 0 {
		panic("kernels: Summary of no elements, whose mean is undefined")
	}
	if x.dev.gpu != nil {
		x.dev.gpu.launch("summary", blocks(1, 256), out, x, x.n)
		return
	}
	if x.dtype == Float64 {
		summaryRef(f64(out), f64(x))
		return
	}
	summaryRef(f32(out), f32(x))
}
