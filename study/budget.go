package study

import (
	"math"
	"strings"

	"lbsam/train"
)

// counted is how many gradient evaluations a step of c counts for.
func (count Count) of(c train.Config, cost train.Cost) int {
	if count == CountPublished && strings.HasPrefix(c.Minimizer, "Lookbehind") {
		return 2 * c.K
	}
	return cost.PerStep
}

// Spend is c with the length that a budget of gradient evaluations gives it on n
// training images: as many whole steps as the budget pays, in as many epochs as
// that takes. Schedules, milestones and warm-up are stretched from the epochs of c
// to that length, so that the learning rate falls at the same share of the budget
// for every method.
func Spend(c train.Config, budget, n int, count Count) (train.Config, error) {
	c.MaxEvals = 0
	cost := c.Cost(n)
	steps := budget / count.of(c, cost)
	if steps == 0 {
		return c, wrong("a budget of %d gradient evaluations does not pay one step of %s, which counts for %d", budget, c.Minimizer, count.of(c, cost))
	}
	length := float64(steps) / float64(cost.PerEpoch) // in epochs
	stretch := length / float64(c.Epochs)
	c.MaxEvals = steps * cost.PerStep
	c.Epochs = int(math.Ceil(length))
	c.Warmup *= stretch
	milestones := make([]float64, len(c.Milestones))
	for i, m := range c.Milestones {
		milestones[i] = m * stretch
	}
	c.Milestones = milestones
	return c, nil
}
