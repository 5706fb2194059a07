package report

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"html/template"
	"image"
	"image/color"
	"image/png"
	"slices"

	"lbsam/datasets"
	"lbsam/internal/figure"
	"lbsam/train"
)

const (
	pairsMost    = 10 // pairs of classes that are listed
	mistakesMost = 24 // pictures
	barsMost     = 20 // classes with a bar
)

// A pair is a label and another class that was predicted.
type pair struct {
	Label, Predicted string
	Count            int
	Share            float64 // of the images with that label
}

// worstPairs are the pairs with the most mistakes.
func worstPairs(classes []string, confusion [][]int) (pairs []pair) {
	for label, row := range confusion {
		for predicted, count := range row {
			if predicted != label && count > 0 {
				pairs = append(pairs, pair{classes[label], classes[predicted], count, float64(count) / float64(sum(row))})
			}
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(b.Count, a.Count) })
	return pairs[:min(len(pairs), pairsMost)]
}

func sum(row []int) (n int) {
	for _, v := range row {
		n += v
	}
	return n
}

// confusionFigure shows how the labels were predicted.
func confusionFigure(classes []string, confusion [][]int) figure.Matrix {
	m := figure.Matrix{Title: "Confusion matrix", RowLabel: "label", ColLabel: "predicted", Names: classes}
	for _, row := range confusion {
		shares, texts := make([]float64, len(row)), make([]string, len(row))
		for j, count := range row {
			if count > 0 {
				shares[j], texts[j] = float64(count)/float64(sum(row)), fmt.Sprint(count)
			}
		}
		m.Share, m.Text = append(m.Share, shares), append(m.Text, texts)
	}
	return m
}

// A class is how well the images of one class were predicted.
type class struct {
	Name           string
	Right, Images  int
	Recall         float64 // right ones of those with the label
	Precision      float64 // right ones of those predicted
	Seen, Foretold bool    // there are any of these
}

// perClass lists the classes that have images, or were predicted, in their order.
func perClass(classes []string, confusion [][]int) (list []class) {
	for i, name := range classes {
		c, predicted := class{Name: name, Right: confusion[i][i], Images: sum(confusion[i])}, 0
		for _, row := range confusion {
			predicted += row[i]
		}
		c.Seen, c.Foretold = c.Images > 0, predicted > 0
		c.Recall = float64(c.Right) / float64(max(c.Images, 1))
		c.Precision = float64(c.Right) / float64(max(predicted, 1))
		list = append(list, c)
	}
	return list
}

// classFigure shows the accuracy of each class, of many those with the lowest.
func classFigure(all []class) figure.Bars {
	f := figure.Bars{Title: "Accuracy per class", Full: 1}
	var shown []class
	for _, c := range all {
		if c.Seen {
			shown = append(shown, c)
		}
	}
	if len(shown) > barsMost {
		slices.SortStableFunc(shown, func(a, b class) int { return cmp.Compare(a.Recall, b.Recall) })
		f.Title = fmt.Sprintf("Accuracy per class: the lowest %d of %d", barsMost, len(shown))
		shown = shown[:barsMost]
	}
	for _, c := range shown {
		f.Bars = append(f.Bars, figure.Bar{Name: c.Name, Value: c.Recall, Text: fmt.Sprintf("%.1f%% of %d", 100*c.Recall, c.Images)})
	}
	return f
}

// A mistake is an image that was predicted wrongly.
type mistake struct {
	Index            int
	Label, Predicted string
	Probability      float32
	Picture          template.URL
}

// mistakes are the wrong predictions of the largest probability, so many at most;
// image i of p is image i of the split.
func mistakes(p train.Predictions, split *datasets.Split, most int) (list []mistake) {
	for i, label := range p.Labels {
		if best, probability := p.Best(i); best >= 0 && best != int(label) {
			list = append(list, mistake{Index: i, Label: p.Classes[label], Predicted: p.Classes[best], Probability: probability})
		}
	}
	slices.SortStableFunc(list, func(a, b mistake) int { return cmp.Compare(b.Probability, a.Probability) })
	list = list[:min(len(list), most)]
	for i := range list {
		list[i].Picture = picture(split, list[i].Index)
	}
	return list
}

// picture is sample i of a split as a data URI with a PNG. Images of 1 channel are
// grey; of more than 3 the first three are shown.
func picture(s *datasets.Split, i int) template.URL {
	pixels := s.Image(i)
	img := image.NewNRGBA(image.Rect(0, 0, s.W, s.H))
	for at := range s.H * s.W {
		p := pixels[at*s.C : (at+1)*s.C]
		c := color.NRGBA{p[0], p[0], p[0], 255}
		if s.C >= 3 {
			c.G, c.B = p[1], p[2]
		}
		img.SetNRGBA(at%s.W, at/s.W, c)
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		panic(err) // nothing fails in memory
	}
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(b.Bytes()))
}
