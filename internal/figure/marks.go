package figure

// styles is the number of styles of series. Each half dozen has the same colours;
// with them turn the marks and the dashes.
const styles = 36

// hue is the colour of a style.
func hue(style int) int { return style % 6 }

// dash is the pattern of a style.
func dash(style int) int { return (style + style/6) % 4 }

// markForm is the mark of a style around the origin: a circle (nil), a square,
// triangles, a diamond, a cross.
func markForm(style int) []point {
	return [6][]point{
		nil,
		{{-2.7, -2.7}, {2.7, -2.7}, {2.7, 2.7}, {-2.7, 2.7}},
		{{0, -3.6}, {3.6, 2.6}, {-3.6, 2.6}},
		{{0, -4}, {4, 0}, {0, 4}, {-4, 0}},
		{{0, 3.6}, {3.6, -2.6}, {-3.6, -2.6}},
		{{-1, -3.5}, {1, -3.5}, {1, -1}, {3.5, -1}, {3.5, 1}, {1, 1}, {1, 3.5}, {-1, 3.5}, {-1, 1}, {-3.5, 1}, {-3.5, -1}, {-1, -1}},
	}[(style+style/6)%6]
}
