package train

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"strings"
	"time"

	"lbsam/tensor"
	"lbsam/train/tensorboard"
)

// events tell TensorBoard how a run goes. A nil events tells nothing.
type events struct {
	job    *Job
	writer *tensorboard.Writer
	fresh  bool // nothing was trained before: there are images to show
}

// openEvents begins a file of events for the run of j, which goes on from its
// present step.
func (f *Folder) openEvents(j *Job) error {
	if f == nil || !j.Config.TensorBoard {
		return nil
	}
	fresh, from := j.at.Step == 0, int64(0)
	if !fresh {
		from = int64(j.at.Step) + 1
	}
	w, err := tensorboard.Create(f.Path, from)
	if err != nil {
		return FolderError{fmt.Errorf("train: events: %w", err)}
	}
	f.events = &events{j, w, fresh}
	if !fresh {
		return nil
	}
	config, err := os.ReadFile(f.file("config.toml"))
	if err != nil {
		return FolderError{fmt.Errorf("train: events: %w", err)}
	}
	e := &tensorboard.Event{Time: time.Now()}
	e.Text("configuration", "    "+strings.ReplaceAll(string(config), "\n", "\n    ")) // indented: as it is
	return f.events.write(e)
}

// close ends the file.
func (s *events) close() {
	if s != nil {
		s.writer.Close()
	}
}

func (s *events) write(e *tensorboard.Event) error {
	if err := s.writer.Write(e); err != nil {
		return FolderError{fmt.Errorf("train: events: %w", err)}
	}
	return nil
}

// interval shows the numbers of v, and once some images of its last batch.
func (s *events) interval(v Interval) error {
	if s == nil {
		return nil
	}
	e := &tensorboard.Event{Time: time.Now(), Step: int64(v.Step)}
	e.Scalar("train/loss", v.Loss)
	e.Scalar("train/accuracy", v.Accuracy)
	e.Scalar("schedule/lr", v.LR)
	e.Scalar("norm/gradient", v.GradNorm)
	e.Scalar("speed/images_per_second", v.ImagesPerSecond)
	e.Scalar("speed/wait_share", v.WaitShare)
	if strings.HasSuffix(s.job.Config.Minimizer, "SAM") {
		s.ascents(e, v)
	}
	if s.alphas() != nil {
		e.Scalar("alpha/min", v.AlphaMin)
		e.Scalar("alpha/mean", v.AlphaMean)
		e.Scalar("alpha/max", v.AlphaMax)
	}
	if s.fresh {
		s.fresh = false
		if err := s.images(e); err != nil {
			return err
		}
	}
	return s.write(e)
}

// ascents shows what a method measures that perturbs weights.
func (s *events) ascents(e *tensorboard.Event, v Interval) {
	e.Scalar("schedule/rho", v.Rho)
	e.Scalar("norm/perturbation", v.Distance)
	e.Scalar("train/accuracy_perturbed", v.PerturbedAccuracy)
	e.Scalar("inner/loss_rise", v.LossRise)
	for i := range v.AscentLoss {
		e.Scalar(fmt.Sprintf("inner/ascent_loss_%d", i+1), v.AscentLoss[i])
		e.Scalar(fmt.Sprintf("inner/descent_loss_%d", i+1), v.DescentLoss[i])
	}
}

// alphas are the adaptive ones of the last step, nil where there are none.
func (s *events) alphas() *tensor.Tensor {
	m, ok := s.job.method.Minimizer.(interface{ Alphas() *tensor.Tensor })
	if !ok || !s.job.Config.Adaptive {
		return nil
	}
	return m.Alphas()
}

// epoch shows the scores of e and how weights and alphas are distributed.
func (s *events) epoch(e Epoch) error {
	if s == nil {
		return nil
	}
	v := &tensorboard.Event{Time: time.Now(), Step: int64(e.Step)}
	v.Scalar("epoch/train_loss", e.TrainLoss)
	v.Scalar("epoch/train_accuracy", e.TrainAccuracy)
	if e.Tested() {
		v.Scalar("epoch/test_loss", e.Test.Loss)
		v.Scalar("epoch/test_accuracy", e.Test.Accuracy)
	}
	if e.Validation != nil {
		v.Scalar("epoch/validation_loss", e.Validation.Loss)
		v.Scalar("epoch/validation_accuracy", e.Validation.Accuracy)
	}
	v.Scalar("epoch/best", e.Best)
	v.Scalar("epoch/number", float64(e.Epoch))
	v.Scalar("epoch/seconds", e.Seconds)
	for _, p := range s.job.Params.List {
		if len(p.Shape()) > 1 { // the factors of products; the rest would double the file
			v.Histogram("weights/"+p.Name, p.Value.Floats())
		}
	}
	if a := s.alphas(); a != nil {
		v.Histogram("alpha", a.Floats())
	}
	return s.write(v)
}

// images shows the first images of the batch that is on the device, as the
// model saw them: cropped and mirrored.
func (s *events) images(e *tensorboard.Event) error {
	const shown, gap = 8, 2
	batch := s.job.feeder.slots[0]
	h, w, c := batch.x.Shape[1], batch.x.Shape[2], batch.x.Shape[3]
	n := min(shown, batch.n)
	x := batch.x.Part(0, n, h, w, c).Floats()
	row := image.NewNRGBA(image.Rect(0, 0, n*(w+gap)-gap, h)) // gaps are transparent
	for i := range n * h * w {
		pixel := x[i*c : (i+1)*c]
		at := func(channel int) uint8 { return s.brightness(pixel[channel%c], channel%c) }
		row.SetNRGBA(i/(h*w)*(w+gap)+i%w, i/w%h, color.NRGBA{at(0), at(1), at(2), 255})
	}
	var file bytes.Buffer
	if err := png.Encode(&file, row); err != nil {
		return fmt.Errorf("train: events: %w", err)
	}
	e.PNG("images", row.Rect.Dx(), row.Rect.Dy(), file.Bytes())
	return nil
}

// brightness is what was normalised to x.
func (s *events) brightness(x float64, channel int) uint8 {
	how := s.job.feeder.plain
	v := x*float64(how.Std[channel]) + float64(how.Mean[channel])
	return uint8(max(0, min(255, 255*v+0.5)))
}
