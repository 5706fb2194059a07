package train

import (
	"regexp"
	"testing"
	"time"
)

// Epochs in which the test set is not scored have no images of it; the run and
// what it selects are the same.
func TestWhenTheTestSetIsScored(t *testing.T) {
	for _, c := range []struct {
		test   string
		change func(*Config)
		want   string // of the epochs: an x for each one that is tested
	}{
		{"epochs", func(*Config) {}, "^xxx$"},
		{"end", func(*Config) {}, `^\.\.x$`},
		{"never", func(*Config) {}, `^\.\.\.$`},
		{"end", func(c *Config) { c.MaxEvals = 7 }, `^\.x$`}, // of 3 steps an epoch
		{"end", func(c *Config) { c.Epochs, c.EarlyStop, c.LR = 9, 2, 0 }, `^\.{2,7}x$`},
	} {
		config := small("resnet8-w8", "SAM")
		config.Test, config.ValSplit, config.Epochs, config.LimitBatches = c.test, 0.2, 3, 3
		c.change(&config)
		j := mustOpen(t, config)
		s := &stopper{}
		if _, err := j.Run(t.Context(), nil, s); err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, e := range s.epochs {
			if e.Validation == nil || e.SelectedOn != "validation" || e.Tested() != (e.Test.Loss > 0) {
				t.Errorf("%s: %+v", c.test, e)
			}
			got += map[bool]string{true: "x", false: "."}[e.Tested()]
		}
		if !regexp.MustCompile(c.want).MatchString(got) {
			t.Errorf("test %s: scored in epochs %s, want %s", c.test, got, c.want)
		}
	}
	c := Demo()
	if c.Test = "end"; c.Validate() == nil {
		t.Error("without a validation split nothing selects")
	}
}

// A clock that stands still, as that of Windows does, makes no rate infinite.
func TestNoTimeIsSomeTime(t *testing.T) {
	for _, then := range []time.Time{time.Now(), time.Now().Add(time.Hour)} {
		if d := sinceThen(then); d <= 0 {
			t.Errorf("%v since then", d)
		}
	}
	if d := sinceThen(time.Now().Add(-time.Hour)); d < time.Hour {
		t.Errorf("%v since an hour ago", d)
	}
}
