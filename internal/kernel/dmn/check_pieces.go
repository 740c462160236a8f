package dmn

import (
	"slices"
	"strings"

	"khue/internal/kernel/feel"
)

// piece is a part of an input's values within which all cells are constant:
// one value, the open span between two, or whatever no cell names.
type piece struct {
	lo, hi feel.Value // null: endless
	point  bool
	other  bool
}

// newColumn is false where the cells name too many values.
func newColumn(ct *compiledTable, i int) (column, bool) {
	in := &ct.inputs[i]
	col := column{name: in.text, match: make([][]bool, len(ct.rules)), opaque: make([]bool, len(ct.rules))}
	cells := make([]*feel.Cell, len(ct.rules))
	var bounds []feel.Value
	tests := 0
	ordered := in.info.t.Kind() != feel.KindString && in.info.t.Kind() != feel.KindBoolean
	for r := range ct.rules {
		x := ct.rules[r].tests[i]
		if x == nil {
			continue
		}
		cell, ok := x.Cell()
		if !ok {
			col.opaque[r] = true
			continue
		}
		if cell.Any {
			continue
		}
		if tests += len(cell.Tests); tests > maxBounds {
			return col, false
		}
		cells[r] = &cell
		bounds, ordered = addBounds(bounds, cell, ordered)
	}
	allowed := allowedCells(in)
	for _, a := range allowed {
		if tests += len(a.Tests); tests > maxBounds {
			return col, false
		}
		bounds, ordered = addBounds(bounds, a, ordered)
	}
	col.pieces = cut(bounds, in.info.t.Kind(), ordered)
	for _, a := range allowed {
		col.pieces = slices.DeleteFunc(col.pieces, func(p piece) bool { return !p.in(a) })
	}
	for r, cell := range cells {
		if cell == nil {
			continue
		}
		col.match[r] = make([]bool, len(col.pieces))
		for p := range col.pieces {
			col.match[r][p] = col.pieces[p].in(*cell)
		}
	}
	return col, true
}

// allowedCells are what restricts an input: its own values, and its type's.
func allowedCells(in *tableInput) []feel.Cell {
	var out []feel.Cell
	for _, x := range []*feel.Expr{in.allowed, in.info.allowed} {
		if x == nil {
			continue
		}
		if c, ok := x.Cell(); ok && !c.Any {
			out = append(out, c)
		}
	}
	return out
}

// addBounds gathers the values that a cell names; a cell that speaks of less
// or more makes the column an ordered one.
func addBounds(bounds []feel.Value, c feel.Cell, ordered bool) ([]feel.Value, bool) {
	for _, t := range c.Tests {
		lo, _, hi, _, _ := t.Bounds()
		if lo.IsNull() || hi.IsNull() || !feel.Equal(lo, hi) {
			ordered = true
		}
		for _, v := range []feel.Value{lo, hi} {
			if !v.IsNull() && !slices.ContainsFunc(bounds, func(b feel.Value) bool { return feel.Equal(b, v) }) {
				bounds = append(bounds, v)
			}
		}
	}
	return bounds, ordered
}

// cut makes the pieces of a column from the values that its cells name.
func cut(bounds []feel.Value, kind feel.Kind, ordered bool) []piece {
	if kind == feel.KindBoolean {
		return []piece{{lo: feel.Bool(true), point: true}, {lo: feel.Bool(false), point: true}}
	}
	for _, b := range bounds {
		if _, ok := feel.Compare(b, bounds[0]); !ok {
			ordered = false
		}
	}
	if !ordered {
		out := make([]piece, 0, len(bounds)+1)
		for _, b := range bounds {
			out = append(out, piece{lo: b, point: true})
		}
		return append(out, piece{other: true})
	}
	slices.SortFunc(bounds, func(a, b feel.Value) int { c, _ := feel.Compare(a, b); return c })
	var out []piece
	last := feel.Null()
	for _, b := range bounds {
		if !nextDay(last, b) {
			out = append(out, piece{lo: last, hi: b})
		}
		out = append(out, piece{lo: b, point: true})
		last = b
	}
	return append(out, piece{lo: last})
}

// nextDay tells whether no date lies between two.
func nextDay(a, b feel.Value) bool {
	if a.Kind() != feel.KindDate || b.Kind() != feel.KindDate {
		return false
	}
	x, _ := a.GoTime(nil)
	y, _ := b.GoTime(nil)
	return y.Sub(x).Hours() <= 24
}

// in tells whether a cell accepts the whole piece.
func (p piece) in(c feel.Cell) bool {
	hit := slices.ContainsFunc(c.Tests, p.inRange)
	return hit != c.Negated
}

func (p piece) inRange(r feel.Value) bool {
	if x, ok := r.Excludes(); ok {
		return !p.point || !feel.Equal(p.lo, x)
	}
	if p.other {
		return false
	}
	if p.point {
		return feel.In(p.lo, r)
	}
	lo, _, hi, _, _ := r.Bounds()
	if lo.IsNull() && hi.IsNull() {
		return false
	}
	return (lo.IsNull() || !p.lo.IsNull() && notAfter(lo, p.lo)) && (hi.IsNull() || !p.hi.IsNull() && notAfter(p.hi, hi))
}

func notAfter(a, b feel.Value) bool {
	c, ok := feel.Compare(a, b)
	return ok && c <= 0
}

// describe says which values some pieces of a column are, neighbours joined.
func (c *column) describe(pieces []int) string {
	var parts []string
	for i := 0; i < len(pieces); {
		j := i
		for j+1 < len(pieces) && pieces[j+1] == pieces[j]+1 && !c.pieces[pieces[i]].other && !c.pieces[pieces[j+1]].other && c.spans() {
			j++
		}
		parts = append(parts, c.span(pieces[i], pieces[j]))
		i = j + 1
	}
	return strings.Join(parts, " / ")
}

// spans tells whether the pieces are stretches of an order.
func (c *column) spans() bool {
	return slices.ContainsFunc(c.pieces, func(p piece) bool { return !p.point && !p.other })
}

func (c *column) span(from, to int) string {
	a, b := c.pieces[from], c.pieces[to]
	switch {
	case a.other:
		return c.name + " = …"
	case from == to && a.point:
		return c.name + " = " + quoted(a.lo)
	}
	hi := b.hi
	if b.point {
		hi = b.lo
	}
	lo, closeHi := "(", ")"
	if a.point {
		lo = "["
	}
	if b.point {
		closeHi = "]"
	}
	switch {
	case a.lo.IsNull() && hi.IsNull():
		return c.name + " = …"
	case a.lo.IsNull():
		return c.name + map[string]string{")": " < ", "]": " <= "}[closeHi] + quoted(hi)
	case hi.IsNull():
		return c.name + map[string]string{"(": " > ", "[": " >= "}[lo] + quoted(a.lo)
	}
	return c.name + " in " + lo + quoted(a.lo) + ".." + quoted(hi) + closeHi
}

func quoted(v feel.Value) string {
	if v.Kind() == feel.KindString {
		return feel.ListOf(v).String()[1 : len(feel.ListOf(v).String())-1]
	}
	return v.String()
}
