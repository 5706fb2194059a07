package kernels

// windows is images [N, H, W, C] seen through the windows [KH, KW, C] of a
// convolution, one for each pixel of its result; pixels of the result are numbered
// through all images. What lies in the padding is zeros.
type windows struct {
	Conv
	data  []float32
	zeros []float32 // a row of a window, where they are copied

	rows, columns  int // OH and OW
	inside, behind int // pixels of a row whose windows have their whole width inside
}

func newWindows(g Conv, data, zeros []float32) windows {
	return windows{
		Conv: g, data: data, zeros: zeros, rows: g.OH(), columns: g.OW(),
		inside: tiles(g.Pad, g.Stride), behind: max(0, g.W-g.KW+g.Pad+g.Stride) / g.Stride,
	}
}

// pixels is the number of windows.
func (s *windows) pixels() int { return s.N * s.rows * s.columns }

// length is the number of elements of a window.
func (s *windows) length() int { return s.KH * s.KW * s.C }

// pointwise reports whether windows are the pixels of the images, one by one, which
// can be read in place.
func (g Conv) pointwise() bool { return g.KH == 1 && g.KW == 1 && g.Stride == 1 && g.Pad == 0 }

// A windowPart is elements lo to hi of each of some rows of a window: whole
// rows, if there are several.
type windowPart struct{ row, rows, lo, hi int }

// length is the number of elements of the part.
func (p windowPart) length() int { return p.rows * (p.hi - p.lo) }

// offset is where a part begins in a window.
func (s *windows) offset(p windowPart) int { return p.row*s.KW*s.C + p.lo }

// split divides windows into parts of about limit elements, in their order: parts of
// a row are multiples of most panels.
func (s *windows) split(parts []windowPart, limit int) []windowPart {
	width := s.KW * s.C
	if width <= limit {
		rows := tiles(s.KH, tiles(s.KH, limit/width))
		for row := 0; row < s.KH; row += rows {
			parts = append(parts, windowPart{row, min(rows, s.KH-row), 0, width})
		}
		return parts
	}
	count := (tiles(width, tiles(width, limit)) + 31) &^ 31
	for row := range s.KH {
		for lo := 0; lo < width; lo += count {
			parts = append(parts, windowPart{row, 1, lo, min(width, lo+count)})
		}
	}
	return parts
}

// segment is where pixel number first lies, row i and column j of image n, and how
// many of the next count pixels are in the same row.
func (s *windows) segment(first, count int) (n, i, j, width int) {
	row, j := first/s.columns, first%s.columns
	return row / s.rows, row % s.rows, j, min(count, s.columns-j)
}

// span is about the pixels that the windows of count pixels from first on cover, and
// no others do. With much padding it may be some of the next image.
func (s *windows) span(first, count int) []float32 {
	if count == 0 {
		return nil
	}
	n, i, j, _ := s.segment(first, count)
	from := min(len(s.data), ((n*s.H+i*s.Stride)*s.W+j*s.Stride)*s.C)
	return s.data[from:min(len(s.data), from+count*s.Stride*s.Stride*s.C)]
}

// copyTo sets rows of to, which start stride elements after one another, to a
// part of the windows of count pixels from first on.
func (s *windows) copyTo(to []float32, stride, first, count int, part windowPart, copyRows rowLoop) {
	for done := 0; done < count; {
		n, i, j, width := s.segment(first+done, count-done)
		for r := range part.rows {
			h := i*s.Stride - s.Pad + part.row + r
			row := to[done*stride+r*(part.hi-part.lo):]
			if h < 0 || h >= s.H {
				copyRows(&row[0], &s.zeros[0], part.hi-part.lo, width, 4*stride, 0)
				continue
			}
			s.copyRow(row, stride, s.imageRow(n, h), j, j+width, part, copyRows)
		}
		done += width
	}
}

// imageRow is row h of image n.
func (s *windows) imageRow(n, h int) []float32 { return s.data[(n*s.H+h)*s.W*s.C:][:s.W*s.C] }

// copyRow copies from one row of an image, for pixels j0 to j1 of a row.
func (s *windows) copyRow(to []float32, stride int, row []float32, j0, j1 int, part windowPart, copyRows rowLoop) {
	length := part.hi - part.lo
	in0, in1 := s.whole(j0, j1)
	s.copyEdge(to, stride, row, j0, j0, in0, part)
	if in0 < in1 {
		copyRows(&to[(in0-j0)*stride], &row[(in0*s.Stride-s.Pad)*s.C+part.lo], length, in1-in0, 4*stride, 4*s.Stride*s.C)
	}
	s.copyEdge(to, stride, row, j0, in1, j1, part)
}

// whole is which of pixels j0 to j1 of a row have windows whose whole width is inside:
// in0 to in1.
func (s *windows) whole(j0, j1 int) (in0, in1 int) {
	in0 = min(j1, max(j0, s.inside))
	return in0, max(in0, min(j1, s.behind))
}

// copyEdge is copyRow for pixels from to end, whose windows are partly outside;
// the first row of to is that of pixel j0.
func (s *windows) copyEdge(to []float32, stride int, row []float32, j0, from, end int, part windowPart) {
	for j := from; j < end; j++ {
		first := (j*s.Stride-s.Pad)*s.C + part.lo // in the row of the image
		window := to[(j-j0)*stride:][:part.hi-part.lo]
		clear(window)
		if lo, hi := max(0, first), min(len(row), first+len(window)); lo < hi {
			copy(window[lo-first:], row[lo:hi])
		}
	}
}

// add is copyTo backwards: it adds to one row of the windows of count pixels from
// first on rows of from, which start stride elements after one another.
func (s *windows) add(from []float32, stride, first, count, windowRow int, addRows rowLoop) {
	for done := 0; done < count; {
		n, i, j, width := s.segment(first+done, count-done)
		if h := i*s.Stride - s.Pad + windowRow; h >= 0 && h < s.H {
			s.addRow(s.imageRow(n, h), from[done*stride:], stride, j, j+width, addRows)
		}
		done += width
	}
}

// addRow adds to one row of an image, for pixels j0 to j1 of a row.
func (s *windows) addRow(row, from []float32, stride, j0, j1 int, addRows rowLoop) {
	in0, in1 := s.whole(j0, j1)
	s.addEdge(row, from, stride, j0, j0, in0)
	if in0 < in1 {
		addRows(&row[(in0*s.Stride-s.Pad)*s.C], &from[(in0-j0)*stride], s.KW*s.C, in1-in0, 4*s.Stride*s.C, 4*stride)
	}
	s.addEdge(row, from, stride, j0, in1, j1)
}

// addEdge is addRow for pixels first to end, whose windows are partly outside; the
// first row of from is that of pixel j0.
func (s *windows) addEdge(row, from []float32, stride, j0, first, end int) {
	for j := first; j < end; j++ {
		at := (j*s.Stride - s.Pad) * s.C // in the row of the image
		if lo, hi := max(0, at), min(len(row), at+s.KW*s.C); lo < hi {
			addCPU(row[lo:hi], row[lo:hi], from[(j-j0)*stride+lo-at:][:hi-lo])
		}
	}
}
