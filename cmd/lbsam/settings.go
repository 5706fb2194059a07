package main

import (
	"strings"

	"github.com/spf13/pflag"

	"lbsam/datasets"
	"lbsam/kernels"
	"lbsam/train"
)

// sections are the flags that set the fields of a train.Config, as they are
// grouped in the help. The values in c are their defaults.
var sections = []struct {
	title string
	add   func(f *pflag.FlagSet, c *train.Config)
}{
	{"Data and model", dataFlags},
	{"Minimizer", minimizerFlags},
	{"Base optimizer", optimizerFlags},
	{"Length and schedules", lengthFlags},
	{"Variants", variantFlags},
	{"Machine", machineFlags},
}

func dataFlags(f *pflag.FlagSet, c *train.Config) {
	f.StringVar(&c.Dataset, "dataset", c.Dataset, "data set: "+strings.Join(datasets.Names(), ", ")+"; folder:PATH is an ImageFolder at PATH")
	f.StringVar(&c.Data, "data", c.Data, "`folder` with its files or archives, as they come or where torchvision puts them")
	f.IntVar(&c.ImageSize, "image-size", c.ImageSize, "of ImageFolder and TinyImageNet: `pixels` to which the shorter side of an image is scaled, the longer one being cropped; 0: all must have one size")
	f.IntVar(&c.Channels, "channels", c.Channels, "of the same: 3 colours, 1 for grey; 0: 3, or 1 if all images are grey")
	f.StringVar(&c.Normalise, "normalise", c.Normalise, "mean and deviation with which pixels are normalised: published, those of the training data where none are; data: always those; none: 0 and 1")
	f.StringVar(&c.Model, "model", c.Model, "`name` of the model: see lbsam models")
	f.StringVar(&c.Init, "init", c.Init, "safetensors `file` with the first weights, for fine-tuning; else they are random")
	f.BoolVar(&c.Augment, "augment", c.Augment, "crop and mirror training images at random; =false: take them as they are")
	f.IntVar(&c.Cutout, "cutout", c.Cutout, "side, in `pixels`, of a square at a random place that is cut out of each training image (16 for CIFAR10, 8 for CIFAR100); 0: none")
	f.Float64Var(&c.Mixup, "mixup", c.Mixup, "`alpha` of mixup, such as 0.2: training images and labels of a batch are mixed in pairs, in a share drawn from Beta(alpha, alpha); 0: none")
	f.Float64Var(&c.Cutmix, "cutmix", c.Cutmix, "`alpha` of CutMix, such as 1: a box of each training image comes from another one of the batch, and that part of the label; with --mixup, half of the batches each; 0: none")
	f.Float64Var(&c.Dropout, "dropout", c.Dropout, "probability of dropout, in models that have it (wide ResNets)")
	f.Float64Var(&c.Smoothing, "label-smoothing", c.Smoothing, "part of each label that is spread over all classes")
	f.Float64Var(&c.ValSplit, "val-split", c.ValSplit, "part of the training set held out to select the best weights on; 0: select on test, as the published code does")
	f.StringVar(&c.Test, "test", c.Test, "when the test set is scored: behind all epochs, at the end of the run alone, or never, which need --val-split: epochs, end, never")
	f.Uint64Var(&c.Seed, "seed", c.Seed, "of the weights, the order of the data and the augmentation: two runs with one seed are equal bit for bit")
}

func minimizerFlags(f *pflag.FlagSet, c *train.Config) {
	f.StringVar(&c.Minimizer, "minimizer", c.Minimizer, "method: "+strings.Join(train.Minimizers(), ", ")+"; any case, dashes and underscores do not count")
	f.Float64Var(&c.Rho, "rho", c.Rho, "radius of the perturbation: about 0.05 for SAM, about 0.5 for ASAM; the published default is 0.5 for both")
	f.Float64Var(&c.Eta, "eta", c.Eta, "of ASAM: added to the magnitude of each weight that scales the perturbation; its paper has 0.01")
	f.IntVar(&c.K, "k", c.K, "ascents per step of Lookbehind, Multistep and PathMean; Lookbehind takes k+1 gradients per step, the published code 2k")
	f.Var(alpha{&c.Alpha, &c.Adaptive}, "alpha", "`number` from 0 to 1, of Lookbehind: how far the slow weights go towards the fast ones; adaptive (or -1): as far as the inner steps agree")
	f.StringVar(&c.AlphaScope, "alpha-scope", c.AlphaScope, "one adaptive alpha for each tensor (published), or a global one: tensor, global")
	f.Float64Var(&c.LookaheadAlpha, "lookahead-alpha", c.LookaheadAlpha, "of Lookahead: how far the slow weights go")
	f.IntVar(&c.LookaheadK, "lookahead-k", c.LookaheadK, "of Lookahead: steps between two pulls")
}

func optimizerFlags(f *pflag.FlagSet, c *train.Config) {
	f.StringVar(&c.Optimizer, "optimizer", c.Optimizer, "base optimizer: sgd, adamw (with --lr about 0.001)")
	f.Float64Var(&c.LR, "lr", c.LR, "learning rate, before --schedule")
	f.Float64Var(&c.Momentum, "momentum", c.Momentum, "of sgd")
	f.Float64Var(&c.WeightDecay, "weight-decay", c.WeightDecay, "of the base optimizer: the ascent sees none")
	f.Float64Var(&c.Dampening, "dampening", c.Dampening, "of sgd's momentum")
	f.BoolVar(&c.Nesterov, "nesterov", c.Nesterov, "Nesterov's momentum for sgd")
	f.Float64Var(&c.Beta1, "beta1", c.Beta1, "of adamw")
	f.Float64Var(&c.Beta2, "beta2", c.Beta2, "of adamw")
	f.Float64Var(&c.Eps, "eps", c.Eps, "of adamw")
	f.Float64Var(&c.Clip, "clip", c.Clip, "largest norm of a gradient, which is scaled down to it; 0: any")
}

func lengthFlags(f *pflag.FlagSet, c *train.Config) {
	f.IntVar(&c.Batch, "batch-size", c.Batch, "images per batch")
	f.IntVar(&c.Epochs, "epochs", c.Epochs, "passes over the training set")
	f.StringVar(&c.Schedule, "schedule", c.Schedule, "of the learning rate: multistep, cosine, linear (both to 0), constant")
	f.Var(numbers{&c.Milestones}, "milestones", "`epochs` at which multistep multiplies by gamma")
	f.Float64Var(&c.Gamma, "gamma", c.Gamma, "factor of multistep")
	f.Float64Var(&c.Warmup, "warmup", c.Warmup, "`epochs` in which the learning rate grows from 0")
	f.StringVar(&c.RhoSched, "rho-schedule", c.RhoSched, "of rho: the same names")
	f.IntVar(&c.LimitBatches, "limit-batches", c.LimitBatches, "batches per epoch and per evaluation, for a quick look; 0: all")
	f.IntVar(&c.EarlyStop, "early-stop", c.EarlyStop, "`epochs` without a better accuracy, on what selects the best weights, after which the run ends; 0: it goes to the end")
	f.IntVar(&c.MaxEvals, "max-evals", c.MaxEvals, "gradient evaluations after which the run ends, to compare methods at equal cost; 0: no limit")
}

func variantFlags(f *pflag.FlagSet, c *train.Config) {
	f.StringVar(&c.BNStats, "bn-stats", c.BNStats, "passes that move BatchNorm's running statistics: published (each of the 2k), first, none")
	f.IntVar(&c.Recalibrate, "recalibrate", c.Recalibrate, "training batches from which these statistics are computed anew before an evaluation; 0: as they are")
	f.Float64Var(&c.EMA, "ema", c.EMA, "`decay`, such as 0.999, of a moving average of the weights and of BatchNorm's statistics, which is evaluated and exported in their place; 0: none")
	f.BoolVar(&c.Reuse, "reuse", c.Reuse, "use the gradient of each perturbed point twice: k+1 instead of 2k evaluations, the same weights; =false: compute it again")
	f.BoolVar(&c.NewBatches, "new-batches", c.NewBatches, "a new batch for each inner step of Lookbehind")
	f.IntVar(&c.SAMMicro, "sam-m", c.SAMMicro, "m-sharpness: images per ascent; 0: the whole batch")
	f.IntVar(&c.Accumulate, "accumulate", c.Accumulate, "micro-batches into which a batch is split to save memory")
	f.StringVar(&c.Radius, "radius", c.Radius, "of Multistep: each ascent takes rho (step), all together do (budget), or they end on its sphere (projected)")
	f.StringVar(&c.Pull, "pull", c.Pull, "momentum when the slow weights pull the fast ones back: keep, reset, interpolate")
	f.BoolVar(&c.NoDecayNorm, "no-decay-norm", c.NoDecayNorm, "no weight decay for BatchNorm and biases")
	f.BoolVar(&c.NoPerturbNorm, "no-perturb-norm", c.NoPerturbNorm, "no perturbation of BatchNorm and biases")
}

func machineFlags(f *pflag.FlagSet, c *train.Config) {
	f.StringVar(&c.Device, "device", c.Device, "where to compute: "+strings.Join(kernels.Names(), ", "))
	f.StringVar(&c.Precision, "precision", c.Precision, "auto: tf32 on a GPU, else float32. tf32: products on tensor cores, as PyTorch has it; fp16, bf16: activations too; float64: on device ref. The devices cpu and ref emulate tf32, fp16 and bf16, slowly, to study them")
	f.Float64Var(&c.LossScale, "loss-scale", c.LossScale, "of fp16: multiplies the gradients of activations. A step with one that is too large is taken back")
	f.IntVar(&c.Threads, "threads", c.Threads, "of the devices cpu and ptxsim; 0: all processors. The result does not depend on it")
	f.BoolVar(&c.Recompute, "recompute", c.Recompute, "compute the activations inside residual blocks and the stem again for the gradient, in the place of keeping them: less memory, more time. The result does not depend on it")
	f.BoolVar(&c.Graphs, "graphs", c.Graphs, "on a GPU, record a step once and give it to the device in one piece from then on. The result does not depend on it")
	f.IntVar(&c.LogEvery, "log-every", c.LogEvery, "`steps` between two rows of metrics")
	f.BoolVar(&c.TensorBoard, "tensorboard", c.TensorBoard, "write the metrics for TensorBoard too, into the run folder; with images, and histograms of the weights")
	f.IntVar(&c.SaveEvery, "save-every", c.SaveEvery, "`steps` between two saved states within an epoch; 0: only at its end")
}

// addSettings adds all of them to the flags of a command.
func addSettings(f *pflag.FlagSet, c *train.Config) {
	for _, s := range sections {
		flags := newFlags()
		s.add(flags, c)
		addSection(f, s.title, flags)
	}
}

// addSome adds those with the given names, under one title.
func addSome(f *pflag.FlagSet, title string, c *train.Config, names ...string) {
	all, some := newFlags(), newFlags()
	addSettings(all, c)
	for _, name := range names {
		some.AddFlag(all.Lookup(name))
	}
	addSection(f, title, some)
}

// override returns c with the settings that were given.
func override(c train.Config, given *pflag.FlagSet) (train.Config, error) {
	own := newFlags()
	addSettings(own, &c)
	var err error
	given.Visit(func(f *pflag.Flag) {
		if setting := own.Lookup(f.Name); setting != nil && err == nil {
			err = setting.Value.Set(f.Value.String())
		}
	})
	return c, err
}

// difference is the flags that make b of a.
func difference(a, b train.Config) string { return strings.Join(differences(a, b), " ") }

// differences are the same, one by one.
func differences(a, b train.Config) (words []string) {
	flags := [2]*pflag.FlagSet{newFlags(), newFlags()}
	addSettings(flags[0], &a)
	addSettings(flags[1], &b)
	flags[1].VisitAll(func(f *pflag.Flag) {
		value := f.Value.String()
		switch {
		case value == flags[0].Lookup(f.Name).Value.String():
		case value == f.NoOptDefVal: // true
			words = append(words, "--"+f.Name)
		case f.NoOptDefVal != "":
			words = append(words, "--"+f.Name+"="+value)
		default:
			words = append(words, "--"+f.Name+" "+quote(value))
		}
	})
	return words
}
