package main

import (
	"cmp"
	"fmt"
	"slices"

	"lbsam/analysis"
	"lbsam/internal/figure"
)

// logFrom is how many times the lowest loss of a landscape the highest one is from
// which on its axis is logarithmic.
const logFrom = 20

// sayLandscape tells where the loss is lowest and highest.
func (m *measurement) sayLandscape(points []analysis.LandscapePoint) {
	finite := slices.DeleteFunc(slices.Clone(points), func(p analysis.LandscapePoint) bool { return !p.Loss.Finite() })
	if n := len(points) - len(finite); n > 0 {
		m.say("the loss of %d of %d points is no finite number: null in the results", n, len(points))
	}
	if len(finite) == 0 {
		return
	}
	byLoss := func(a, b analysis.LandscapePoint) int { return cmp.Compare(a.Loss, b.Loss) }
	m.say("lowest   %s", pointText(slices.MinFunc(finite, byLoss)))
	m.say("highest  %s", pointText(slices.MaxFunc(finite, byLoss)))
	for _, p := range finite {
		if p.X == 0 && (p.Y == nil || *p.Y == 0) {
			m.say("at 0     %s", pointText(p))
		}
	}
}

// pointText is a point in words.
func pointText(p analysis.LandscapePoint) string {
	at := fmt.Sprintf("x %.4g", p.X)
	if p.Y != nil {
		at += fmt.Sprintf(", y %.4g", *p.Y)
	}
	return fmt.Sprintf("loss %.4f, accuracy %.2f%% at %s", float64(p.Loss), 100*p.Accuracy, at)
}

// lossAxis is the axis of the losses.
func lossAxis(points []analysis.LandscapePoint) figure.Axis {
	var losses []float64
	for _, p := range points {
		if p.Loss.Finite() {
			losses = append(losses, float64(p.Loss))
		}
	}
	a := figure.Axis{Label: "loss"}
	if len(losses) > 0 {
		low, high := slices.Min(losses), slices.Max(losses)
		a.Log = low > 0 && high > logFrom*low
	}
	return a
}

// drawLine writes table and figures of a line.
func (m *measurement) drawLine(points []analysis.LandscapePoint, along string) error {
	rows := [][]string{{"x", "loss", "accuracy"}}
	loss, accuracy := figure.Series{Name: "loss"}, figure.Series{Name: "accuracy"}
	for _, p := range points {
		rows = append(rows, []string{analysis.Number(p.X).String(), p.Loss.String(), analysis.Number(p.Accuracy).String()})
		loss.X, loss.Y = append(loss.X, p.X), append(loss.Y, float64(p.Loss))
		accuracy.X, accuracy.Y = append(accuracy.X, p.X), append(accuracy.Y, 100*p.Accuracy)
	}
	if err := m.table(rows); err != nil {
		return err
	}
	x := figure.Axis{Label: along}
	return m.figures(map[string]figure.Figure{
		"landscape":          figure.Lines{Title: "Loss of " + m.about.Model, X: x, Y: lossAxis(points), Series: []figure.Series{loss}},
		"landscape-accuracy": figure.Lines{Title: "Accuracy of " + m.about.Model, X: x, Y: figure.Axis{Label: "accuracy, %"}, Series: []figure.Series{accuracy}},
	})
}

// drawPlane writes table and figures of a plane.
func (m *measurement) drawPlane(l analysis.Landscape, points []analysis.LandscapePoint) error {
	rows := [][]string{{"x", "y", "loss", "accuracy"}}
	loss := figure.Grid{X: l.X.Values(), Y: l.Y.Values()}
	accuracy := loss
	for i, p := range points {
		if i%l.X.Points == 0 {
			loss.Z, accuracy.Z = append(loss.Z, nil), append(accuracy.Z, nil)
		}
		row := i / l.X.Points
		loss.Z[row], accuracy.Z[row] = append(loss.Z[row], float64(p.Loss)), append(accuracy.Z[row], 100*p.Accuracy)
		rows = append(rows, []string{analysis.Number(p.X).String(), analysis.Number(*p.Y).String(), p.Loss.String(), analysis.Number(p.Accuracy).String()})
	}
	if err := m.table(rows); err != nil {
		return err
	}
	x, y := figure.Axis{Label: "x, first direction"}, figure.Axis{Label: "y, second direction"}
	value := lossAxis(points)
	return m.figures(map[string]figure.Figure{
		"landscape":          figure.Contour{Title: "Loss around " + m.about.Model, X: x, Y: y, Value: value, Grid: loss},
		"landscape-surface":  figure.Surface{Title: "Loss around " + m.about.Model, X: figure.Axis{Label: "x"}, Y: figure.Axis{Label: "y"}, Value: value, Grid: loss},
		"landscape-accuracy": figure.Contour{Title: "Accuracy around " + m.about.Model, X: x, Y: y, Value: figure.Axis{Label: "accuracy, %"}, Grid: accuracy},
	})
}
