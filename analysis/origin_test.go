package analysis

import (
	"context"
	"math"
	"testing"

	"lbsam/kernels"
)

// A statistic that is no number at one point does not spoil the next ones, whose
// statistics are taken anew.
func TestRecalibrationForgets(t *testing.T) {
	s := mustSite(t, "resnet8-w8", 1)
	var scores []Score
	err := fromOrigins([]Site{s}, func(origins []*origin) error {
		for _, spoil := range []float64{1, math.NaN()} {
			for _, i := range statistics(s.Job) {
				kernels.Fill(s.Model.Buffers()[i].Value.Data, spoil)
			}
			score, err := origins[0].score(context.Background(), 2)
			if err != nil {
				return err
			}
			scores = append(scores, score)
		}
		return nil
	})
	if err != nil || scores[0] != scores[1] {
		t.Errorf("scores %+v with statistics that began as 1 and as NaN: %v", scores, err)
	}
}
