package kernels

// A winogradForm is the tiles in which convolutions of a window and a stride are
// computed.
type winogradForm struct {
	window, stride int
	tile           int // the width of a tile of results
	edge           int // places along an edge of a tile
	over           int // pixels that two neighbouring tiles share, of x and, for the gradient of x, of dy

	// covered is how many results tiles may have for each of an image: of more, little
	// is gained.
	covered float64

	// block is how many tiles are transformed at a time: they, their products and the
	// weights stay in the L2 cache.
	block int

	// weightBlock is the same for the gradient of the weight: the more, the less often its
	// sums are read and written.
	weightBlock int

	// sums is for how many tiles a task keeps sums, if it adds the products of several
	// groups of channels.
	sums int

	// strip is how many tiles times channels go through both passes of a transformation
	// before the next: the L1 cache holds them in between.
	strip int
}

// winogradForm returns the tiles in which the device cpu computes g, and its gradients,
// if there are any. They depend on the shape of an image and of the weight alone, so
// that a picture's result is the same in every batch.
func (g Conv) winogradForm() (f winogradForm, ok bool) {
	switch {
	case g.KH == 3 && g.Stride == 1:
		f = winogradForm{window: 3, stride: 1, tile: 4, edge: 6, over: 2, covered: 1.5, block: 24, weightBlock: 36, sums: 96, strip: 256}
	case g.KH == 3 && g.Stride == 2 && g.Pad == 1:
		f = winogradForm{window: 3, stride: 2, tile: 4, edge: 9, over: 1, covered: 1.34, block: 12, weightBlock: 24, sums: 48, strip: 128}
	case g.KH == 5 && g.Stride == 1:
		f = winogradForm{window: 5, stride: 1, tile: 2, edge: 6, over: 4, covered: 1.5, block: 24, weightBlock: 36, sums: 96, strip: 256}
	default:
		return f, false
	}
	covered := float64(f.tile * f.tile * tiles(g.OH(), f.tile) * tiles(g.OW(), f.tile))
	return f, g.KW == g.KH && g.Pad < g.KH && g.C%winogradChannels == 0 && g.OC%winogradChannels == 0 &&
		g.OH() >= f.tile && g.OW() >= f.tile && covered <= f.covered*float64(g.OH()*g.OW())
}

// winograd reports whether g has such tiles.
func (g Conv) winograd() bool {
	_, ok := g.winogradForm()
	return ok
}

// step is the number of pixels of x from tile to tile.
func (f *winogradForm) step() int { return f.tile * f.stride }

// terms is the width of a tile of x.
func (f *winogradForm) terms() int { return f.step() + f.over }

// places is the number of places of a tile.
func (f *winogradForm) places() int { return f.edge * f.edge }

// weight is the place of the transformed window that a place of a tile is multiplied
// with, and whether it is the first of those that share it.
func (f *winogradForm) weight(place int) (weight int, first bool) {
	row, column, shared := place/f.edge, place%f.edge, f.edge-winogradEdge
	weight = max(0, row-shared)*winogradEdge + max(0, column-shared)
	return weight, (row == 0 || row > shared) && (column == 0 || column > shared)
}

// part is how many of some channels take part in one call of a loop: whole vectors of
// the widest loops, if all channels are.
func (f *winogradForm) part(channels, columns int) int {
	for channels*columns > f.strip && channels%32 == 0 {
		channels /= 2
	}
	return channels
}

const (
	// winogradGroup is how many channels, of images that are read and of results,
	// are transformed at a time.
	winogradGroup = 64

	// winogradSkew lies between the matrices of two places, in elements: a line
	// more than a power of two, or the places of a tile would share a few sets of
	// the caches.
	winogradSkew = 16
)

// A winogradWorker is the memory of one goroutine.
type winogradWorker struct {
	pass    winogradPass
	strip   []float32 // between two passes
	edge    []float32 // tiles that do not fit the result
	x, y, w []float32 // [places, ...], transformed
}

// An image is an array [n, h, w, c].
type image struct {
	data    []float32
	h, w, c int
}

// firstPixel is the number of the first pixel of a strip, a row of tiles of so many
// pixels, of which an image has rows, or that behind the image, where it ends before.
func (m *image) firstPixel(strip, rows, tile int) int {
	return (strip/rows*m.h + min(m.h, strip%rows*tile)) * m.w
}

// strips is the pixels of strips first to end.
func (m *image) strips(first, end, rows, tile int) []float32 {
	return m.data[m.firstPixel(first, rows, tile)*m.c : m.firstPixel(end, rows, tile)*m.c]
}

// A winogradSource is an image [n, h, w, c] that is cut into strips of tiles,
// rows of tiles of one image, tiles [terms, terms], step pixels from one to the next,
// whose first one starts pad pixels above and left of the image.
type winogradSource struct {
	image
	form             winogradForm
	pad, terms, step int
	rows, columns    int // of tiles in an image
	loop             func(*winogradPass)
	zeros            []float32
}

// width is the number of pixels that a strip covers.
func (s *winogradSource) width() int { return (s.columns-1)*s.step + s.terms }

// strips is the pixels of strips first to end, but for what the last shares with the
// next.
func (s *winogradSource) strips(first, end int) []float32 {
	return s.image.strips(first, end, s.rows, s.step)
}

// transform sets to [places, tiles, row] to the transformed tiles of count
// strips, channels first to first+channels. Places are stride elements apart.
func (s *winogradSource) transform(w *winogradWorker, to []float32, strip, count, first, channels, row, stride int) {
	part, edge := s.form.part(channels, s.columns), s.form.edge
	width := s.width()
	w.strip = grown(&w.strip, edge*width*part)
	s.clearPadding(w, part)
	for i := range count {
		for c := 0; c < channels; c += part {
			s.vertical(w, strip+i, first+c, part)
			p := &w.pass
			p.terms(s.terms, &w.strip[0], 4*part)
			p.to, p.toStride = &to[i*s.columns*row+c], 4*stride
			p.steps(part, s.columns, 4*s.step*part, 4*row, edge, 4*width*part, 4*edge*stride)
			s.loop(p)
		}
	}
}

// clearPadding clears what vertical leaves out of w.strip [edge, width, part].
func (s *winogradSource) clearPadding(w *winogradWorker, part int) {
	width := s.width()
	for i := range s.form.edge {
		row := w.strip[i*width*part:][:width*part]
		clear(row[:s.pad*part])
		clear(row[min(width, s.pad+s.w)*part:])
	}
}

// vertical transforms the columns of pixels of a strip. Rows outside of the
// image are zeros.
func (s *winogradSource) vertical(w *winogradWorker, strip, first, part int) {
	n, h := strip/s.rows, strip%s.rows*s.step-s.pad
	p := &w.pass
	for i := range s.terms {
		p.from[i] = &s.zeros[0]
		if uint(h+i) < uint(s.h) {
			p.from[i] = &s.data[((n*s.h+h+i)*s.w)*s.c+first]
		}
	}
	width := s.width()
	p.to, p.toStride = &w.strip[s.pad*part], 4*width*part
	p.steps(part, min(s.w, width-s.pad), 4*s.c, 4*part, 1, 0, 0)
	s.loop(p)
}
