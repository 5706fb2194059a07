// Package architecture holds tests of the repository as a whole: which
// package may import which, and that a program in another module can use the
// packages as the README says.
package architecture
