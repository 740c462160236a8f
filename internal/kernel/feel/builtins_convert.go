package feel

import (
	"math"
	"strings"
)

func conversionBuiltins() []builtin {
	from := func(t Type) Param { return prm("from", t) }
	return []builtin{
		{name: "date", forms: []form{
			fixed(DateType, func(_ *Run, a []Value) Value { return parseDate(a[0].str()) }, from(StringType)),
			fixed(DateType, toDate, from(DateType)),
			fixed(DateType, toDate, from(DateTimeType)),
			fixed(DateType, dateFromParts, prm("year", NumberType), prm("month", NumberType), prm("day", NumberType)),
		}},
		{name: "time", forms: []form{
			fixed(TimeType, func(_ *Run, a []Value) Value { return parseTime(a[0].str()) }, from(StringType)),
			fixed(TimeType, func(_ *Run, a []Value) Value { return a[0] }, from(TimeType)),
			fixed(TimeType, toTime, from(DateTimeType)),
			form{params: params(prm("hour", NumberType), prm("minute", NumberType), prm("second", NumberType), prm("offset", DaysTimeType)),
				required: 3, nulls: true, result: TimeType, fn: timeFromParts},
		}},
		{name: "date and time", forms: []form{
			fixed(DateTimeType, func(_ *Run, a []Value) Value { return parseDateTime(a[0].str()) }, from(StringType)),
			fixed(DateTimeType, func(_ *Run, a []Value) Value { return a[0] }, from(DateTimeType)),
			fixed(DateTimeType, joinDateTime, prm("date", DateType), prm("time", TimeType)),
			fixed(DateTimeType, joinDateTime, prm("date", DateTimeType), prm("time", TimeType)),
			fixed(DateTimeType, inZone, prm("date", DateTimeType), prm("timezone", StringType)),
		}},
		{name: "duration", forms: []form{
			fixed(AnyType, func(_ *Run, a []Value) Value { return parseDuration(a[0].str()) }, from(StringType)),
			fixed(AnyType, func(_ *Run, a []Value) Value { return a[0] }, from(DaysTimeType)),
			fixed(AnyType, func(_ *Run, a []Value) Value { return a[0] }, from(YearsMonthsType)),
		}},
		{name: "years and months duration", forms: monthsBetweenForms()},
		{name: "number", forms: []form{
			fixed(NumberType, func(_ *Run, a []Value) Value { v, _ := ParseNumber(a[0].str()); return v }, from(StringType)),
			fixed(NumberType, func(_ *Run, a []Value) Value { return a[0] }, from(NumberType)),
			form{params: params(from(StringType), prm("grouping separator", StringType), prm("decimal separator", StringType)),
				required: 3, nulls: true, result: NumberType, fn: numberWithSeparators},
		}},
		{name: "string", forms: []form{fixed(StringType, toString, from(AnyType))}},
	}
}

func toDate(_ *Run, a []Value) Value {
	if d := a[0].dt(); d != nil {
		return dateOf(d.date)
	}
	return a[0]
}

func toTime(_ *Run, a []Value) Value {
	if d := a[0].dt(); d != nil {
		return timeOf(d.ns, d.z)
	}
	return Value{}
}

func dateFromParts(_ *Run, a []Value) Value {
	y, ok1 := a[0].truncInt()
	m, ok2 := a[1].truncInt()
	d, ok3 := a[2].truncInt()
	if !ok1 || !ok2 || !ok3 || y > maxYear || y < -maxYear || m < 1 || m > 12 || d < 1 || d > 31 {
		return Value{}
	}
	return Date(int(y), int(m), int(d))
}

func timeFromParts(_ *Run, a []Value) Value {
	for i := range 3 {
		if a[i].kind != KindNumber {
			return Value{}
		}
	}
	h, ok1 := a[0].Int()
	m, ok2 := a[1].Int()
	ns, ok3 := numMul(a[2], Number(nsPerSec)).truncInt()
	if !ok1 || !ok2 || !ok3 || h < 0 || h > 23 || m < 0 || m > 59 || ns < 0 || ns >= 60*nsPerSec {
		return Value{}
	}
	var z *zone
	if len(a) > 3 && a[3].kind == KindDaysTime {
		if a[3].n > maxOffset || a[3].n < -maxOffset {
			return Value{}
		}
		z = &zone{offset: int(a[3].n)}
	}
	return timeOf((h*3600+m*60)*nsPerSec+ns, z)
}

func joinDateTime(_ *Run, a []Value) Value {
	packed := a[0].n
	if d := a[0].dt(); d != nil {
		packed = d.date
	}
	return dateTimeOf(packed, a[1].n, a[1].zone())
}

// inZone shows the same instant on another place's clock.
func inZone(_ *Run, a []Value) Value {
	z, ok := placeZone(a[1].str())
	d := a[0].dt()
	if !ok {
		return Value{}
	}
	if d.z == nil {
		return dateTimeOf(d.date, d.ns, z)
	}
	t, ok := a[0].GoTime(nil)
	if !ok {
		return Value{}
	}
	if z.loc != nil {
		t = t.In(z.loc)
	} else {
		t = t.UTC()
	}
	return dateTimeOf(pack(int64(t.Year()), int(t.Month()), t.Day()), nsOfDay(t), z)
}

func monthsBetweenForms() []form {
	var out []form
	for _, from := range []Type{DateType, DateTimeType} {
		for _, to := range []Type{DateType, DateTimeType} {
			out = append(out, fixed(YearsMonthsType, monthsBetween, prm("from", from), prm("to", to)))
		}
	}
	return out
}

// monthsBetween counts whole months; a day not yet reached is not counted.
func monthsBetween(_ *Run, a []Value) Value {
	day := func(v Value) int64 {
		if d := v.dt(); d != nil {
			return d.date
		}
		return v.n
	}
	y1, m1, d1 := unpack(day(a[0]))
	y2, m2, d2 := unpack(day(a[1]))
	n := (y2*12 + int64(m2)) - (y1*12 + int64(m1))
	if n > 0 && d2 < d1 {
		n--
	} else if n < 0 && d2 > d1 {
		n++
	}
	return YearsMonths(n)
}

// numberWithSeparators reads a number as people group it: 1.250.000,5.
func numberWithSeparators(_ *Run, a []Value) Value {
	if a[0].kind != KindString {
		return Value{}
	}
	s := a[0].str()
	group, point := "", "."
	if a[1].kind == KindString {
		if group = a[1].str(); group != " " && group != "," && group != "." {
			return Value{}
		}
	}
	if a[2].kind == KindString {
		if point = a[2].str(); point != "," && point != "." {
			return Value{}
		}
	}
	if group == point {
		return Value{}
	}
	if group != "" {
		s = strings.ReplaceAll(s, group, "")
	}
	if point != "." {
		if strings.Contains(s, ".") {
			return Value{}
		}
		s = strings.Replace(s, point, ".", 1)
	}
	v, _ := ParseNumber(s)
	return v
}

func toString(r *Run, a []Value) Value {
	if a[0].kind == KindString {
		return a[0]
	}
	var w writer
	w.budget = r
	w.value(a[0], 0, false)
	if r.err != nil {
		return Value{}
	}
	return String(w.b.String())
}

// String is the value as FEEL's string() gives it, cut off at some megabytes.
func (v Value) String() string {
	if v.kind == KindString {
		return v.str()
	}
	var w writer
	w.value(v, 0, false)
	return w.b.String()
}

// writer makes the text of values; lists and contexts quote the texts inside.
type writer struct {
	b      strings.Builder
	budget *Run
}

// maxText bounds the text of a value where no run counts it.
const maxText = 4 << 20

func (w *writer) put(s string) {
	if w.full() {
		return
	}
	if w.budget == nil || w.budget.alloc(len(s)) {
		w.b.WriteString(s)
	}
}

func (w *writer) full() bool {
	return w.b.Len() > maxText || w.budget != nil && w.budget.err != nil
}

func (w *writer) value(v Value, depth int, quote bool) {
	if depth > maxValueDepth {
		w.put("…")
		return
	}
	if w.full() {
		return
	}
	switch v.kind {
	case KindNull:
		w.put("null")
	case KindBoolean:
		if v.n == 1 {
			w.put("true")
		} else {
			w.put("false")
		}
	case KindNumber:
		w.put(numText(v))
	case KindString:
		if !quote {
			w.put(v.str())
			return
		}
		w.put(`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(v.str()) + `"`)
	case KindList:
		w.put("[")
		for i, e := range v.Items() {
			if i > 0 {
				w.put(", ")
			}
			w.value(e, depth+1, true)
		}
		w.put("]")
	case KindContext:
		w.put("{")
		for i, e := range v.Entries() {
			if i > 0 {
				w.put(", ")
			}
			w.key(e.Name)
			w.put(": ")
			w.value(e.Value, depth+1, true)
		}
		w.put("}")
	case KindRange:
		w.rng(v.rng(), depth)
	case KindFunction:
		w.put("function " + v.function().name)
	default:
		w.put(temporalText(v))
	}
}

// key quotes an entry's name only where it is no plain name.
func (w *writer) key(name string) {
	for _, part := range lexName(name) {
		if !wordToken(part) {
			w.value(String(name), 0, true)
			return
		}
	}
	w.put(name)
}

func (w *writer) rng(g *Range, depth int) {
	switch {
	case g.op != rangeBounds:
		sign, at := "=", g.lo
		switch {
		case g.op == rangeNotEqual:
			sign = "!="
		case g.op == rangeBelow:
			if sign, at = "<", g.hi; g.hiIncl {
				sign = "<="
			}
		case g.op == rangeAbove:
			if sign = ">"; g.loIncl {
				sign = ">="
			}
		}
		w.put("(" + sign)
		w.value(at, depth+1, true)
		w.put(")")
		return
	case g.loIncl:
		w.put("[")
	default:
		w.put("(")
	}
	w.value(g.lo, depth+1, true)
	w.put("..")
	w.value(g.hi, depth+1, true)
	if g.hiIncl {
		w.put("]")
	} else {
		w.put(")")
	}
}

func temporalBuiltins() []builtin {
	dayOf := func(name string, result Type, fn func(packed int64) Value) builtin {
		call := func(_ *Run, a []Value) Value {
			if d := a[0].dt(); d != nil {
				return fn(d.date)
			}
			return fn(a[0].n)
		}
		return builtin{name: name, forms: []form{fixed(result, call, prm("date", DateType)), fixed(result, call, prm("date", DateTimeType))}}
	}
	return []builtin{
		{name: "now", impure: true, forms: []form{fixed(DateTimeType, func(r *Run, _ []Value) Value { return DateTimeOf(r.env.Now) })}},
		{name: "today", impure: true, forms: []form{fixed(DateType, func(r *Run, _ []Value) Value { return DateOf(r.env.Now) })}},
		dayOf("day of year", NumberType, func(p int64) Value {
			y, _, _ := unpack(p)
			return Number(epochDays(p) - epochDays(pack(y, 1, 1)) + 1)
		}),
		dayOf("day of week", StringType, func(p int64) Value { return String(dayNames[weekday(p)-1]) }),
		dayOf("month of year", StringType, func(p int64) Value {
			_, m, _ := unpack(p)
			return String(monthNames[m-1])
		}),
		dayOf("week of year", NumberType, func(p int64) Value { return Number(isoWeek(p)) }),
		{name: "is", forms: []form{fixed(BooleanType, isSame, prm("value1", AnyType), prm("value2", AnyType)).seesNulls().namedPartly()}},
	}
}

var dayNames = [...]string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}

var monthNames = [...]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}

// isoWeek is the week of the year that has the Thursday of this day's week.
func isoWeek(packed int64) int64 {
	thursday, ok := fromEpochDays(epochDays(packed) - weekday(packed) + 4)
	if !ok {
		return 0
	}
	y, _, _ := unpack(thursday)
	return (epochDays(thursday)-epochDays(pack(y, 1, 1)))/7 + 1
}

// isSame compares without conversion: zones that differ in writing differ.
func isSame(r *Run, a []Value) Value {
	x, y := a[0], Value{}
	if len(a) > 1 {
		y = a[1]
	}
	if x.kind != y.kind {
		return Bool(false)
	}
	var z, w *zone
	switch x.kind {
	case KindTime:
		z, w = x.zone(), y.zone()
		if x.n != y.n {
			return Bool(false)
		}
	case KindDateTime:
		if x.dt().date != y.dt().date || x.dt().ns != y.dt().ns {
			return Bool(false)
		}
		z, w = x.dt().z, y.dt().z
	default:
		return Bool(r.equal(x, y) == isTrue)
	}
	if z == nil || w == nil {
		return Bool(z == w)
	}
	return Bool(z.name == w.name && z.offset == w.offset)
}

const maxInt = math.MaxInt32
