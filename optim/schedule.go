package optim

import "math"

// A Schedule gives the factor of a learning rate or a radius at a time in
// epochs, of which part may have passed.
type Schedule interface {
	Factor(epoch float64) float64
}

// Constant is the factor 1.
type Constant struct{}

// Factor is 1.
func (Constant) Factor(float64) float64 { return 1 }

// MultistepSchedule multiplies by Gamma at each milestone, in epochs.
type MultistepSchedule struct {
	Milestones []float64
	Gamma      float64
}

// Factor is Gamma to the number of milestones that are reached.
func (s MultistepSchedule) Factor(epoch float64) float64 {
	factor := 1.0
	for _, m := range s.Milestones {
		if epoch >= m {
			factor *= s.Gamma
		}
	}
	return factor
}

// Cosine falls from 1 to Final over Epochs along half a cosine (Loshchilov
// and Hutter 2017, without restarts).
type Cosine struct{ Epochs, Final float64 }

// Factor is Final + (1-Final)·(1 + cos(π·epoch/Epochs))/2.
func (s Cosine) Factor(epoch float64) float64 {
	t := min(1, epoch/s.Epochs)
	return s.Final + float64((1-s.Final)*(1+math.Cos(math.Pi*t))/2)
}

// Linear falls from 1 to Final over Epochs on a straight line.
type Linear struct{ Epochs, Final float64 }

// Factor is 1 - (1-Final)·epoch/Epochs.
func (s Linear) Factor(epoch float64) float64 {
	return 1 - float64((1-s.Final)*min(1, epoch/s.Epochs))
}

// Warmup rises from 0 to Then over Epochs, in a straight line.
type Warmup struct {
	Epochs float64
	Then   Schedule
}

// Factor is Then's, times epoch/Epochs while that is below 1.
func (s Warmup) Factor(epoch float64) float64 {
	factor := s.Then.Factor(epoch)
	if epoch < s.Epochs {
		factor *= epoch / s.Epochs
	}
	return factor
}
