// Package train runs a training from a configuration: it opens the device and
// the data, builds the model and the minimizer, loops over epochs, evaluates,
// writes the run folder and resumes from it. The binary is a thin command line
// around it; other programs may use it the same way.
package train

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"lbsam/datasets"
	"lbsam/internal/suggest"
)

// Config is everything that decides a run. Its zero value is not useful;
// start from Published or Demo.
type Config struct {
	Dataset string `toml:"dataset"`
	Data    string `toml:"data"`  // folder of the data sets
	Model   string `toml:"model"` // see nn.Names
	Init    string `toml:"init"`  // safetensors file with the first weights; "": random ones

	ImageSize int    `toml:"image_size"` // of image files, see datasets.Images; 0: as they are
	Channels  int    `toml:"channels"`   // of image files, likewise
	Normalise string `toml:"normalise"`  // published, data or none

	Minimizer   string  `toml:"minimizer"` // see Minimizers
	Optimizer   string  `toml:"optimizer"` // base optimizer: sgd or adamw
	LR          float64 `toml:"lr"`
	Momentum    float64 `toml:"momentum"`
	Dampening   float64 `toml:"dampening"`
	Nesterov    bool    `toml:"nesterov"`
	WeightDecay float64 `toml:"weight_decay"`
	Beta1       float64 `toml:"beta1"` // of AdamW
	Beta2       float64 `toml:"beta2"`
	Eps         float64 `toml:"eps"`

	Rho            float64 `toml:"rho"`
	Eta            float64 `toml:"eta"`
	K              int     `toml:"k"`
	Alpha          float64 `toml:"alpha"` // unless Adaptive
	Adaptive       bool    `toml:"adaptive"`
	AlphaScope     string  `toml:"alpha_scope"`     // tensor or global
	Reuse          bool    `toml:"reuse"`           // gradients of perturbed points
	NewBatches     bool    `toml:"new_batches"`     // another batch for each inner step
	Radius         string  `toml:"radius"`          // of Multistep: step, budget or projected
	SAMMicro       int     `toml:"sam_m"`           // m-sharpness: images per ascent; 0: the batch
	Accumulate     int     `toml:"accumulate"`      // micro-batches per batch
	Clip           float64 `toml:"clip"`            // largest norm of a gradient; 0: any
	Pull           string  `toml:"pull"`            // momentum at a pull-back: keep, reset or interpolate
	LookaheadK     int     `toml:"lookahead_k"`     // steps between pulls of Lookahead
	LookaheadAlpha float64 `toml:"lookahead_alpha"` // and how far it pulls
	NoDecayNorm    bool    `toml:"no_decay_norm"`   // no weight decay for BatchNorm and biases
	NoPerturbNorm  bool    `toml:"no_perturb_norm"` // no perturbation of BatchNorm and biases

	BNStats     string `toml:"bn_stats"`    // published, first or none
	Recalibrate int    `toml:"recalibrate"` // batches that set the statistics anew before an evaluation

	EMA float64 `toml:"ema"` // decay of the average of the weights that is evaluated; 0: the weights themselves

	Batch      int       `toml:"batch"`
	Epochs     int       `toml:"epochs"`
	Schedule   string    `toml:"schedule"`   // of LR: multistep, cosine, linear or constant
	Milestones []float64 `toml:"milestones"` // of multistep, in epochs
	Gamma      float64   `toml:"gamma"`
	Warmup     float64   `toml:"warmup"`       // epochs
	RhoSched   string    `toml:"rho_schedule"` // of Rho, like Schedule

	Smoothing float64 `toml:"label_smoothing"`
	Dropout   float64 `toml:"dropout"` // of models that have it
	Augment   bool    `toml:"augment"`
	Cutout    int     `toml:"cutout"` // side of the square cut out of a training image; 0: none
	Mixup     float64 `toml:"mixup"`  // alpha of mixup; 0: none
	Cutmix    float64 `toml:"cutmix"` // alpha of CutMix; 0: none

	Seed         uint64  `toml:"seed"`
	ValSplit     float64 `toml:"val_split"`     // part of the training set held out to select on
	Test         string  `toml:"test"`          // when the test set is scored: epochs, end (of the run) or never
	LimitBatches int     `toml:"limit_batches"` // per epoch and evaluation; 0: all
	MaxEvals     int     `toml:"max_evals"`     // gradient evaluations; 0: no limit
	EarlyStop    int     `toml:"early_stop"`    // epochs without a better accuracy after which the run ends; 0: any
	LogEvery     int     `toml:"log_every"`     // steps
	SaveEvery    int     `toml:"save_every"`    // steps between states within an epoch; 0: none
	TensorBoard  bool    `toml:"tensorboard"`   // events for it in the run folder

	Device    string  `toml:"device"`
	Precision string  `toml:"precision"`  // auto, float32, tf32, fp16, bf16 or float64
	LossScale float64 `toml:"loss_scale"` // of fp16
	Threads   int     `toml:"threads"`    // of device cpu; 0: all processors
	Recompute bool    `toml:"recompute"`  // activations of residual blocks and the stem, in the backward pass
	Graphs    bool    `toml:"graphs"`     // record steps where the device can
}

// Published is the recipe of the published code: its defaults, with k 2 and
// an adaptive alpha, which that code has no default for.
func Published() Config {
	return Config{
		Dataset: "CIFAR10", Data: "data", Model: "resnet34", Normalise: "published",
		Minimizer: "LookbehindSAM", Optimizer: "sgd",
		LR: 0.1, Momentum: 0.9, WeightDecay: 5e-4, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8,
		Rho: 0.5, K: 2, Alpha: 0.5, Adaptive: true, AlphaScope: "tensor", Reuse: true,
		Radius: "step", Accumulate: 1, Pull: "keep", LookaheadK: 5, LookaheadAlpha: 0.8,
		BNStats: "published", Test: "epochs", Batch: 128, Epochs: 200,
		Schedule: "multistep", Milestones: []float64{50, 100, 150}, Gamma: 0.1, RhoSched: "constant",
		Augment: true, LogEvery: 20, TensorBoard: true, Device: "auto", Precision: "auto", LossScale: 1024, Graphs: true,
	}
}

// Demo is a small training that needs no files: Lookbehind-SAM on the
// synthetic set, under half a minute on two cores.
func Demo() Config {
	c := Published()
	c.Dataset, c.Model = "Synthetic", "resnet8-w8"
	c.LR, c.Rho, c.Batch, c.Epochs = 0.05, 0.05, 32, 3
	c.Schedule, c.Warmup = "cosine", 0.25
	return c
}

// Paper is what the authors' own commands say for a minimizer: the published
// recipe with rho 0.05, or 0.5 for the adaptive kinds (ASAM).
func Paper(minimizer string) Config {
	c := Published()
	if !strings.HasSuffix(fold(minimizer), "asam") {
		c.Rho = 0.05
	}
	return c
}

// Fast is a short recipe: resnet18 in 30 epochs, in which the learning rate
// grows for two epochs and falls to 0 along a cosine. Labels are smoothed,
// momentum is Nesterov's, and BatchNorm and biases do not decay.
func Fast() Config {
	c := Published()
	c.Model, c.Rho, c.Epochs = "resnet18", 0.05, 30
	c.Schedule, c.Warmup = "cosine", 2
	c.Smoothing, c.Nesterov, c.NoDecayNorm = 0.1, true, true
	return c
}

// A SettingError is a UsageError about the value of one setting, by the name
// of its flag.
type SettingError struct {
	Flag string
	Err  error
}

func (e SettingError) Error() string { return e.Err.Error() }
func (e SettingError) Unwrap() error { return e.Err }

// A UsageError is a setting that is out of range.
type UsageError struct{ Message string }

func (e UsageError) Error() string { return e.Message }

func usage(format string, args ...any) error { return UsageError{fmt.Sprintf(format, args...)} }

// Validate reports the first setting that is out of range, and makes the
// spelling of names uniform.
func (c *Config) Validate() error {
	if path, ok := strings.CutPrefix(c.Dataset, "folder:"); ok {
		c.Dataset, c.Data = "ImageFolder", path
	}
	for _, choice := range c.choices() {
		name, err := pick(choice.flag, *choice.value, choice.known)
		if err != nil {
			return SettingError{choice.flag, err}
		}
		*choice.value = name
	}
	return c.ranges()
}

// A choice is a setting that takes one of a few names.
type choice struct {
	flag  string
	value *string
	known []string
}

func (c *Config) choices() []choice {
	return []choice{
		{"dataset", &c.Dataset, datasets.Names()},
		{"normalise", &c.Normalise, []string{"published", "data", "none"}},
		{"minimizer", &c.Minimizer, Minimizers()},
		{"optimizer", &c.Optimizer, []string{"sgd", "adamw"}},
		{"alpha-scope", &c.AlphaScope, []string{"tensor", "global"}},
		{"radius", &c.Radius, []string{"step", "budget", "projected"}},
		{"pull", &c.Pull, []string{"keep", "reset", "interpolate"}},
		{"bn-stats", &c.BNStats, []string{"published", "first", "none"}},
		{"test", &c.Test, []string{"epochs", "end", "never"}},
		{"schedule", &c.Schedule, []string{"multistep", "cosine", "linear", "constant"}},
		{"rho-schedule", &c.RhoSched, []string{"multistep", "cosine", "linear", "constant"}},
		{"precision", &c.Precision, []string{"auto", "float32", "tf32", "fp16", "bf16", "float64"}},
	}
}

// Choices returns the names that each setting takes which takes a few only, by its
// flag.
func Choices() map[string][]string {
	all := map[string][]string{}
	for _, choice := range new(Config).choices() {
		all[choice.flag] = choice.known
	}
	return all
}

// ranges checks the numbers.
func (c *Config) ranges() error {
	for _, n := range []struct {
		flag   string
		value  float64
		lo, hi float64
	}{
		{"image-size", float64(c.ImageSize), 0, 1 << 14},
		{"lr", c.LR, 0, math.MaxFloat64}, {"momentum", c.Momentum, 0, 1}, {"dampening", c.Dampening, 0, 1},
		{"weight-decay", c.WeightDecay, 0, math.MaxFloat64}, {"beta1", c.Beta1, 0, 1}, {"beta2", c.Beta2, 0, 1},
		{"eps", c.Eps, 0, 1}, {"rho", c.Rho, 0, 1e6}, {"eta", c.Eta, 0, 1e6}, {"k", float64(c.K), 1, 1000},
		{"alpha", c.Alpha, 0, 1}, {"sam-m", float64(c.SAMMicro), 0, 1e9}, {"accumulate", float64(c.Accumulate), 1, max(1, float64(c.Batch))},
		{"clip", c.Clip, 0, math.MaxFloat64}, {"lookahead-k", float64(c.LookaheadK), 1, 1e6},
		{"lookahead-alpha", c.LookaheadAlpha, 0, 1}, {"recalibrate", float64(c.Recalibrate), 0, 1e9},
		{"batch-size", float64(c.Batch), 1, 1 << 20}, {"epochs", float64(c.Epochs), 1, 1e6},
		{"gamma", c.Gamma, 0, 1}, {"warmup", c.Warmup, 0, float64(c.Epochs)}, {"label-smoothing", c.Smoothing, 0, 1},
		{"dropout", c.Dropout, 0, 0.99}, {"loss-scale", c.LossScale, 1, 1 << 24}, {"val-split", c.ValSplit, 0, 0.9}, {"limit-batches", float64(c.LimitBatches), 0, 1e9},
		{"max-evals", float64(c.MaxEvals), 0, 1e12}, {"cutout", float64(c.Cutout), 0, 1e6},
		{"mixup", c.Mixup, 0, 1e3}, {"cutmix", c.Cutmix, 0, 1e3}, {"early-stop", float64(c.EarlyStop), 0, 1e6}, {"ema", c.EMA, 0, 0.999999}, {"log-every", float64(c.LogEvery), 1, 1e9},
		{"save-every", float64(c.SaveEvery), 0, 1e9}, {"threads", float64(c.Threads), 0, 1024},
	} {
		if !(n.value >= n.lo && n.value <= n.hi) { // NaN fails
			return SettingError{n.flag, usage("--%s is %s: want %s", n.flag, written(n.value), span(n.value, n.lo, n.hi))}
		}
	}
	switch {
	case c.Seed > math.MaxInt64:
		return SettingError{"seed", usage("--seed is %d: want a number below 2^63, the most that config.toml holds", c.Seed)}
	case c.Channels != 0 && c.Channels != 1 && c.Channels != 3:
		return usage("--channels is %d: want 3, 1 for grey, or 0 for what the images are", c.Channels)
	case (c.ImageSize != 0 || c.Channels != 0) && !slices.Contains(datasets.ImageSets(), c.Dataset):
		return usage("--image-size and --channels are for image files, which %s does not have: want --dataset %s",
			c.Dataset, strings.Join(datasets.ImageSets(), " or "))
	case c.Test != "epochs" && c.ValSplit == 0:
		return usage("--test %s leaves nothing to select the best weights on: want a --val-split above 0", c.Test)
	case c.SAMMicro > 0 && c.Accumulate > 1:
		return usage("--sam-m and --accumulate both split the batch: give one of them")
	case c.Nesterov && (c.Momentum == 0 || c.Dampening != 0):
		return usage("--nesterov needs --momentum above 0 and --dampening 0")
	}
	return nil
}

// span says which numbers there may be in the place of v. The upper bound of those
// that nobody reaches is told to who passed it.
func span(v, lo, hi float64) string {
	switch {
	case math.IsInf(v, 1) && hi == math.MaxFloat64:
		return fmt.Sprintf("a finite number of %s or more", written(lo))
	case hi > 1e5 && !(v > hi):
		return fmt.Sprintf("a number of %s or more", written(lo))
	}
	return fmt.Sprintf("a number from %s to %s", written(lo), written(hi))
}

// written is a number without an exponent, as long as that can be read.
func written(v float64) string {
	if math.Abs(v) < 1e15 && v == math.Trunc(v) {
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// pick finds name among known, whatever its case, dashes and underscores.
func pick(flag, name string, known []string) (string, error) {
	for _, k := range known {
		if fold(k) == fold(name) {
			return k, nil
		}
	}
	meant := ""
	if near := suggest.Nearest(fold(name), known); near != "" {
		meant = fmt.Sprintf(" (did you mean %s?)", near)
	}
	sorted := slices.Clone(known)
	return "", usage("unknown %s %q%s: want one of %s", flag, name, meant, strings.Join(sorted, ", "))
}

// fold makes names that differ in case, dashes and underscores equal.
func fold(name string) string {
	return strings.ToLower(strings.NewReplacer("-", "", "_", "").Replace(name))
}
