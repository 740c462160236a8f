package feel

import "github.com/cockroachdb/apd/v3"

// maxValueDepth bounds how deep equality and text look into lists of lists.
const maxValueDepth = 500

// truth is the three-valued outcome of a comparison.
type truth int8

const (
	isFalse truth = iota
	isTrue
	isNull
)

func truthOf(b bool) truth {
	if b {
		return isTrue
	}
	return isFalse
}

func (t truth) value() Value {
	switch t {
	case isTrue:
		return Value{kind: KindBoolean, n: 1}
	case isFalse:
		return Value{kind: KindBoolean}
	}
	return Value{}
}

// Equal tells whether two values are equal in FEEL; values of different
// kinds and functions are not.
func Equal(a, b Value) bool {
	left := freeWork
	return equal(a, b, 0, &left) == isTrue
}

// freeWork is how many elements are looked at where no run counts them: a
// few shared lists can stand for more elements than memory holds.
const freeWork = 1_000_000

// equal is FEEL's = on the run's budget.
func (r *Run) equal(a, b Value) truth {
	t := equal(a, b, 0, &r.steps)
	if r.steps < 0 {
		r.Spend(0)
		return isNull
	}
	return t
}

// equal is FEEL's =: null where the kinds cannot be compared. Each element
// looked at takes one from left.
func equal(a, b Value, depth int, left *int) truth {
	if a.kind == KindNull || b.kind == KindNull {
		return truthOf(a.kind == b.kind)
	}
	if a.kind != b.kind || depth > maxValueDepth {
		return isNull
	}
	switch a.kind {
	case KindBoolean, KindDate, KindYearsMonths:
		return truthOf(a.n == b.n)
	case KindNumber:
		return truthOf(numCmp(a, b) == 0)
	case KindString:
		return truthOf(a.str() == b.str())
	case KindTime, KindDateTime, KindDaysTime:
		c, ok := order(a, b)
		return truthOf(ok && c == 0)
	case KindList:
		x, y := a.Items(), b.Items()
		if len(x) != len(y) {
			return isFalse
		}
		for i := range x {
			if *left--; *left < 0 {
				return isNull
			}
			if t := equal(x[i], y[i], depth+1, left); t != isTrue {
				return isFalse
			}
		}
		return isTrue
	case KindContext:
		x := a.Entries()
		if len(x) != len(b.Entries()) {
			return isFalse
		}
		for _, e := range x {
			if *left--; *left < 0 {
				return isNull
			}
			other, ok := b.Get(e.Name)
			if !ok || equal(e.Value, other, depth+1, left) != isTrue {
				return isFalse
			}
		}
		return isTrue
	case KindRange:
		x, y := a.rng(), b.rng()
		return truthOf(x.op == y.op && x.loIncl == y.loIncl && x.hiIncl == y.hiIncl &&
			equal(x.lo, y.lo, depth+1, left) == isTrue && equal(x.hi, y.hi, depth+1, left) == isTrue)
	}
	return isNull
}

// order compares two ordered values of one kind; a date and a date and time
// compare as the date's midnight in UTC.
func order(a, b Value) (int, bool) {
	if a.kind != b.kind {
		if a.kind == KindDate && b.kind == KindDateTime {
			return orderDateTimes(midnight(a.n), b.dt()), true
		}
		if a.kind == KindDateTime && b.kind == KindDate {
			return orderDateTimes(a.dt(), midnight(b.n)), true
		}
		return 0, false
	}
	switch a.kind {
	case KindNumber:
		return numCmp(a, b), true
	case KindString:
		x, y := a.str(), b.str()
		switch {
		case x < y:
			return -1, true
		case x > y:
			return 1, true
		}
		return 0, true
	case KindDate, KindYearsMonths:
		return cmp64(a.n, b.n), true
	case KindDaysTime:
		if c := cmp64(a.n, b.n); c != 0 {
			return c, true
		}
		return cmp64(int64(a.sub), int64(b.sub)), true
	case KindTime:
		x, y := a.zone(), b.zone()
		ns1, ns2 := a.n, b.n
		if x != nil && y != nil {
			ns1 -= int64(x.timeOffset()) * nsPerSec
			ns2 -= int64(y.timeOffset()) * nsPerSec
		}
		return cmp64(floorDiv(ns1, nsPerSec), floorDiv(ns2, nsPerSec)), true
	case KindDateTime:
		return orderDateTimes(a.dt(), b.dt()), true
	}
	return 0, false
}

// orderDateTimes reads a local one in the other's zone. Times compare by whole
// seconds, as DMN defines their value.
func orderDateTimes(a, b *dateTime) int {
	if a.z == nil || b.z == nil {
		if c := cmp64(a.date, b.date); c != 0 {
			return c
		}
		return cmp64(a.ns/nsPerSec, b.ns/nsPerSec)
	}
	return cmp64(a.epoch(), b.epoch())
}

func cmp64(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (r *Run) compare(op compareOp, a, b Value) truth {
	switch op {
	case opEq:
		return r.equal(a, b)
	case opNe:
		t := r.equal(a, b)
		if t == isNull {
			return isNull
		}
		return truthOf(t == isFalse)
	}
	c, ok := order(a, b)
	if !ok {
		return isNull
	}
	switch op {
	case opLt:
		return truthOf(c < 0)
	case opLe:
		return truthOf(c <= 0)
	case opGt:
		return truthOf(c > 0)
	}
	return truthOf(c >= 0)
}

// within tells whether a value lies in a range.
func (run *Run) within(v Value, r *Range) truth {
	switch r.op {
	case rangeEqual:
		return run.equal(v, r.lo)
	case rangeNotEqual:
		return run.compare(opNe, v, r.lo)
	}
	if v.kind == KindNull || r.op == rangeBounds && (r.lo.kind == KindNull || r.hi.kind == KindNull) {
		return isNull
	}
	lo, hi := opGe, opLe
	if !r.loIncl {
		lo = opGt
	}
	if !r.hiIncl {
		hi = opLt
	}
	t := isTrue
	if r.op != rangeBelow {
		t = run.compare(lo, v, r.lo)
	}
	if t == isTrue && r.op != rangeAbove {
		t = run.compare(hi, v, r.hi)
	}
	return t
}

// passes is the meaning of e1 in e2 where e2 is a value: in the range, in the
// list (or in a range of the list), or equal.
func (r *Run) passes(v, test Value, depth int) truth {
	if depth > maxValueDepth {
		return isNull
	}
	switch test.kind {
	case KindRange:
		if v.kind == KindRange {
			return r.equal(v, test)
		}
		return r.within(v, test.rng())
	case KindList:
		if v.kind == KindList && r.equal(v, test) == isTrue {
			return isTrue
		}
		out := isFalse
		for _, e := range test.Items() {
			if !r.Spend(1) {
				return isNull
			}
			t := isFalse
			if e.kind == KindRange {
				t = r.passes(v, e, depth+1)
			} else {
				t = r.equal(v, e)
			}
			switch t {
			case isTrue:
				return isTrue
			case isNull:
				if e.kind == KindRange {
					out = isNull
				}
			}
		}
		return out
	}
	return r.equal(v, test)
}

func arith(op byte, a, b Value) Value {
	if a.kind == KindNumber && b.kind == KindNumber {
		switch op {
		case '+':
			return numAdd(a, b)
		case '-':
			return numSub(a, b)
		case '*':
			return numMul(a, b)
		case '/':
			return numDiv(a, b)
		}
		return numPow(a, b)
	}
	switch op {
	case '+':
		return add(a, b)
	case '-':
		return subtract(a, b)
	case '*':
		if a.kind == KindNumber {
			a, b = b, a
		}
		return scaleDuration(a, b, false)
	case '/':
		switch {
		case a.kind == KindYearsMonths && b.kind == a.kind:
			return numDiv(Number(a.n), Number(b.n))
		case a.kind == KindDaysTime && b.kind == a.kind:
			return numDiv(big(a.durationDecimal()), big(b.durationDecimal()))
		}
		return scaleDuration(a, b, true)
	}
	return Value{}
}

func numPow(a, b Value) Value {
	if b.ref == nil && b.exp == 0 && b.n == 2 {
		return numMul(a, a)
	}
	d := new(apd.Decimal)
	x, y := a.dec(), b.dec()
	// Beyond these sizes the result is out of range, and slow to find out.
	if y.NumDigits()+int64(y.Exponent) > 7 || y.Exponent < -40 {
		return Value{}
	}
	if _, err := decimal128.Pow(d, x, y); err != nil {
		return Value{}
	}
	return big(d)
}

func add(a, b Value) Value {
	if b.kind >= KindDate && b.kind <= KindDateTime {
		a, b = b, a
	}
	switch {
	case a.kind == KindYearsMonths && b.kind == KindYearsMonths:
		return monthsOf(a.n, b.n)
	case a.kind == KindDaysTime && b.kind == KindDaysTime:
		return durationSum(a, b.n, int64(b.sub))
	case b.kind == KindYearsMonths:
		return shiftMonths(a, b.n)
	case b.kind == KindDaysTime:
		return shiftSeconds(a, b.n, int64(b.sub))
	}
	return Value{}
}

func monthsOf(a, b int64) Value {
	s := a + b
	if (s > a) != (b > 0) && b != 0 {
		return Value{}
	}
	return YearsMonths(s)
}

func durationSum(a Value, sec, ns int64) Value {
	s := a.n + sec
	if (s > a.n) != (sec > 0) && sec != 0 {
		return Value{}
	}
	return durationOf(s, int64(a.sub)+ns)
}

func shiftMonths(a Value, months int64) Value {
	switch a.kind {
	case KindDate:
		if p, ok := addMonths(a.n, months); ok {
			return dateOf(p)
		}
	case KindDateTime:
		d := a.dt()
		if p, ok := addMonths(d.date, months); ok {
			return dateTimeOf(p, d.ns, d.z)
		}
	}
	return Value{}
}

func shiftSeconds(a Value, sec, ns int64) Value {
	switch a.kind {
	case KindDate:
		if p, _, ok := addSeconds(a.n, 0, sec, ns); ok {
			return dateOf(p)
		}
	case KindDateTime:
		d := a.dt()
		if p, t, ok := addSeconds(d.date, d.ns, sec, ns); ok {
			return dateTimeOf(p, t, d.z)
		}
	case KindTime:
		t := a.n + ns + (sec%secPerDay)*nsPerSec
		return timeOf(t-floorDiv(t, nsPerDay)*nsPerDay, a.zone())
	}
	return Value{}
}

func subtract(a, b Value) Value {
	switch {
	case a.kind == KindYearsMonths && b.kind == KindYearsMonths:
		return monthsOf(a.n, -b.n)
	case a.kind == KindDaysTime && b.kind == KindDaysTime:
		return durationSum(a, -b.n, -int64(b.sub))
	case b.kind == KindYearsMonths:
		return shiftMonths(a, -b.n)
	case b.kind == KindDaysTime:
		return shiftSeconds(a, -b.n, -int64(b.sub))
	case a.kind == KindTime && b.kind == KindTime:
		x, y := a.zone(), b.zone()
		ns := a.n - b.n
		switch {
		case x != nil && y != nil:
			ns -= int64(x.timeOffset()-y.timeOffset()) * nsPerSec
		case x != nil || y != nil:
			return Value{}
		}
		return durationOf(0, ns)
	}
	x, y := momentOf(a), momentOf(b)
	if x == nil || y == nil {
		return Value{}
	}
	if a.kind == KindDate && b.kind == KindDate {
		return durationOf((epochDays(a.n)-epochDays(b.n))*secPerDay, 0)
	}
	if (x.z == nil) != (y.z == nil) {
		return Value{} // DMN 1.5, 10.3.2.3.5: both have a zone or neither
	}
	return durationOf(x.epoch()-y.epoch(), x.ns%nsPerSec-y.ns%nsPerSec)
}

func momentOf(v Value) *dateTime {
	if v.kind == KindDate {
		return midnight(v.n)
	}
	return v.dt()
}

func scaleDuration(a, by Value, divide bool) Value {
	if by.kind != KindNumber {
		return Value{}
	}
	op := numMul
	if divide {
		op = numDiv
	}
	switch a.kind {
	case KindYearsMonths:
		n := op(Number(a.n), by)
		if m, ok := n.truncInt(); ok && n.kind == KindNumber {
			return YearsMonths(m)
		}
	case KindDaysTime:
		if n := op(big(a.durationDecimal()), by); n.kind == KindNumber {
			return durationFromDecimal(n.dec())
		}
	}
	return Value{}
}

func negate(v Value) Value {
	switch v.kind {
	case KindNumber:
		return numNeg(v)
	case KindYearsMonths:
		return YearsMonths(-v.n)
	case KindDaysTime:
		return durationOf(-v.n, -int64(v.sub))
	}
	return Value{}
}
