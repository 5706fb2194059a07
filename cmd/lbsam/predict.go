package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/spf13/cobra"

	"lbsam/datasets"
	"lbsam/train"
)

// predictFlags are the flags of predict that are no settings of the model.
type predictFlags struct {
	top       int
	csv, json bool
}

// newPredict returns the command predict.
func newPredict(a *app) *cobra.Command {
	c := train.Published()
	o := predictFlags{top: 5}
	cmd := &cobra.Command{
		Use:   "predict CHECKPOINT IMAGE|FOLDER|- ...",
		Short: "Classify image files",
		Long: `Classify image files (PNG, JPEG, WebP, GIF, BMP, TIFF) with the model in a safetensors file that train has written; of a
run folder, its best.safetensors. Images become colour or grey as the model has them, are scaled so that they just cover
its size, and cropped around their centre. A folder stands for all images in it and below, - for the paths on
standard input, one a line. What cannot be read is reported and left out, and the exit code is 3.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) < 2 {
				return usageError("predict: found %s, want a checkpoint and images: see %s --help", count(len(args), "argument"), cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case o.top < 1:
				return usageError("--top is %d: want 1 or more", o.top)
			case o.csv && o.json:
				return usageError("--csv and --json: give one of them")
			}
			var err error
			if c.Init, err = weightsOf(args[0]); err != nil {
				return err
			}
			return a.classify(cmd.Context(), c, o, args[1:], cmd.InOrStdin())
		},
	}
	addSome(cmd.Flags(), "Flags", &c, "batch-size", "device", "precision", "threads")
	f := newFlags()
	f.IntVar(&o.top, "top", o.top, "how many classes to name")
	f.BoolVar(&o.csv, "csv", false, "rows with commas between the cells")
	f.BoolVar(&o.json, "json", false, "a JSON object per image")
	addSection(cmd.Flags(), "Output", f)
	return cmd
}

// classify is the command.
func (a *app) classify(ctx context.Context, c train.Config, o predictFlags, args []string, stdin io.Reader) error {
	card, err := train.ReadCard(c.Init)
	if err != nil {
		return err
	}
	data, err := card.Data()
	if err != nil {
		return err
	}
	files, err := imagesOf(args, stdin)
	if err != nil {
		return err
	}
	c.Model, c.Minimizer = card.Model, baseline
	job, err := train.OpenWith(c, data)
	if err != nil {
		return err
	}
	defer job.Close()
	out, broken := a.newGuesses(o, len(card.Classes)), 0
	for part := range slices.Chunk(files, c.Batch) {
		n, err := a.classifySome(ctx, job, part, out)
		if err != nil {
			return err
		}
		broken += n
	}
	if broken > 0 {
		return train.DataError{Err: fmt.Errorf("%d of %d images could not be read", broken, len(files))}
	}
	return nil
}

// imagesOf returns the paths of the images that arguments stand for.
func imagesOf(args []string, stdin io.Reader) (files []string, err error) {
	for _, arg := range args {
		info, err := os.Stat(arg)
		switch {
		case arg == "-":
			lines := bufio.NewScanner(stdin)
			for lines.Scan() {
				if line := lines.Text(); line != "" {
					files = append(files, line)
				}
			}
			if err := lines.Err(); err != nil {
				return nil, train.DataError{Err: fmt.Errorf("standard input: %w", err)}
			}
		case err == nil && info.IsDir():
			found, err := datasets.ImageFiles(arg)
			if err != nil {
				return nil, train.DataError{Err: err}
			}
			files = append(files, found...)
		default:
			files = append(files, arg) // whether it is there shows when it is read
		}
	}
	if len(files) == 0 {
		return nil, train.DataError{Err: fmt.Errorf("found no image in %s: want files of PNG, JPEG, WebP, GIF, BMP or TIFF, or folders of them", strings.Join(args, ", "))}
	}
	return files, nil
}

// classifySome classifies one batch and returns how many of its images are broken.
func (a *app) classifySome(ctx context.Context, job *train.Job, files []string, out *guesses) (broken int, err error) {
	s := job.Data.Train
	images, errs := datasets.ReadImages(files, s.H, s.W, s.C)
	good := []int32{} // nil would mean all
	for i, err := range errs {
		if err == nil {
			good = append(good, int32(i))
		}
	}
	p, err := job.Predict(ctx, &images, good)
	if err != nil {
		return 0, err
	}
	row := 0
	for i, file := range files {
		if errs[i] != nil {
			fmt.Fprintf(a.stderr, "lbsam: %s: %v\n", plain(file), errs[i])
			err, broken = out.broken(file, errs[i]), broken+1
		} else {
			if class, _ := p.Best(row); class < 0 {
				return 0, train.CheckpointError{Err: fmt.Errorf("%s: the model answers %s with what is no finite number", job.Config.Init, file)}
			}
			err, row = out.image(file, p.Classes, p.Row(row)), row+1
		}
		if err != nil {
			return 0, err
		}
	}
	return broken, out.flush()
}

// A guess is a class and its probability.
type guess struct {
	Class       string  `json:"class"`
	Probability float32 `json:"probability"`
}

// topOf returns the n most probable classes, the first of equal ones first.
func topOf(classes []string, probabilities []float32, n int) (top []guess) {
	order := make([]int, len(classes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(probabilities[j], probabilities[i]) })
	for _, i := range order[:min(n, len(order))] {
		top = append(top, guess{classes[i], probabilities[i]})
	}
	return top
}

// guesses writes what images are taken for.
type guesses struct {
	*app
	predictFlags
	table *tabwriter.Writer
	rows  *csv.Writer
	began bool
}

func (a *app) newGuesses(o predictFlags, classes int) *guesses {
	o.top = min(o.top, classes)
	return &guesses{app: a, predictFlags: o, table: tabwriter.NewWriter(a.stdout, 0, 0, 2, ' ', 0), rows: csv.NewWriter(a.stdout)}
}

// guessed is a line of predict as JSON.
type guessed struct {
	Kind  string `json:"kind"` // "prediction"
	File  string `json:"file"`
	Error string `json:"error,omitempty"`
	*guess
	Top []guess `json:"top,omitempty"`
}

func (g *guesses) image(file string, classes []string, probabilities []float32) error {
	top := topOf(classes, probabilities, g.top)
	switch {
	case g.json:
		return g.result(guessed{Kind: "prediction", File: file, guess: &top[0], Top: top})
	case g.csv:
		if !g.began {
			g.began = true
			g.rows.Write(g.header()) // an error stays until flush
		}
		row := []string{file}
		for _, t := range top {
			row = append(row, t.Class, strconv.FormatFloat(float64(t.Probability), 'g', -1, 32))
		}
		return g.rows.Write(row)
	}
	fmt.Fprint(g.table, plain(file)) // an error stays until flush
	for _, t := range top {
		fmt.Fprintf(g.table, "\t%s %s", oneLine(t.Class), percent(float64(t.Probability)))
	}
	_, err := fmt.Fprintln(g.table)
	return err
}

// plain is a path as it is, or quoted if it would disturb the table.
func plain(path string) string {
	if strings.ContainsFunc(path, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(path)
	}
	return path
}

// header is the first row of a CSV file.
func (g *guesses) header() []string {
	row := []string{"file", "class", "probability"}
	for i := 2; i <= g.top; i++ {
		row = append(row, fmt.Sprintf("class_%d", i), fmt.Sprintf("probability_%d", i))
	}
	return row
}

// broken writes an image that cannot be read; people read about it on stderr.
func (g *guesses) broken(file string, err error) error {
	if !g.json {
		return nil
	}
	return g.result(guessed{Kind: "prediction", File: file, Error: err.Error()})
}

func (g *guesses) flush() error {
	if g.csv {
		g.rows.Flush()
		return g.rows.Error()
	}
	return g.table.Flush()
}
