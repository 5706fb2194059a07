package train

import (
	"os"

	"lbsam/autograd"
	"lbsam/datasets"
	"lbsam/kernels"
	"lbsam/nn"
	"lbsam/optim"
	"lbsam/tensor"
)

// A Job is a training that is set up: what Open made of a Config.
type Job struct {
	Config Config
	Device *kernels.Device
	Data   *datasets.Dataset
	Model  *nn.Model
	Params *autograd.Params

	// SaveNow makes a run save its state behind the step under way and go on,
	// once for whatever arrives. It may be nil.
	SaveNow <-chan os.Signal

	// Head, unless it is 0, makes so many classes one after the other a head of
	// their own (multi-head): in training and in evaluation the logits of all
	// heads but the label's are masked. It must divide the number of classes, does
	// not go with label smoothing, and is set before the first step.
	Head int

	// Profile, unless it is nil, takes down the first steps of a run.
	Profile *Profile

	method   method
	lr, rho  optim.Schedule
	lrNow    float64
	rhoNow   float64
	training []int32 // samples to train on; nil: all
	held     []int32 // samples held out to select on; nil: none
	arena    *kernels.Arena
	reserved bool // see reserve
	tape     *autograd.Tape
	feeder   *feeder
	splits   map[*datasets.Split]deviceSplit
	lessons  deviceSplit // of Learn
	recorder recorder
	log      *optim.Log
	loss     tensor.Scalar
	correct  tensor.Scalar
	counted  []bool // passes of this step whose predictions were counted
	scored   scored
	undo     *undo
	ema      *optim.EMA       // nil: there is none
	kept     []*tensor.Tensor // running statistics while others are in their place
	at       position
}

// scored are the sums of an evaluation: of losses, and of right predictions.
type scored struct{ loss, correct tensor.Scalar }

// Open checks c, opens its device and its data and builds the model and the
// minimizer.
func Open(c Config) (*Job, error) {
	data, err := OpenData(&c)
	if err != nil {
		return nil, err
	}
	return OpenWith(c, data)
}

// OpenWith is Open for data that the caller has.
func OpenWith(c Config, data *datasets.Dataset) (*Job, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	d, err := kernels.Open(c.device())
	if err != nil {
		return nil, DeviceError{err}
	}
	return openOn(d, c, data)
}

// device says which device to open.
func (c Config) device() kernels.Config {
	d := kernels.Config{Name: c.Device, Threads: c.Threads}
	switch c.Precision {
	case "auto":
		d.Compute = kernels.ComputeBest
	case "tf32":
		d.Compute = kernels.ComputeTF32
	case "fp16":
		d.Compute = kernels.ComputeFloat16
	case "bf16":
		d.Compute = kernels.ComputeBFloat16
	case "float64":
		d.Precision = kernels.Float64
	}
	return d
}

// openOn is Open on a device, which the job owns from then on.
func openOn(d *kernels.Device, c Config, data *datasets.Dataset) (*Job, error) {
	j := &Job{Config: c, Device: d, Data: normalised(data, c.Normalise)}
	if err := j.guard(nil, j.open); err != nil {
		d.Close()
		return nil, err
	}
	return j, nil
}

func (j *Job) open() (err error) {
	c := j.Config
	j.Config.Dataset = j.Data.Name
	if c.ValSplit > 0 {
		if err := j.holdOutSome(c.ValSplit, c.Seed); err != nil {
			return err
		}
	}
	s := j.Data.Train
	j.Model, err = nn.New(j.Device, c.Model, len(j.Data.Classes), s.H, s.W, s.C, c.Seed)
	if err != nil {
		return UsageError{err.Error()}
	}
	j.Config.Model = j.Model.Name
	if c.Dropout > 0 && !j.Model.SetDropout(c.Dropout) {
		return usage("--dropout is %v, but %s has no dropout: use a wide ResNet such as wrn-16-8, or 0", c.Dropout, j.Model.Name)
	}
	if c.Recompute && !j.Model.SetRecompute(true) {
		return usage("--recompute computes activations of residual blocks again, but %s has none: leave it out, or use a residual network", j.Model.Name)
	}
	j.Params = autograd.NewParams(j.Model.Params())
	if c.Init != "" {
		if err := j.importWeights(c.Init); err != nil {
			return err
		}
	}
	j.method = newMethod(j.Config, j.Params, j.Model.Random())
	j.lr, j.rho = newSchedule(c, c.Schedule, j.length()), newSchedule(c, c.RhoSched, j.length())
	if c.Warmup > 0 {
		j.lr = optim.Warmup{Epochs: c.Warmup, Then: j.lr}
	}
	j.arena = kernels.NewArena(j.Device)
	j.tape = autograd.NewTape(j.arena)
	j.feeder = newFeeder(j.Device, j.Data, c, j.method.Batches())
	j.splits = map[*datasets.Split]deviceSplit{}
	j.recorder = recorder{device: j.Device, off: !c.Graphs, graphs: map[string]*kernels.Graph{}}
	j.log = optim.NewLog(j.Params, j.method.inner, c.LogEvery)
	j.log.Distances = true
	j.loss, j.correct = tensor.NewScalar(j.Device, 0), tensor.NewScalar(j.Device, 0)
	j.scored = scored{tensor.NewScalar(j.Device, 0), tensor.NewScalar(j.Device, 0)}
	var pieces []*tensor.Tensor
	if c.EMA > 0 || j.Device.Compute() == kernels.ComputeFloat16 {
		pieces = pack(j.Device, j.Model.Buffers())
	}
	j.ema = newEMA(j, pieces)
	if j.undo = newUndo(j, pieces); j.undo != nil {
		j.tape.LossScale = c.LossScale
	}
	j.counted = make([]bool, j.method.inner+1)
	return nil
}

// newEMA returns the average of the weights and of the running statistics of a
// job, which lie in pieces; nil where none is asked for.
func newEMA(j *Job, pieces []*tensor.Tensor) *optim.EMA {
	if j.Config.EMA == 0 {
		return nil
	}
	e := &optim.EMA{Of: []*tensor.Tensor{j.Params.Weights}, Decay: j.Config.EMA}
	for _, p := range pieces {
		if p.Data.Dtype() == j.Device.Precision() { // counters are no numbers to average
			e.Of = append(e.Of, p)
		}
	}
	return e
}

// Close ends the device's threads.
func (j *Job) Close() { j.Device.Close() }

// Evals is the number of gradient evaluations of one step.
func (j *Job) Evals() int { return j.method.Evals() }

// Notes are remarks that a user should read before the run starts.
func (j *Job) Notes() []string { return j.Config.Notes(j.Model.Random()) }

// Steps is the number of steps of one epoch.
func (j *Job) Steps() int {
	n := j.Data.Train.N
	if j.training != nil {
		n = len(j.training)
	}
	return j.Config.steps(n, j.method.Batches())
}

// length is how many epochs the run takes: the schedules span what --max-evals
// leaves of the epochs.
func (j *Job) length() float64 {
	epochs := float64(j.Config.Epochs)
	if budget := j.Config.MaxEvals; budget > 0 {
		epochs = min(epochs, float64(budget)/float64(j.Evals()*j.Steps()))
	}
	return epochs
}
