package analysis

import (
	"context"

	"lbsam/kernels"
	"lbsam/tensor"
)

// A Landscape is the loss around a model's weights w: at w + x·d, or at
// w + x·d + y·e over two axes, along random directions d and e (Li et al. 2018).
type Landscape struct {
	X           Grid   `json:"x"`
	Y           *Grid  `json:"y,omitempty"` // nil: a line
	Normalise   string `json:"normalise"`   // of Norms
	Tensors     string `json:"tensors"`     // of Tensors
	Recalibrate int    `json:"recalibrate"` // batches that give the running statistics of each point; 0: those of the model
	Seed        uint64 `json:"-"`
}

// A LandscapePoint is the score at a point.
type LandscapePoint struct {
	X float64  `json:"x"`
	Y *float64 `json:"y,omitempty"` // nil: of a line
	Score
}

// Run measures what the journal lacks, point by point, those of one y behind each
// other. All sites have the same model.
func (l Landscape) Run(ctx context.Context, sites []Site, journal *Journal[LandscapePoint], tell func(done, total int)) error {
	return survey{l.X, l.Y, l.Recalibrate, l.along}.run(ctx, sites, journal, tell)
}

// along returns what moves a site in the landscape: passes over the arena.
func (l Landscape) along(o *origin) mover {
	d := l.directions(o.Job)
	w := o.Params.Weights.Data
	return mover{
		to: func(at ...float64) {
			o.restoreWeights()
			for axis, v := range at {
				kernels.AddScaled(w, d[axis].Data, v)
			}
		},
		close: func() { free(d) },
	}
}

// free gives the memory of tensors back.
func free(list []*tensor.Tensor) {
	for _, t := range list {
		kernels.Release(t.Data)
	}
}

// A mover moves the model at a site to points. It allocates no memory.
type mover struct {
	to    func(at ...float64)
	close func()
}

// A survey measures the points of a grid.
type survey struct {
	x           Grid
	y           *Grid
	recalibrate int
	mover       func(o *origin) mover
}

// point is point i without its score.
func (s survey) point(i int) LandscapePoint {
	p := LandscapePoint{X: s.x.At(i % s.x.Points)}
	if s.y != nil {
		y := s.y.At(i / s.x.Points)
		p.Y = &y
	}
	return p
}

func (s survey) points() int {
	if s.y != nil {
		return s.x.Points * s.y.Points
	}
	return s.x.Points
}

func (s survey) run(ctx context.Context, sites []Site, journal *Journal[LandscapePoint], tell func(done, total int)) error {
	return fromOrigins(sites, func(origins []*origin) error {
		movers := make([]mover, len(origins))
		for i, o := range origins {
			if err := o.Guard(func() error { movers[i] = s.mover(o); return nil }); err != nil {
				return err
			}
			defer o.Guard(func() error { movers[i].close(); return nil }) // nothing is left to be done about an error
		}
		measure := func(ctx context.Context, site, i int) (LandscapePoint, error) {
			return s.measure(ctx, origins[site], movers[site], i)
		}
		return inOrder(ctx, len(sites), len(journal.Points), s.points(), measure, journal.adding(s.points(), tell))
	})
}

func (s survey) measure(ctx context.Context, o *origin, m mover, i int) (p LandscapePoint, err error) {
	p = s.point(i)
	err = o.Guard(func() error {
		if p.Y == nil {
			m.to(p.X)
		} else {
			m.to(p.X, *p.Y)
		}
		return nil
	})
	if err == nil {
		p.Score, err = o.score(ctx, s.recalibrate)
	}
	return p, err
}
