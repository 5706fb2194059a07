package figure

// styles is the number of styles of series, which differ in colour, dashes and
// marks.
const styles = 6

// markForm is the mark of a style around the origin: a circle (nil), a square,
// triangles, a diamond, a cross.
func markForm(style int) []point {
	return [styles][]point{
		nil,
		{{-2.7, -2.7}, {2.7, -2.7}, {2.7, 2.7}, {-2.7, 2.7}},
		{{0, -3.6}, {3.6, 2.6}, {-3.6, 2.6}},
		{{0, -4}, {4, 0}, {0, 4}, {-4, 0}},
		{{0, 3.6}, {3.6, -2.6}, {-3.6, -2.6}},
		{{-1, -3.5}, {1, -3.5}, {1, -1}, {3.5, -1}, {3.5, 1}, {1, 1}, {1, 3.5}, {-1, 3.5}, {-1, 1}, {-3.5, 1}, {-3.5, -1}, {-1, -1}},
	}[style]
}
