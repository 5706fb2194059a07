package figure

import (
	"image"
	"image/color"
	"image/draw"
	"math"
	"strings"

	"golang.org/x/image/vector"
)

// A brush covers areas of a picture with a colour, their edges in part.
type brush struct {
	raster   vector.Rasterizer
	coverage *image.Alpha // of the lines under way; nil: none yet
}

// fill covers areas, which may have holes: what two of opposite direction share.
func (b *brush) fill(dst draw.Image, c color.NRGBA, areas [][]point) {
	box := bounds(areas, dst.Bounds())
	if box.Empty() {
		return
	}
	b.trace(box, areas...)
	b.raster.Draw(dst, box, image.NewUniform(c), image.Point{})
}

// each covers areas that may overlap, whatever their direction.
func (b *brush) each(dst draw.Image, c color.NRGBA, areas [][]point) {
	for _, area := range areas {
		b.fill(dst, c, [][]point{area})
	}
}

// stroke covers lines. Each segment counts as often as it is most covered, so
// that the lines are even where segments meet.
func (b *brush) stroke(dst draw.Image, c color.NRGBA, lines [][]point, width float64, round bool) {
	whole := bounds(lines, image.Rectangle{}).Inset(-int(width) - 2).Intersect(dst.Bounds())
	if whole.Empty() {
		return
	}
	mask := image.NewAlpha(whole)
	for _, line := range lines {
		for i := range max(len(line)-1, min(len(line), 1)) {
			from, to := line[i], line[min(i+1, len(line)-1)]
			b.cover(mask, capsule(from, to, width/2, round || i > 0, round || i+2 < len(line)))
		}
	}
	draw.DrawMask(dst, whole, image.NewUniform(c), image.Point{}, mask, whole.Min, draw.Over)
}

// cover raises a mask to the coverage of an area.
func (b *brush) cover(mask *image.Alpha, area []point) {
	box := bounds([][]point{area}, mask.Rect)
	if box.Empty() {
		return
	}
	b.trace(box, area)
	if b.coverage == nil || b.coverage.Rect.Dx() < box.Dx() || b.coverage.Rect.Dy() < box.Dy() {
		b.coverage = image.NewAlpha(image.Rect(0, 0, 2*box.Dx(), 2*box.Dy()))
	}
	at := image.Rect(0, 0, box.Dx(), box.Dy())
	b.raster.DrawOp = draw.Src
	b.raster.Draw(b.coverage, at, image.Opaque, image.Point{})
	b.raster.DrawOp = draw.Over
	for y := range box.Dy() {
		from := b.coverage.Pix[y*b.coverage.Stride:][:box.Dx()]
		to := mask.Pix[mask.PixOffset(box.Min.X, box.Min.Y+y):][:box.Dx()]
		for x, v := range from {
			to[x] = max(to[x], v)
		}
	}
}

// trace makes areas the path of the rasterizer, whose origin is that of box.
func (b *brush) trace(box image.Rectangle, areas ...[]point) {
	b.raster.Reset(box.Dx(), box.Dy())
	for _, area := range areas {
		for i, at := range area {
			x, y := float32(at.x-float64(box.Min.X)), float32(at.y-float64(box.Min.Y))
			if i == 0 {
				b.raster.MoveTo(x, y)
			} else {
				b.raster.LineTo(x, y)
			}
		}
		b.raster.ClosePath()
	}
}

// bounds are the pixels that points touch, within frame unless that is empty.
func bounds(areas [][]point, frame image.Rectangle) image.Rectangle {
	x, y := none(), none()
	for _, area := range areas {
		for _, at := range area {
			x.take(at.x)
			y.take(at.y)
		}
	}
	if x.lo > x.hi {
		return image.Rectangle{}
	}
	box := image.Rect(int(math.Floor(x.lo)), int(math.Floor(y.lo)), int(math.Ceil(x.hi))+1, int(math.Ceil(y.hi))+1)
	if frame.Empty() {
		return box
	}
	return box.Intersect(frame)
}

// capsule is the area within r of the segment from a to b; ends that are not
// round are cut off straight.
func capsule(a, b point, r float64, roundA, roundB bool) []point {
	angle := math.Atan2(b.y-a.y, b.x-a.x)
	var area []point
	for _, end := range []struct {
		at    point
		from  float64
		round bool
	}{{b, angle - math.Pi/2, roundB}, {a, angle + math.Pi/2, roundA}} {
		steps := 1
		if end.round {
			steps = 8
		}
		for i := range steps + 1 {
			sin, cos := math.Sincos(end.from + math.Pi*float64(i)/float64(steps))
			area = append(area, point{end.at.x + r*cos, end.at.y + r*sin})
		}
	}
	return area
}

// circle is a circle, about.
func circle(at point, r float64) (area []point) {
	const corners = 24
	for i := range corners {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / corners)
		area = append(area, point{at.x + r*cos, at.y + r*sin})
	}
	return area
}

// dashed divides a line into the dashes of a stroke-dasharray, "" for a whole one.
func dashed(line []point, pattern string) (dashes [][]point) {
	if pattern == "" {
		return [][]point{line}
	}
	var lengths []float64
	for word := range strings.FieldsSeq(pattern) {
		lengths = append(lengths, zoom*pixels(word, 1))
	}
	k, left, dash := 0, lengths[0], line[:1:1] // in dash or gap k with this much left
	for i := 1; i < len(line); i++ {
		for at := line[i-1]; ; {
			length := math.Hypot(line[i].x-at.x, line[i].y-at.y)
			if length <= left {
				left -= length
				dash = append(dash, line[i])
				break
			}
			share := left / length
			at = point{at.x + share*(line[i].x-at.x), at.y + share*(line[i].y-at.y)}
			if k%2 == 0 {
				dashes = append(dashes, append(dash, at))
			}
			k = (k + 1) % len(lengths)
			left, dash = lengths[k], []point{at}
		}
	}
	if k%2 == 0 && len(dash) > 1 {
		dashes = append(dashes, dash)
	}
	return dashes
}
