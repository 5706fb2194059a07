package suggest

import "testing"

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "abc", 3}, {"abc", "", 3}, {"abc", "abc", 0},
		{"kitten", "sitting", 3}, {"abc", "bc", 1}, {"abc", "ab", 1}, {"ab", "abc", 1}, {"abcd", "ad", 2}, {"ab", "ba", 2}, {"flaw", "lawn", 2},
	} {
		if got := distance(c.a, c.b); got != c.want {
			t.Errorf("distance(%q, %q) = %d, want %d", c.a, c.b, got, c.want)
		}
	}
}

func TestNearest(t *testing.T) {
	known := []string{"CIFAR10", "CIFAR100", "MNIST", "FashionMNIST"}
	for word, want := range map[string]string{
		"cifra10": "CIFAR10", "CIFAR1000": "CIFAR100", "mnits": "MNIST", "fashon": "FashionMNIST",
		"imagenet": "", "": "", "x": "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
	if got := Nearest("a", nil); got != "" {
		t.Errorf("Nearest without known words = %q", got)
	}
}
