// Package analysis measures trained models as the paper on Lookbehind-SAM does:
// how sharp their minima are, what the loss around them looks like, and how they
// bear noise on their weights.
//
// A measurement is a struct whose fields are its settings. It looks at a model
// through a train.Probe, changes the weights while it runs and puts them back.
// Finished parts go to a Journal.
package analysis
