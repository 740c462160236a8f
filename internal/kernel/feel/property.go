package feel

// property is what stands after a dot; ok is false where the value has none
// of that name.
func property(v Value, name string) (Value, bool) {
	switch v.kind {
	case KindContext:
		return v.Get(name)
	case KindDate:
		return dateProperty(v.n, name)
	case KindTime:
		return timeProperty(v.n, v.zone(), 0, name)
	case KindDateTime:
		d := v.dt()
		if p, ok := dateProperty(d.date, name); ok {
			return p, true
		}
		return timeProperty(d.ns, d.z, d.date, name)
	case KindYearsMonths:
		switch name {
		case "years":
			return Number(v.n / 12), true
		case "months":
			return Number(v.n % 12), true
		}
	case KindDaysTime:
		return durationProperty(v, name)
	case KindRange:
		r := v.rng()
		switch name {
		case "start":
			return r.lo, true
		case "end":
			return r.hi, true
		case "start included":
			return Bool(r.loIncl), true
		case "end included":
			return Bool(r.hiIncl), true
		}
	}
	return Value{}, false
}

func dateProperty(packed int64, name string) (Value, bool) {
	y, m, d := unpack(packed)
	switch name {
	case "year":
		return Number(y), true
	case "month":
		return Number(int64(m)), true
	case "day":
		return Number(int64(d)), true
	case "weekday":
		return Number(weekday(packed)), true
	}
	return Value{}, false
}

// weekday counts from Monday, 1.
func weekday(packed int64) int64 {
	d := epochDays(packed) + 3
	return d - floorDiv(d, 7)*7 + 1
}

func timeProperty(ns int64, z *zone, packed int64, name string) (Value, bool) {
	s := ns / nsPerSec
	switch name {
	case "hour":
		return Number(s / 3600), true
	case "minute":
		return Number(s / 60 % 60), true
	case "second":
		return Number(s % 60), true
	case "time offset":
		if z == nil {
			return Value{}, true
		}
		if packed == 0 {
			packed = referenceDay
		}
		return durationOf(int64(z.offsetAt(packed, ns)), 0), true
	case "timezone":
		if z == nil || z.name == "" {
			return Value{}, true
		}
		return String(z.name), true
	}
	return Value{}, false
}

func durationProperty(v Value, name string) (Value, bool) {
	sec, ns := v.n, int64(v.sub)
	neg := sec < 0
	if neg {
		if ns > 0 {
			sec, ns = sec+1, nsPerSec-ns
		}
		sec = -sec
	}
	var out Value
	switch name {
	case "days":
		out = Number(sec / secPerDay)
	case "hours":
		out = Number(sec / 3600 % 24)
	case "minutes":
		out = Number(sec / 60 % 60)
	case "seconds":
		out = numAdd(Number(sec%60), small(ns, -9))
	default:
		return Value{}, false
	}
	if neg {
		out = numNeg(out)
	}
	return out, true
}

// pathOf is x.name: of a list, of each of its elements.
func (r *Run) pathOf(v Value, name string, pos int) Value {
	if v.kind != KindList {
		p, ok := property(v, name)
		if !ok && v.kind != KindNull {
			return r.note(pos, "feel.no-path", "name", name, "type", v.kind.String())
		}
		return p
	}
	items := v.Items()
	if !r.Spend(len(items)) || !r.alloc(len(items)*valueSize) {
		return Value{}
	}
	out := make([]Value, len(items))
	for i, e := range items {
		if e.kind == KindList {
			return r.note(pos, "feel.no-path", "name", name, "type", e.kind.String())
		}
		out[i], _ = property(e, name)
	}
	return listOf(out)
}
