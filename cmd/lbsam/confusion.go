package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	"lbsam/train"
)

// A confusion says for each class what its images are taken for.
type confusion struct {
	Classes []string   `json:"classes"`
	ByClass []*float64 `json:"class_accuracy"` // of the images of each class; null: there are none
	Counts  [][]int    `json:"confusion"`      // [label][predicted]
}

func newConfusion(p train.Predictions) *confusion {
	c := &confusion{Classes: p.Classes, ByClass: make([]*float64, len(p.Classes)), Counts: p.Confusion()}
	for i := range c.Classes {
		if n := c.images(i); n > 0 {
			share := float64(c.Counts[i][i]) / float64(n)
			c.ByClass[i] = &share
		}
	}
	return c
}

// images is the number of images of a class.
func (c *confusion) images(class int) (n int) {
	for _, v := range c.Counts[class] {
		n += v
	}
	return n
}

// wide is how many classes fit beside each other on a screen.
const wide = 20

// show writes a row for each class: its accuracy and, if there are few classes,
// the number of its images taken for class 0, 1, and so on. If there are many,
// the most frequent mistakes follow.
func (c *confusion) show(out io.Writer) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	matrix := len(c.Classes) <= wide
	fmt.Fprint(w, "\tclass\timages\tcorrect\t")
	for i := range c.Classes {
		if matrix {
			fmt.Fprintf(w, "%d\t", i)
		}
	}
	fmt.Fprintln(w)
	for i, name := range c.Classes {
		share := "-"
		if c.ByClass[i] != nil {
			share = percent(*c.ByClass[i])
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t", i, oneLine(name), thousands(c.images(i)), share)
		for _, n := range c.Counts[i] {
			if matrix {
				fmt.Fprintf(w, "%d\t", n)
			}
		}
		fmt.Fprintln(w)
	}
	w.Flush()
	if !matrix {
		c.showMistakes(out)
	}
}

// showMistakes writes the most frequent ones.
func (c *confusion) showMistakes(out io.Writer) {
	type mistake struct{ label, predicted, n int }
	var all []mistake
	for label, row := range c.Counts {
		for predicted, n := range row {
			if n > 0 && predicted != label {
				all = append(all, mistake{label, predicted, n})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b mistake) int { return cmp.Compare(b.n, a.n) })
	for _, m := range all[:min(wide, len(all))] {
		fmt.Fprintf(out, "%d of %d images of %s are taken for %s\n", m.n, c.images(m.label), oneLine(c.Classes[m.label]), oneLine(c.Classes[m.predicted]))
	}
}
