package analysis

import (
	"encoding/json"
	"math"
	"testing"
)

func TestNumber(t *testing.T) {
	for _, c := range []struct {
		value      float64
		json, text string
	}{{0.1, "0.1", "0.1"}, {-2e-30, "-2e-30", "-2e-30"}, {math.NaN(), "null", ""}, {math.Inf(1), "null", ""}, {math.Inf(-1), "null", ""}} {
		text, err := json.Marshal(struct{ Loss Number }{Number(c.value)})
		if err != nil || string(text) != `{"Loss":`+c.json+`}` {
			t.Errorf("%v is %s in JSON: %v", c.value, text, err)
		}
		var again struct{ Loss Number }
		if err := json.Unmarshal(text, &again); err != nil || again.Loss.Finite() != (c.text != "") || c.text != "" && float64(again.Loss) != c.value {
			t.Errorf("%s is read as %v: %v", text, again.Loss, err)
		}
		if got := Number(c.value).String(); got != c.text {
			t.Errorf("%v is %q, want %q", c.value, got, c.text)
		}
	}
	var n Number
	if json.Unmarshal([]byte(`"x"`), &n) == nil {
		t.Error("a text was read as a number")
	}
}
