package feel

import (
	"fmt"
	"sort"
	"strings"
)

// Error is one mistake in an expression, or the reason why an evaluation was
// stopped. Key and Params name a message (Messages has both languages).
type Error struct {
	Key    string         // feel.…
	Params map[string]any // plain values; types and kinds as their FEEL names
	Line   int            // from 1; 0 when it has no place
	Column int            // from 1, in characters
	Offset int            // from 0, in bytes
}

// Error is the English message with its place.
func (e *Error) Error() string {
	if e.Line == 0 {
		return e.In("en")
	}
	return fmt.Sprintf("%d:%d: %s", e.Line, e.Column, e.In("en"))
}

// In is the message in "vi" or "en", without the place.
func (e *Error) In(lang string) string {
	m, ok := Messages[e.Key]
	if !ok {
		return e.Key
	}
	text := m.VI
	if lang == "en" {
		text = m.EN
	}
	for k, v := range e.Params {
		text = strings.ReplaceAll(text, "{"+k+"}", fmt.Sprint(v))
	}
	return text
}

// Errors are all mistakes that a compilation found, in source order. It is
// never empty where it is an error; errors.As finds the first *Error in it.
type Errors []*Error

func (e Errors) Error() string {
	parts := make([]string, len(e))
	for i, x := range e {
		parts[i] = x.Error()
	}
	return strings.Join(parts, "; ")
}

// Unwrap gives errors.As the single mistakes.
func (e Errors) Unwrap() []error {
	out := make([]error, len(e))
	for i, x := range e {
		out[i] = x
	}
	return out
}

func (e Errors) sorted() Errors {
	sort.SliceStable(e, func(i, j int) bool { return e[i].Offset < e[j].Offset })
	return e
}

// nearest is the candidate most like the name, or "" where none is close.
func nearest(name string, candidates []string) string {
	best, bestAt := "", 1+max(1, len([]rune(name))/3)
	for _, c := range candidates {
		if d := distance(strings.ToLower(name), strings.ToLower(c), bestAt); d < bestAt {
			best, bestAt = c, d
		}
	}
	return best
}

// distance is the edit distance of two words, cut off at limit; two letters
// exchanged are one slip.
func distance(a, b string, limit int) int {
	x, y := []rune(a), []rune(b)
	if len(x) > 64 || len(y) > 64 || len(x)-len(y) >= limit || len(y)-len(x) >= limit {
		return limit
	}
	row, older := make([]int, len(y)+1), make([]int, len(y)+1)
	before := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		older, before = before, older
		copy(before, row)
		diag := row[0]
		row[0] = i + 1
		for j := range y {
			cost := diag
			if x[i] != y[j] {
				cost++
			}
			diag = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				row[j+1] = min(row[j+1], older[j-1]+1)
			}
		}
	}
	return row[len(y)]
}
