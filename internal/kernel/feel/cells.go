package feel

// Cell is what a decision table's cell accepts, where the text alone tells:
// the ground of the checks for overlaps and gaps.
type Cell struct {
	Any     bool    // "-"
	Negated bool    // not(…)
	Tests   []Value // ranges; a single value is a range of one
}

// Cell is the cell of a compiled unary test; false where it is computed from
// variables.
func (e *Expr) Cell() (Cell, bool) {
	if e.cell == nil {
		return Cell{}, false
	}
	return *e.cell, true
}

// Compare orders two values of one ordered kind: numbers, strings, dates,
// times and durations. False for all others.
func Compare(a, b Value) (int, bool) { return order(a, b) }

// In tells whether a value lies in a range value.
func In(v, r Value) bool {
	return r.kind == KindRange && (&Run{steps: freeWork}).within(v, r.rng()) == isTrue
}

// Excludes tells whether a range value is of the form (!= x), and its x.
func (v Value) Excludes() (Value, bool) {
	if r := v.rng(); r != nil && r.op == rangeNotEqual {
		return r.lo, true
	}
	return Value{}, false
}

// constCell reads a cell whose tests are all constant; nil where one is not.
func (c *compiler) constCell(n *testsNode) *Cell {
	cell := &Cell{Any: n.any, Negated: n.negate}
	for _, t := range n.tests {
		if usesInput(t) {
			return nil
		}
		var v Value
		if u, ok := t.(*testNode); ok {
			fn, k := c.node(u.x)
			if !k {
				return nil
			}
			v = rangeForm(u.op, fn(nil))
		} else {
			fn, k := c.node(t)
			if !k {
				return nil
			}
			v = fn(nil)
		}
		if !cell.add(v) {
			return nil
		}
	}
	return cell
}

func rangeForm(op compareOp, v Value) Value {
	r := &Range{lo: v, hi: v, loIncl: true, hiIncl: true}
	switch op {
	case opEq:
		r.op = rangeEqual
	case opNe:
		r.op = rangeNotEqual
	case opLt, opLe:
		r.lo, r.op, r.hiIncl = Value{}, rangeBelow, op == opLe
	default:
		r.hi, r.op, r.loIncl = Value{}, rangeAbove, op == opGe
	}
	return Value{kind: KindRange, ref: r}
}

func (cell *Cell) add(v Value) bool {
	switch v.kind {
	case KindRange:
		cell.Tests = append(cell.Tests, v)
	case KindList:
		for _, e := range v.Items() {
			if e.kind == KindList || !cell.add(e) {
				return false
			}
		}
	case KindNull, KindContext, KindFunction:
		return false
	default:
		cell.Tests = append(cell.Tests, rangeForm(opEq, v))
	}
	return true
}
