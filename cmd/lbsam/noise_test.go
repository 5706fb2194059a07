package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestNoise(t *testing.T) {
	r := newTinyRun(t, "resnet8-w8", 1)
	_, stderr := mustRun(t, r.args("noise", "--levels", "0.1,0.5", "--draws", "3", "--recalibrate", "2")...)
	folder := filepath.Join(r.run, "noise")
	found := resultIn[noised](t, folder)
	if len(found.Points) != 7 || len(found.Summary) != 3 || found.Kind != "noise" || found.Noise.Kind != "multiplicative" || found.Checkpoint != bestOf(r.run) {
		t.Errorf("the result is %+v", found)
	}
	if s := found.Summary[2]; s.Level != 0.5 || s.Draws != 3 || !s.Accuracy.Std.Finite() || s.Recalibrated == nil {
		t.Errorf("the highest level is %+v", s)
	}
	for _, text := range []string{"noise  accuracy", "recalibrated", "\n0      ", "\n0.5    ", " ± "} {
		if !strings.Contains(stderr, text) {
			t.Errorf("no %q in %s", text, stderr)
		}
	}
	files := filesOf(t, folder)
	wantPictures(t, files, "noise")
	rows := tableOf(t, files["noise.csv"])
	if len(rows) != 8 || strings.Join(rows[0], ",") != "tensor,level,draw,loss,accuracy,loss_recalibrated,accuracy_recalibrated" || rows[1][3] != found.Points[0].Loss.String() {
		t.Errorf("the table is %v", rows)
	}
}

// Of one tensor at a time, the one that costs most comes first.
func TestNoisePerLayer(t *testing.T) {
	r := newTinyRun(t, "lenet", 1)
	_, stderr := mustRun(t, r.args("noise", "--levels", "0.5,3", "--draws", "2", "--per-layer", "--noise", "range")...)
	found := resultIn[noised](t, filepath.Join(r.run, "noise"))
	if len(found.Points) != 1+2*2*4 || len(found.Summary) != 1+2*4 { // lenet has 4 weights
		t.Errorf("%d points and %d levels", len(found.Points), len(found.Summary))
	}
	rows := tensorsOf(found.Noise, found.Summary)
	for i, row := range rows {
		if row[0].Tensor != row[1].Tensor || i > 0 && row[1].Accuracy.Mean < rows[i-1][1].Accuracy.Mean {
			t.Errorf("row %d is %+v behind %+v", i, row, rows[max(i-1, 0)])
		}
		if !strings.Contains(stderr, "\n"+row[0].Tensor+" ") {
			t.Errorf("%s is not in the table:\n%s", row[0].Tensor, stderr)
		}
	}
	files := filesOf(t, filepath.Join(r.run, "noise"))
	wantPictures(t, files, "noise")
	if rows := tableOf(t, files["noise.csv"]); rows[2][0] != found.Points[1].Tensor || len(rows[0]) != 5 {
		t.Errorf("the table is %v", rows)
	}
}

func TestNoiseErrors(t *testing.T) {
	r := newTinyRun(t, "lenet", 1)
	wantComplaints(t, []complaint{
		{r.args("noise", "--levels", "0"), exitUsage, "--levels has 0: want finite numbers above 0"},
		{r.args("noise", "--levels", "-0.1"), exitUsage, "--levels has -0.1"},
		{r.args("noise", "--levels", "0.1,NaN"), exitUsage, "--levels has NaN"},
		{r.args("noise", "--levels", "0.1,Inf"), exitUsage, "--levels has +Inf"},
		{r.args("noise", "--levels", "0.2,0.1"), exitUsage, "--levels has 0.1 behind 0.2: want rising numbers"},
		{r.args("noise", "--levels", ""), exitUsage, "--levels is empty"},
		{r.args("noise", "--levels", "much"), exitUsage, `--levels is "much": want numbers with commas between them`},
		{r.args("noise", "--draws", "0"), exitUsage, "--draws is 0: want 1 or more"},
		{r.args("noise", "--noise", "white"), exitUsage, `--noise is "white": want one of multiplicative, additive, range`},
		{r.args("noise", "--tensors", "some"), exitUsage, `--tensors is "some": want one of weights, all`},
		{r.args("noise", "--recalibrate", "-1"), exitUsage, "--recalibrate is -1"},
		{r.args("noise", "--recalibrate", "2", "--batch-statistics"), exitUsage, "--recalibrate and --batch-statistics: give one of them"},
		{r.args("noise", "--images", "9"), exitUsage, "--images is 9, and the train set of ImageFolder has 8: want so many at most, or 0 for all"},
		{r.args("noise", "--images", "-1"), exitUsage, "--images is -1"},
		{r.args("noise", "--split", "tset"), exitUsage, `unknown split "tset" (did you mean test?)`},
	})
}
