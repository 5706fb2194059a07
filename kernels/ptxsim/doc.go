// Package ptxsim interprets PTX, so that the very kernels that run on a GPU
// run in tests on a CPU, with checks that a GPU does not give.
//
// A Device is a driver.Driver. It finds accesses out of bounds, of freed
// memory and at misaligned addresses, reads of memory and of registers that
// were never written, data races in shared memory, barriers that not all
// threads reach, copies read before they were waited for, and deadlocks. The
// error of a launch is then a *Fault, which names kernel, block, thread, PTX
// line and, if the PTX has .loc, the source line.
//
// Text becomes tokens (lex.go), statements (parse.go) and instructions with a
// function each (decode.go, exec_*.go); an instruction it does not know is an
// error of Load. A warp executes an instruction for all its 32 lanes at once
// (warp.go). Where lanes diverge they form splits that meet again at the
// immediate post-dominator of the branch (split.go, flow.go). Blocks run in
// parallel, but for kernels whose result depends on the order of atomic
// operations, so that results are always the same. Where a kernel only asks
// which of its blocks comes last they do run in parallel.
//
// What it does not tell: speed, and what the memory model allows beyond
// shared memory. Approximate functions and matrix products are rounded
// better than on a GPU: compare with a tolerance.
package ptxsim
