package cu

// A Dim3 is the number of blocks of a grid, or of threads of a block, in each
// direction. All three are at least 1.
type Dim3 struct {
	X, Y, Z int
}

// DivUp returns x / y rounded up.
func DivUp(x, y int) int { return (x + y - 1) / y }
