package train

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// interval appends v to metrics.jsonl, metrics.csv and the events.
func (f *Folder) interval(v Interval) error {
	if f == nil {
		return nil
	}
	if err := f.line(v); err != nil {
		return err
	}
	if err := f.events.interval(v); err != nil {
		return err
	}
	header := []string{"epoch", "step", "evals", "lr", "rho", "loss", "train_accuracy", "train_accuracy_perturbed",
		"loss_rise", "grad_norm", "perturbation_norm", "alpha_min", "alpha_mean", "alpha_max", "images_per_second", "wait_share"}
	row := []any{v.Epoch, v.Step, v.Evals, v.LR, v.Rho, v.Loss, v.Accuracy, v.PerturbedAccuracy,
		v.LossRise, v.GradNorm, v.Distance, v.AlphaMin, v.AlphaMean, v.AlphaMax, v.ImagesPerSecond, v.WaitShare}
	for i := range v.AscentLoss {
		header = append(header, fmt.Sprintf("ascent_loss_%d", i+1), fmt.Sprintf("descent_loss_%d", i+1))
		row = append(row, v.AscentLoss[i], v.DescentLoss[i])
	}
	return f.row("metrics.csv", header, row)
}

// epoch appends e to metrics.jsonl, epochs.csv and the events.
func (f *Folder) epoch(e Epoch) error {
	if f == nil {
		return nil
	}
	if err := f.line(e); err != nil {
		return err
	}
	if err := f.events.epoch(e); err != nil {
		return err
	}
	validation, test := []any{0.0, 0.0}, []any{"", ""}
	if e.Validation != nil {
		validation = []any{e.Validation.Loss, e.Validation.Accuracy}
	}
	if e.Tested() {
		test = []any{e.Test.Loss, e.Test.Accuracy}
	}
	return f.row("epochs.csv",
		[]string{"epoch", "step", "evals", "train_loss", "train_accuracy", "train_accuracy_perturbed", "test_loss", "test_accuracy",
			"validation_loss", "validation_accuracy", "best", "selected_on", "best_epoch", "seconds"},
		[]any{e.Epoch, e.Step, e.Evals, e.TrainLoss, e.TrainAccuracy, e.PerturbedAccuracy, test[0], test[1],
			validation[0], validation[1], e.Best, e.SelectedOn, e.BestEpoch, e.Seconds})
}

// line appends v to metrics.jsonl.
func (f *Folder) line(v any) (err error) {
	if f.metrics == nil {
		if f.metrics, err = appendTo(f.file("metrics.jsonl")); err != nil {
			return FolderError{fmt.Errorf("train: metrics: %w", err)}
		}
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("train: metrics: %w", err)
	}
	if _, err := f.metrics.Write(append(text, '\n')); err != nil {
		return FolderError{fmt.Errorf("train: metrics: %w", err)}
	}
	return nil
}

// row appends a row to a CSV file, with the header if the file is new.
func (f *Folder) row(name string, header []string, row []any) error {
	t := f.tables[name]
	if t == nil {
		file, err := appendTo(f.file(name))
		if err != nil {
			return FolderError{fmt.Errorf("train: metrics: %w", err)}
		}
		t = &table{file, csv.NewWriter(file)}
		f.tables[name] = t
		if info, err := file.Stat(); err == nil && info.Size() == 0 {
			t.writer.Write(header)
		}
	}
	cells := make([]string, len(row))
	for i, v := range row {
		cells[i] = fmt.Sprint(v)
	}
	t.writer.Write(cells)
	t.writer.Flush()
	if err := t.writer.Error(); err != nil {
		return FolderError{fmt.Errorf("train: metrics: %w", err)}
	}
	return nil
}

func appendTo(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
}

// rewind takes out of the metrics what lies behind a position: a resumed run
// does it again.
func (f *Folder) rewind(at position) error {
	keepJSON := func(line string) bool {
		var v struct {
			Kind        string
			Epoch, Step int
		}
		return json.Unmarshal([]byte(line), &v) == nil && v.Step <= at.Step && (v.Kind != "epoch" || v.Epoch <= at.Epoch)
	}
	if err := filter(f.file("metrics.jsonl"), keepJSON); err != nil {
		return err
	}
	// A step may be the last one of an epoch that is not evaluated yet.
	if err := filter(f.file("metrics.csv"), func(line string) bool { return keepRow(line, 1, at.Step) }); err != nil {
		return err
	}
	return filter(f.file("epochs.csv"), func(line string) bool { return keepRow(line, 0, at.Epoch) })
}

// keepRow reports whether a CSV line is the header or has no more than last in
// a column.
func keepRow(line string, column, last int) bool {
	cells, err := csv.NewReader(strings.NewReader(line)).Read()
	if err != nil || len(cells) <= column {
		return false
	}
	v, err := strconv.Atoi(cells[column])
	return err != nil || v <= last
}

// filter rewrites a file with the lines that keep wants. A file that is not
// there stays so.
func filter(path string, keep func(line string) bool) error {
	old, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return FolderError{fmt.Errorf("train: metrics: %w", err)}
	}
	var kept []byte
	lines := bufio.NewScanner(old)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		if keep(lines.Text()) {
			kept = append(append(kept, lines.Bytes()...), '\n')
		}
	}
	old.Close() // Windows replaces no file that is open
	if err := lines.Err(); err != nil {
		return FolderError{fmt.Errorf("train: metrics: %s: %w", path, err)}
	}
	if err := writeFile(path, kept); err != nil {
		return FolderError{fmt.Errorf("train: metrics: %w", err)}
	}
	return nil
}
