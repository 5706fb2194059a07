package main

import (
	"strconv"
	"strings"
)

// wholes is the value of a flag that takes a list of whole numbers, of which 0 may
// be called all.
type wholes struct{ list *[]int }

// String is what Set takes.
func (w wholes) String() string {
	if w.list == nil {
		return ""
	}
	var words []string
	for _, v := range *w.list {
		words = append(words, strconv.Itoa(v))
	}
	return strings.Join(words, ",")
}

// Set replaces the list; an empty text empties it.
func (w wholes) Set(text string) error {
	list := []int{}
	for _, word := range split(text) {
		if strings.EqualFold(word, "all") {
			word = "0"
		}
		v, err := strconv.Atoi(word)
		if err != nil {
			return err
		}
		list = append(list, v)
	}
	*w.list = list
	return nil
}

// Type is what the flag wants.
func (wholes) Type() string { return "whole numbers with commas between them" }

// words is the value of a flag that takes a list of words.
type words struct{ list *[]string }

// String is what Set takes.
func (w words) String() string {
	if w.list == nil {
		return ""
	}
	return strings.Join(*w.list, ",")
}

// Set replaces the list, in lower case; an empty text empties it.
func (w words) Set(text string) error {
	*w.list = split(strings.ToLower(text))
	return nil
}

// Type is what the flag wants.
func (words) Type() string { return "words with commas between them" }

// split is what stands between commas.
func split(text string) []string {
	list := []string{}
	for word := range strings.SplitSeq(text, ",") {
		if word = strings.TrimSpace(word); word != "" {
			list = append(list, word)
		}
	}
	return list
}
