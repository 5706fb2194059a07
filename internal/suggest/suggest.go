// Package suggest finds the word that a mistyped one was meant to be.
package suggest

import "strings"

// Nearest returns the entry of known with the smallest edit distance from word
// (insertions, deletions and substitutions of a byte, upper and lower case being
// the same), the first one of several. It returns "" if more than half of the
// longer word would have to change: then a suggestion would only confuse.
func Nearest(word string, known []string) string {
	nearest, least := "", len(word)+1
	for _, k := range known {
		d := distance(strings.ToLower(word), strings.ToLower(k))
		if d < least && 2*d <= max(len(word), len(k)) {
			nearest, least = k, d
		}
	}
	return nearest
}

// distance is the Levenshtein distance of a and b.
func distance(a, b string) int {
	row := make([]int, len(b)+1) // row[j]: distance of the part of a so far and b[:j]
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
