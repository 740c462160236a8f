package feel

import (
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a city's machine may have no zone files
)

// scanner reads the fixed-width texts of dates and times.
type scanner struct {
	s  string
	at int
}

func (c *scanner) done() bool { return c.at == len(c.s) }

func (c *scanner) peek() byte {
	if c.at < len(c.s) {
		return c.s[c.at]
	}
	return 0
}

func (c *scanner) eat(b byte) bool {
	if c.peek() == b {
		c.at++
		return true
	}
	return false
}

// digits reads between lo and hi digits.
func (c *scanner) digits(lo, hi int) (int64, bool) {
	var n int64
	start := c.at
	for c.at-start < hi && c.at < len(c.s) && c.s[c.at] >= '0' && c.s[c.at] <= '9' {
		n = n*10 + int64(c.s[c.at]-'0')
		c.at++
	}
	return n, c.at-start >= lo
}

// date reads [-]YYYY-MM-DD; more than four digits may not start with zero.
func (c *scanner) date() (int64, bool) {
	neg := c.eat('-')
	start := c.at
	y, ok := c.digits(4, 9)
	if !ok || (c.at-start > 4 && c.s[start] == '0') || !c.eat('-') {
		return 0, false
	}
	m, ok := c.digits(2, 2)
	if !ok || !c.eat('-') {
		return 0, false
	}
	d, ok := c.digits(2, 2)
	if !ok {
		return 0, false
	}
	if neg {
		y = -y
	}
	if m < 1 || m > 12 || d < 1 || int(d) > daysInMonth(y, int(m)) {
		return 0, false
	}
	return pack(y, int(m), int(d)), true
}

// time reads HH:MM:SS[.fraction] and an optional zone.
func (c *scanner) time() (ns int64, z *zone, ok bool) {
	h, ok1 := c.digits(2, 2)
	ok1 = ok1 && c.eat(':')
	m, ok2 := c.digits(2, 2)
	ok2 = ok2 && c.eat(':')
	s, ok3 := c.digits(2, 2)
	if !ok1 || !ok2 || !ok3 || m > 59 || s > 59 || h > 24 {
		return 0, nil, false
	}
	ns = (h*3600 + m*60 + s) * nsPerSec
	if c.eat('.') {
		start := c.at
		if _, ok := c.digits(1, 18); !ok {
			return 0, nil, false
		}
		for c.peek() >= '0' && c.peek() <= '9' {
			c.at++
		}
		frac := c.s[start:min(c.at, start+9)]
		f, _ := strconv.ParseInt(frac+strings.Repeat("0", 9-len(frac)), 10, 64)
		ns += f
	}
	if h == 24 {
		return 0, nil, false
	}
	z, ok = c.zone()
	return ns, z, ok
}

// maxOffset is 18 hours, as XML Schema implementations have it.
const maxOffset = 18 * 3600

// zone reads Z, ±HH:MM[:SS], @Place, or nothing.
func (c *scanner) zone() (*zone, bool) {
	switch b := c.peek(); b {
	case 'Z', 'z':
		c.at++
		return &zone{}, b == 'Z'
	case '+', '-':
		c.at++
		h, ok1 := c.digits(2, 2)
		ok1 = ok1 && c.eat(':')
		m, ok2 := c.digits(2, 2)
		off := int(h*3600 + m*60)
		if c.eat(':') {
			s, ok := c.digits(2, 2)
			if !ok || s > 59 {
				return nil, false
			}
			off += int(s)
		}
		if !ok1 || !ok2 || m > 59 || off > maxOffset {
			return nil, false
		}
		if b == '-' {
			off = -off
		}
		return &zone{offset: off}, true
	case '@':
		name := c.s[c.at+1:]
		c.at = len(c.s)
		return placeZone(name)
	}
	return nil, true
}

func placeZone(name string) (*zone, bool) {
	if name == "" || name == "Local" || len(name) > 64 {
		return nil, false
	}
	if name == "Z" {
		return &zone{}, true
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, false
	}
	return &zone{name: name, loc: loc}, true
}

func parseDate(s string) Value {
	c := scanner{s: s}
	if d, ok := c.date(); ok && c.done() {
		return dateOf(d)
	}
	return Value{}
}

func parseTime(s string) Value {
	c := scanner{s: s}
	if ns, z, ok := c.time(); ok && c.done() {
		return timeOf(ns, z)
	}
	return Value{}
}

// parseDateTime also reads a date alone, as midnight.
func parseDateTime(s string) Value {
	c := scanner{s: s}
	d, ok := c.date()
	if !ok {
		return Value{}
	}
	if c.done() {
		return dateTimeOf(d, 0, nil)
	}
	if !c.eat('T') {
		return Value{}
	}
	if ns, z, ok := c.time(); ok && c.done() {
		return dateTimeOf(d, ns, z)
	}
	return Value{}
}

// parseDuration reads both ISO 8601 durations; weeks and mixtures of months
// with days are not FEEL.
func parseDuration(s string) Value {
	c := scanner{s: s}
	neg := c.eat('-')
	if !c.eat('P') {
		return Value{}
	}
	var months, sec, ns int64
	var calendar, clock bool
	order, inTime := "YMD", false
	for !c.done() {
		if !inTime && c.eat('T') {
			inTime, order = true, "HMS"
			if c.done() {
				return Value{}
			}
			continue
		}
		n, ok := c.digits(1, 12)
		if !ok {
			return Value{}
		}
		var frac int64
		if inTime && c.eat('.') {
			start := c.at
			_, _ = c.digits(0, 18)
			f := c.s[start:min(c.at, start+9)]
			frac, _ = strconv.ParseInt(f+strings.Repeat("0", 9-len(f)), 10, 64)
			if c.peek() != 'S' {
				return Value{}
			}
		}
		unit := c.peek()
		i := strings.IndexByte(order, unit)
		if i < 0 || unit == 0 {
			return Value{}
		}
		order = order[i+1:]
		c.at++
		switch {
		case unit == 'Y':
			months += n * 12
			calendar = true
		case unit == 'M' && !inTime:
			months += n
			calendar = true
		case unit == 'D':
			sec += n * secPerDay
			clock = true
		case unit == 'H':
			sec += n * 3600
			clock = true
		case unit == 'M':
			sec += n * 60
			clock = true
		case unit == 'S':
			sec += n
			ns = frac
			clock = true
		}
	}
	if neg {
		months, sec, ns = -months, -sec, -ns
	}
	switch {
	case calendar && !clock:
		return YearsMonths(months)
	case clock && !calendar:
		return durationOf(sec, ns)
	}
	return Value{}
}

// parseTemporal reads what stands in an @"…" literal.
func parseTemporal(s string) Value {
	if strings.HasPrefix(s, "P") || strings.HasPrefix(s, "-P") {
		return parseDuration(s)
	}
	if v := parseDate(s); !v.IsNull() {
		return v
	}
	if v := parseTime(s); !v.IsNull() {
		return v
	}
	if strings.Contains(s, "T") {
		return parseDateTime(s)
	}
	return Value{}
}

func appendPadded(b []byte, n int64, width int) []byte {
	s := strconv.FormatInt(n, 10)
	for i := len(s); i < width; i++ {
		b = append(b, '0')
	}
	return append(b, s...)
}

func appendDate(b []byte, packed int64) []byte {
	y, m, d := unpack(packed)
	if y < 0 {
		b = append(b, '-')
		y = -y
	}
	b = appendPadded(b, y, 4)
	b = append(b, '-')
	b = appendPadded(b, int64(m), 2)
	b = append(b, '-')
	return appendPadded(b, int64(d), 2)
}

func appendFraction(b []byte, ns int64) []byte {
	if ns == 0 {
		return b
	}
	b = append(b, '.')
	f := appendPadded(nil, ns, 9)
	return append(b, strings.TrimRight(string(f), "0")...)
}

func appendTime(b []byte, ns int64, z *zone) []byte {
	s := ns / nsPerSec
	b = appendPadded(b, s/3600, 2)
	b = append(b, ':')
	b = appendPadded(b, s/60%60, 2)
	b = append(b, ':')
	b = appendPadded(b, s%60, 2)
	b = appendFraction(b, ns%nsPerSec)
	switch {
	case z == nil:
		return b
	case z.name != "":
		return append(append(b, '@'), z.name...)
	case z.offset == 0:
		return append(b, 'Z')
	}
	off := int64(z.offset)
	sign := byte('+')
	if off < 0 {
		sign, off = '-', -off
	}
	b = appendPadded(append(b, sign), off/3600, 2)
	b = appendPadded(append(b, ':'), off/60%60, 2)
	if off%60 != 0 {
		b = appendPadded(append(b, ':'), off%60, 2)
	}
	return b
}

// temporalText is the ISO 8601 text of a date, time or duration.
func temporalText(v Value) string {
	b := make([]byte, 0, 40)
	switch v.kind {
	case KindDate:
		b = appendDate(b, v.n)
	case KindTime:
		b = appendTime(b, v.n, v.zone())
	case KindDateTime:
		d := v.dt()
		b = appendTime(append(appendDate(b, d.date), 'T'), d.ns, d.z)
	case KindYearsMonths:
		n := v.n
		if n < 0 {
			b, n = append(b, '-'), -n
		}
		b = append(b, 'P')
		b = appendUnit(b, n/12, 'Y')
		b = appendUnit(b, n%12, 'M')
		if n == 0 {
			b = append(b, "0M"...)
		}
	case KindDaysTime:
		b = appendDaysTime(b, v.n, int64(v.sub))
	}
	return string(b)
}

func appendUnit(b []byte, n int64, unit byte) []byte {
	if n == 0 {
		return b
	}
	return append(strconv.AppendInt(b, n, 10), unit)
}

func appendDaysTime(b []byte, sec, ns int64) []byte {
	if sec < 0 {
		b = append(b, '-')
		if ns > 0 {
			sec, ns = sec+1, nsPerSec-ns
		}
		sec = -sec
	}
	b = append(b, 'P')
	if sec == 0 && ns == 0 {
		return append(b, "T0S"...)
	}
	b = appendUnit(b, sec/secPerDay, 'D')
	if sec %= secPerDay; sec == 0 && ns == 0 {
		return b
	}
	b = append(b, 'T')
	b = appendUnit(b, sec/3600, 'H')
	b = appendUnit(b, sec/60%60, 'M')
	if sec%60 != 0 || ns != 0 {
		b = append(appendFraction(strconv.AppendInt(b, sec%60, 10), ns), 'S')
	}
	return b
}

// ParseTemporal reads a date, time, date and time or duration in ISO 8601;
// null where the text is none.
func ParseTemporal(s string) Value { return parseTemporal(s) }
