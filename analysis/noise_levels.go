package analysis

// A NoiseLevel is what the draws at one level have in common.
type NoiseLevel struct {
	Tensor string  `json:"tensor,omitempty"`
	Level  float64 `json:"level"`
	Draws  int     `json:"draws"`
	Spreads
	Recalibrated *Spreads `json:"recalibrated,omitempty"`
}

// Spreads are those of scores.
type Spreads struct {
	Loss     Spread `json:"loss"`
	Accuracy Spread `json:"accuracy"`
}

func newSpreads(scores []Score) Spreads {
	var losses, accuracies []float64
	for _, s := range scores {
		losses, accuracies = append(losses, float64(s.Loss)), append(accuracies, s.Accuracy)
	}
	return Spreads{NewSpread(losses), NewSpread(accuracies)}
}

// NoiseLevels puts together what was measured of each tensor at each level, in the
// order of the first draw.
func NoiseLevels(points []NoisePoint) (list []NoiseLevel) {
	type group struct {
		tensor string
		level  float64
	}
	var order []group
	plain, recalibrated := map[group][]Score{}, map[group][]Score{}
	for _, p := range points {
		g := group{p.Tensor, p.Level}
		if plain[g] == nil {
			order = append(order, g)
		}
		plain[g] = append(plain[g], p.Score)
		if p.Recalibrated != nil {
			recalibrated[g] = append(recalibrated[g], *p.Recalibrated)
		}
	}
	for _, g := range order {
		l := NoiseLevel{Tensor: g.tensor, Level: g.level, Draws: len(plain[g]), Spreads: newSpreads(plain[g])}
		if scores := recalibrated[g]; scores != nil {
			s := newSpreads(scores)
			l.Recalibrated = &s
		}
		list = append(list, l)
	}
	return list
}
