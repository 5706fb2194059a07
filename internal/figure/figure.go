// Package figure draws figures as SVG and as PNG: lines over an axis, bars,
// intervals, a matrix, a map and a surface of a grid, a table of colours.
//
// A figure is a struct. Its SVG method returns an svg element, whose text is
// text. Colours and fonts are CSS: a page that shows figures has Style once, a
// file of its own is made by Standalone. PNG draws the same in the light colours, at
// twice the size; its letters are those of the Go fonts, which know Latin, Greek and
// Cyrillic. The colours are those of Okabe and Ito, which colour-blind people tell
// apart; series differ in their marks and dashes too. Style follows the reader's
// choice of light or dark.
//
// Numbers that are not finite are gaps. Text is escaped.
package figure

import (
	"path/filepath"

	"lbsam/internal/atomicfile"
)

// A Figure is one of the structs of this package.
type Figure interface {
	SVG() string // an svg element, for a page that has Style
	draw() *drawing
}

// PNG is the figure as a PNG file.
func PNG(f Figure) ([]byte, error) { return f.draw().png() }

// Write writes the figure to name.svg and name.png in folder. A file that exists is
// replaced in one step.
func Write(folder, name string, f Figure) error {
	picture, err := PNG(f)
	if err != nil {
		return err
	}
	if err := atomicfile.Write(filepath.Join(folder, name+".svg"), []byte(Standalone(f.SVG()))); err != nil {
		return err
	}
	return atomicfile.Write(filepath.Join(folder, name+".png"), picture)
}
