package decl

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"khue/internal/kernel/errs"
)

// Pos is a place in a file, counted from 1. The zero Pos is unknown.
type Pos struct{ Line, Col int }

// Level says what a problem stops.
type Level uint8

// The levels.
const (
	Error   Level = iota // the package is refused
	Warning              // the author should look
	Info                 // the author may want to know
)

// String is the word that stands in reports.
func (l Level) String() string {
	switch l {
	case Warning:
		return "warning"
	case Info:
		return "info"
	}
	return "error"
}

// Problem is one fault of a declared file. The sentence stands under Key in the
// messages, its mend under Key + "-mend" where the sentence does not say it.
type Problem struct {
	File    string
	Pos     Pos
	Element string // path of the element: "pages[0].fields[3].requird"
	Level   Level
	Key     string
	Params  errs.Params
}

// String is the form of logs and tests: no sentence, no language.
func (p Problem) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s:%d:%d: %s: %s: %s", p.File, p.Pos.Line, p.Pos.Col, p.Level, p.Element, p.Key)
	keys := make([]string, 0, len(p.Params))
	for k := range p.Params {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	for _, k := range keys {
		fmt.Fprintf(&b, " %s=%v", k, p.Params[k])
	}
	return b.String()
}

// Problems are the faults of one or several files.
type Problems []Problem

// Failed reports whether any of them is an error.
func (ps Problems) Failed() bool {
	return slices.ContainsFunc(ps, func(p Problem) bool { return p.Level == Error })
}

// Sort orders by file and place.
func (ps Problems) Sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Col, b.Pos.Col), cmp.Compare(a.Key, b.Key))
	})
}

// Err is nil where nothing failed, otherwise an Invalid error with one field a problem.
func (ps Problems) Err() error {
	if !ps.Failed() {
		return nil
	}
	fields := make([]errs.Field, 0, len(ps))
	for _, p := range ps {
		if p.Level != Error {
			continue
		}
		fields = append(fields, errs.Field{
			Path: fmt.Sprintf("%s:%d:%d:%s", p.File, p.Pos.Line, p.Pos.Col, p.Element), Key: p.Key, Params: p.Params,
		})
	}
	return errs.E(errs.Invalid, "decl.refused", errs.P("n", len(fields)), errs.WithFields(fields...))
}

// Nearest returns the known word most like the one written, or "".
func Nearest(word string, known []string) string {
	best, limit := "", max(2, len(word)/3)+1
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < limit {
			best, limit = k, d
		}
	}
	return best
}

// distance is the number of letters to add, drop or change, capped by length.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			change := diagonal
			if a[i-1] != b[j-1] {
				change++
			}
			diagonal = row[j]
			row[j] = min(change, row[j]+1, row[j-1]+1)
		}
	}
	return row[len(b)]
}
