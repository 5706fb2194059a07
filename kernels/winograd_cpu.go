package kernels

// winograd reports whether the device cpu computes g, and its gradients, in
// tiles of 4x4 results. It depends on the shape of an image and of the weight
// alone, so that a picture's result is the same in every batch.
//
// Where the direct sum leaves out the padding or tiles reach far beyond the
// image, little is gained.
func (g Conv) winograd() bool {
	covered := winogradTile * winogradTile * tiles(g.OH(), winogradTile) * tiles(g.OW(), winogradTile)
	return g.KH == winogradWindow && g.KW == winogradWindow && g.Stride == 1 && g.Pad < winogradWindow &&
		g.C%winogradChannels == 0 && g.OC%winogradChannels == 0 &&
		g.OH() >= winogradTile && g.OW() >= winogradTile && 2*covered <= 3*g.OH()*g.OW()
}

const (
	// winogradBlock is how many tiles are transformed at a time: they, their
	// products and the weights stay in the L2 cache.
	winogradBlock = 24

	// winogradSums is for how many tiles a task keeps sums, if it adds the
	// products of several groups of channels.
	winogradSums = 96

	// winogradGroup is how many channels, of images that are read and of results,
	// are transformed at a time.
	winogradGroup = 64

	// winogradStrip is how many tiles times channels go through both passes of
	// a transformation before the next: the L1 cache holds them in between.
	winogradStrip = 256

	// winogradSkew lies between the matrices of two places, in elements: a line
	// more than a power of two, or the 36 places of a tile would share a few
	// sets of the caches.
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

// firstPixel is the number of the first pixel of a strip, a row of tiles, of which an
// image has rows.
func (m *image) firstPixel(strip, rows int) int {
	return (strip/rows*m.h + strip%rows*winogradTile) * m.w
}

// strips is the pixels of strips first to end.
func (m *image) strips(first, end, rows int) []float32 {
	return m.data[m.firstPixel(first, rows)*m.c : m.firstPixel(end, rows)*m.c]
}

// A winogradSource is an image [n, h, w, c] that is cut into strips of tiles,
// rows of tiles of one image, tiles [terms, terms] whose first one starts pad
// pixels above and left of the image.
type winogradSource struct {
	image
	pad           int
	terms         int
	rows, columns int // of tiles in an image
	loop          func(*winogradPass)
	zeros         []float32
}

// width is the number of pixels that a strip covers.
func (s *winogradSource) width() int { return s.columns*winogradTile + s.terms - winogradTile }

// transform sets to [places, tiles, row] to the transformed tiles of count
// strips, channels first to first+channels. Places are stride elements apart.
func (s *winogradSource) transform(w *winogradWorker, to []float32, strip, count, first, channels, row, stride int) {
	part := winogradPart(channels, s.columns)
	width := s.width()
	w.strip = grown(&w.strip, winogradPlaces*max(part*width, part*s.columns))
	s.clearPadding(w, part)
	for i := range count {
		for c := 0; c < channels; c += part {
			s.vertical(w, strip+i, first+c, part)
			p := &w.pass
			p.terms(s.terms, &w.strip[0], 4*part)
			p.to, p.toStride = &to[i*s.columns*row+c], 4*stride
			p.steps(part, s.columns, 4*winogradTile*part, 4*row, 6, 4*width*part, 4*6*stride)
			s.loop(p)
		}
	}
}

// winogradPart is how many of some channels take part in one call of a loop:
// whole vectors of the widest loops, if all channels are.
func winogradPart(channels, columns int) int {
	for channels*columns > winogradStrip && channels%32 == 0 {
		channels /= 2
	}
	return channels
}

// clearPadding clears what vertical leaves out of w.strip [6, width, part].
func (s *winogradSource) clearPadding(w *winogradWorker, part int) {
	width := s.width()
	for i := range 6 {
		row := w.strip[i*width*part:][:width*part]
		clear(row[:s.pad*part])
		clear(row[min(width, s.pad+s.w)*part:])
	}
}

// vertical transforms the columns of pixels of a strip. Rows outside of the
// image are zeros.
func (s *winogradSource) vertical(w *winogradWorker, strip, first, part int) {
	n, h := strip/s.rows, strip%s.rows*winogradTile-s.pad
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
