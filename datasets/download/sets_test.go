package download

import (
	"encoding/hex"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	for name, want := range map[string]string{"cifar-10": "CIFAR10", "fashion_mnist": "FashionMNIST", "Tiny-ImageNet": "TinyImageNet", "svhn": "SVHN"} {
		if s, err := Find(name); err != nil || s.Name != want {
			t.Errorf("%s: %s, %v", name, s.Name, err)
		}
	}
	_, err := Find("MINST")
	wantError(t, err, `"MINST"`, "did you mean MNIST?", "one of CIFAR10, CIFAR100,")
}

// The table is in order: checksums have the right length, every address ends with
// the name of the file, and no two files share a place, a content or an address.
func TestSets(t *testing.T) {
	var seen []string
	for _, s := range Sets() {
		for _, a := range s.Archives {
			m, err1 := hex.DecodeString(a.MD5)
			h, err2 := hex.DecodeString(a.SHA256)
			if err1 != nil || err2 != nil || len(m) != 16 || len(h) != 32 && a.SHA256 != "" || a.Size < 1000 {
				t.Errorf("%s: %s has size %d, MD5 %q, SHA-256 %q", s.Name, a.Path, a.Size, a.MD5, a.SHA256)
			}
			for _, fact := range append([]string{a.Path, a.MD5, a.SHA256}, a.URLs...) {
				if slices.Contains(seen, fact) {
					t.Errorf("%s: %s has %s like another file", s.Name, a.Path, fact)
				}
				seen = append(seen, fact)
			}
			if len(a.URLs) == 0 {
				t.Errorf("%s: %s has no address", s.Name, a.Path)
			}
			for _, address := range a.URLs {
				u, err := url.Parse(address)
				if err != nil || u.Host == "" || !strings.HasPrefix(u.Scheme, "http") || path.Base(u.Path) != path.Base(a.Path) {
					t.Errorf("%s: address %s", a.Path, address)
				}
			}
		}
	}
}
