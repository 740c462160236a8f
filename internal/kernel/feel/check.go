package feel

// The static checks: a mistake is reported only where it is certain, that is
// where no value of the static types could make the expression meaningful.

func typeOfKind(k Kind) Type {
	switch k {
	case KindBoolean:
		return BooleanType
	case KindNumber:
		return NumberType
	case KindString:
		return StringType
	case KindDate:
		return DateType
	case KindTime:
		return TimeType
	case KindDateTime:
		return DateTimeType
	case KindYearsMonths:
		return YearsMonthsType
	case KindDaysTime:
		return DaysTimeType
	case KindList:
		return ListType
	case KindContext:
		return OpenContextType
	case KindRange:
		return rangeAnyType
	case KindFunction:
		return FunctionAnyType
	case KindNull:
		return NullType
	}
	return AnyType
}

// common is the type of a value that is either a or b.
func common(a, b Type) Type {
	ka, kb := a.Kind(), b.Kind()
	switch {
	case ka == KindNull:
		return b
	case kb == KindNull || a.t == b.t:
		return a
	case ka != kb || ka == KindAny:
		return AnyType
	}
	switch ka {
	case KindList:
		return ListTypeOf(common(a.Elem(), b.Elem()))
	case KindRange:
		return RangeTypeOf(common(a.Elem(), b.Elem()))
	case KindContext:
		if len(a.Fields()) != len(b.Fields()) {
			return OpenContextType
		}
		fields := make([]Field, len(a.Fields()))
		for i, f := range a.Fields() {
			t, ok := b.Field(f.Name)
			if !ok {
				return OpenContextType
			}
			fields[i] = Field{f.Name, common(f.Type, t)}
		}
		return ContextType(fields...)
	case KindFunction:
		return FunctionAnyType
	}
	return a
}

func commonType(items []node) Type {
	t := NullType
	for i, n := range items {
		if i == 0 {
			t = n.typ()
			continue
		}
		t = common(t, n.typ())
	}
	return t
}

func unsure(ts ...Type) bool {
	for _, t := range ts {
		if k := t.Kind(); k == KindAny || k == KindNull {
			return true
		}
	}
	return false
}

func (p *parser) wantBoolean(n node, where string) {
	if k := n.typ().Kind(); !unsure(n.typ()) && k != KindBoolean {
		p.complain(n.at(), "feel.want-boolean", "where", where, "type", n.typ().String())
	}
}

func (p *parser) logic(pos int, or bool, l, r node) node {
	word := "and"
	if or {
		word = "or"
	}
	p.wantBoolean(l, word)
	p.wantBoolean(r, word)
	return &logicNode{base{BooleanType, pos}, or, l, r}
}

func ordered(k Kind) bool {
	return k >= KindNumber && k <= KindDaysTime
}

// comparable tells whether values of the types can be compared; a list of
// one stands for its element, as FEEL converts.
func comparable(a, b Type, equality bool) bool {
	if unsure(a, b) {
		return true
	}
	ka, kb := a.Kind(), b.Kind()
	if equality {
		return ka == kb
	}
	return ka == kb && ordered(ka) || ka+kb == KindDate+KindDateTime && ka != kb && (ka == KindDate || kb == KindDate)
}

func (p *parser) compare(pos int, op compareOp, l, r node) node {
	if !comparable(l.typ(), r.typ(), op <= opNe) {
		p.complain(pos, "feel.compare-types", "op", op.String(), "left", l.typ().String(), "right", r.typ().String())
	}
	return &compareNode{base{BooleanType, pos}, op, l, r}
}

func (p *parser) between(pos int, x, lo, hi node) node {
	for _, end := range []node{lo, hi} {
		if !comparable(x.typ(), end.typ(), false) {
			p.complain(end.at(), "feel.compare-types", "op", "between", "left", x.typ().String(), "right", end.typ().String())
		}
	}
	return &betweenNode{base{BooleanType, pos}, x, lo, hi}
}

// test is a unary comparison; its value as an expression is a range.
func (p *parser) test(pos int, op compareOp, input Type, x node) node {
	if !comparable(input, x.typ(), op <= opNe) {
		p.complain(pos, "feel.compare-types", "op", op.String(), "left", input.String(), "right", x.typ().String())
	}
	return &testNode{base{BooleanType, pos}, op, x}
}

func (p *parser) checkTest(pos int, input, elem Type) {
	if input.Kind() == KindList || input.Kind() == KindRange {
		return
	}
	if !comparable(input, elem, false) {
		p.complain(pos, "feel.compare-types", "op", "in", "left", input.String(), "right", elem.String())
	}
}

func (p *parser) unaryRange(pos int, op compareOp, x node) node {
	n := &rangeNode{base: base{RangeTypeOf(x.typ()), pos}}
	switch op {
	case opEq:
		n.lo, n.hi, n.loIncl, n.hiIncl, n.op = x, x, true, true, rangeEqual
	case opNe:
		n.lo, n.hi, n.loIncl, n.hiIncl, n.op = x, x, true, true, rangeNotEqual
	case opLt, opLe:
		n.hi, n.hiIncl, n.op = x, op == opLe, rangeBelow
	default:
		n.lo, n.loIncl, n.op = x, op == opGe, rangeAbove
	}
	return n
}

func (p *parser) rangeElem(pos int, lo, hi Type) Type {
	if !comparable(lo, hi, false) {
		p.complain(pos, "feel.range-types", "left", lo.String(), "right", hi.String())
		return AnyType
	}
	return common(lo, hi)
}

func (p *parser) wantRangeEnds(lo, hi node) {
	for _, n := range []node{lo, hi} {
		if k := n.typ().Kind(); !unsure(n.typ()) && k != KindNumber && k != KindDate {
			p.complain(n.at(), "feel.iterate-type", "type", n.typ().String())
		}
	}
}

func (p *parser) negate(pos int, x node) node {
	if c, ok := x.(*constNode); ok && c.v.kind == KindNumber {
		return &constNode{base{NumberType, pos}, numNeg(c.v)}
	}
	t := x.typ()
	switch t.Kind() {
	case KindAny, KindNull, KindNumber, KindYearsMonths, KindDaysTime:
	default:
		p.complain(pos, "feel.negate-type", "type", t.String())
		t = AnyType
	}
	return &negNode{base{t, pos}, x}
}

func (p *parser) arith(pos int, op byte, l, r node) node {
	t, ok := arithType(op, l.typ(), r.typ())
	if !ok {
		text := string(op)
		if op == '^' {
			text = "**"
		}
		p.complain(pos, "feel.arith-types", "op", text, "left", l.typ().String(), "right", r.typ().String())
	}
	return &arithNode{base{t, pos}, op, l, r}
}

// arithType is the result type of an operator, as DMN 1.5 tables 51 to 58
// give it; Any where one side is unknown and more than one result is possible.
func arithType(op byte, a, b Type) (Type, bool) {
	ka, kb := a.Kind(), b.Kind()
	if ka == KindNumber && kb == KindNumber {
		return NumberType, true
	}
	if unsure(a, b) {
		known := ka
		if unsure(a) {
			known = kb
		}
		switch {
		case op == '^':
			return NumberType, unsureOr(known, KindNumber)
		case op == '+' && known == KindString:
			return StringType, true
		}
		return AnyType, known == KindAny || known == KindNull || known == KindNumber ||
			(known >= KindDate && known <= KindDaysTime) || known == KindList
	}
	duration := func(k Kind) bool { return k == KindYearsMonths || k == KindDaysTime }
	moment := func(k Kind) bool { return k == KindDate || k == KindDateTime }
	switch op {
	case '+':
		switch {
		case ka == KindString && kb == KindString:
			return StringType, true
		case duration(ka) && ka == kb:
			return a, true
		case moment(ka) && duration(kb), ka == KindTime && kb == KindDaysTime:
			return a, true
		case duration(ka) && moment(kb), ka == KindDaysTime && kb == KindTime:
			return b, true
		}
	case '-':
		switch {
		case duration(ka) && ka == kb:
			return a, true
		case moment(ka) && duration(kb), ka == KindTime && kb == KindDaysTime:
			return a, true
		case moment(ka) && moment(kb), ka == KindTime && kb == KindTime:
			return DaysTimeType, true
		}
	case '*':
		switch {
		case duration(ka) && kb == KindNumber:
			return a, true
		case ka == KindNumber && duration(kb):
			return b, true
		}
	case '/':
		switch {
		case duration(ka) && kb == KindNumber:
			return a, true
		case duration(ka) && ka == kb:
			return NumberType, true
		}
	}
	return AnyType, false
}

func unsureOr(k, want Kind) bool { return k == KindAny || k == KindNull || k == want }

// pathType is the type of an entry or property; a name that cannot be there
// is a mistake with the nearest one that can.
func (p *parser) pathType(pos int, of Type, name string) Type {
	if of.closed() {
		if t, ok := of.Field(name); ok {
			return t
		}
		var names []string
		for _, f := range of.Fields() {
			names = append(names, f.Name)
		}
		p.complainNear(pos, "feel.unknown-path", name, names)
		return AnyType
	}
	props, ok := properties[of.Kind()]
	if !ok {
		if k := of.Kind(); k != KindAny && k != KindContext && k != KindNull {
			p.complain(pos, "feel.no-path", "name", name, "type", of.String())
		}
		return AnyType
	}
	if t, ok := props[name]; ok {
		if t.Kind() == KindAny {
			return of.Elem()
		}
		return t
	}
	var names []string
	for n := range props {
		names = append(names, n)
	}
	p.complainNear(pos, "feel.unknown-path", name, names)
	return AnyType
}

// properties are the names after a dot that a kind of value has; Any stands
// for a range's element type.
var properties = map[Kind]map[string]Type{
	KindDate: {"year": NumberType, "month": NumberType, "day": NumberType, "weekday": NumberType},
	KindTime: {"hour": NumberType, "minute": NumberType, "second": NumberType, "time offset": DaysTimeType, "timezone": StringType},
	KindDateTime: {"year": NumberType, "month": NumberType, "day": NumberType, "weekday": NumberType,
		"hour": NumberType, "minute": NumberType, "second": NumberType, "time offset": DaysTimeType, "timezone": StringType},
	KindYearsMonths: {"years": NumberType, "months": NumberType},
	KindDaysTime:    {"days": NumberType, "hours": NumberType, "minutes": NumberType, "seconds": NumberType},
	KindRange:       {"start": AnyType, "end": AnyType, "start included": BooleanType, "end included": BooleanType},
}

// longProperties are those of several words.
var longProperties = []string{"time offset", "start included", "end included"}
