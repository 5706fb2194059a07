// Package examples is three programs that use the packages of lbsam directly: a
// model and a training loop (mlp), a layer with a gradient of its own (customlayer)
// and a minimizer (customminimizer). Its test runs them and holds what they print
// to what their comments say.
package examples
