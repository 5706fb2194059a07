//go:build nocuda

package cuda_test

import "testing"

func TestOpenBuiltWithoutCUDA(t *testing.T) {
	wantUnavailable(t, 0, "", "device cuda:0: cu: no CUDA driver: this program was built without CUDA")
}
