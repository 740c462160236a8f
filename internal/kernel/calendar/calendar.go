package calendar

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
)

// DayKind says why a day differs from the plain week.
type DayKind uint8

// The kinds of special days. Weekend is what a plain Saturday or Sunday gets;
// it never stands in the facts.
const (
	Plain        DayKind = iota // an ordinary working day
	Weekend                     // the weekly rest
	Holiday                     // a public holiday
	Compensatory                // off, because a holiday fell on the weekly rest
	SwappedOff                  // off, worked on another day instead
	SwappedWork                 // a rest day that is worked instead of a SwappedOff one
	UnitOff                     // a day on which one unit is closed
	UnitWork                    // a day off on which one unit works
)

//nolint:gochecknoglobals // immutable table
var dayKindNames = [...]string{"plain", "weekend", "holiday", "compensatory", "swapOff", "swapWork", "unitOff", "unitWork"}

// String is the name used in message keys and facts.
func (k DayKind) String() string {
	if int(k) < len(dayKindNames) {
		return dayKindNames[k]
	}
	return "plain"
}

// Off reports whether offices are closed on such a day.
func (k DayKind) Off() bool { return k != Plain && k != SwappedWork && k != UnitWork }

// ParseDayKind reads the name of a kind that may stand in the facts.
func ParseDayKind(s string) (DayKind, bool) {
	for i, n := range dayKindNames {
		if k := DayKind(i); n == s && k != Plain && k != Weekend {
			return k, true
		}
	}
	return Plain, false
}

// MarshalText writes the name.
func (k DayKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads the name of a kind that may stand in the facts.
func (k *DayKind) UnmarshalText(b []byte) error {
	v, ok := ParseDayKind(string(b))
	if !ok {
		return fmt.Errorf("calendar: %q is no kind of a special day", b)
	}
	*k = v
	return nil
}

// Day is one dated fact.
type Day struct {
	Date clock.Date `json:"date"`
	Kind DayKind    `json:"kind"`
	Name string     `json:"name,omitempty"` // message key of the occasion; may be empty
	VI   string     `json:"vi,omitempty"`   // its words, where no message has them
	EN   string     `json:"en,omitempty"`
}

// Words are the name of the occasion in the reader's language; "" where it has none.
func (d Day) Words(ctx context.Context) string {
	switch {
	case d.Name != "":
		return i18n.T(ctx, d.Name)
	case d.EN != "" && i18n.LangOf(ctx) == i18n.EN:
		return d.EN
	}
	return d.VI
}

// Calendar knows which days are worked, and when offices are open. It is immutable and
// safe for concurrent use.
type Calendar struct {
	days    map[clock.Date]Day
	version string
	first   clock.Date // the facts cover first to last, both inclusive
	last    clock.Date
	weeks   []week // by the day from which each holds; the first holds always
}

// New builds a calendar from facts. The version names them in every Due. The
// facts are taken to cover whole years, from the first year named to the last; outside
// them only weekends are known and a Due says so. A day named twice, or a swap that
// changes nothing, is an error of the facts. hours are those of Monday to Friday.
func New(facts []Day, version string, hours ...Span) (*Calendar, error) {
	if len(hours) == 0 {
		hours = OfficeHours()
	}
	w, err := Weekdays(hours...).compile()
	if err != nil {
		return nil, err
	}
	c := &Calendar{days: make(map[clock.Date]Day, len(facts)), version: version, weeks: []week{w}}
	for _, d := range facts {
		rest := weekend(d.Date)
		switch {
		case !d.Date.Valid():
			return nil, fmt.Errorf("calendar: %v is no day", d.Date)
		case d.Kind == Plain || d.Kind == Weekend || d.Kind >= UnitOff:
			return nil, fmt.Errorf("calendar: %s: a fact must say more than %s", d.Date, d.Kind)
		case d.Kind == SwappedWork && !rest:
			return nil, fmt.Errorf("calendar: %s is worked anyway", d.Date)
		case (d.Kind == SwappedOff || d.Kind == Compensatory) && rest:
			return nil, fmt.Errorf("calendar: %s is a rest day anyway", d.Date)
		}
		if _, twice := c.days[d.Date]; twice {
			return nil, fmt.Errorf("calendar: %s stands twice", d.Date)
		}
		c.days[d.Date] = d
		if y := (clock.Date{Year: d.Date.Year, Month: 1, Day: 1}); c.first.IsZero() || y.Before(c.first) {
			c.first = y
		}
		if y := (clock.Date{Year: d.Date.Year, Month: 12, Day: 31}); y.After(c.last) {
			c.last = y
		}
	}
	return c, nil
}

// Local is what one unit adds to the calendar of its city.
type Local struct {
	Weeks []Week // its own hours, in order of their first days; before them the city's hold
	Days  []Day  // of kind UnitOff or UnitWork
}

// With is the calendar of a unit: the facts of c with what the unit adds. A day that the
// city has off stays off unless the unit works on it.
func (c *Calendar) With(l Local, version string) (*Calendar, error) {
	out := *c
	out.version = version
	if len(l.Weeks) > 0 {
		out.weeks = slices.Clone(c.weeks)
	}
	for _, w := range l.Weeks {
		compiled, err := w.compile()
		if err != nil {
			return nil, err
		}
		// From its first day on the unit's week stands for whatever held before.
		keep := slices.IndexFunc(out.weeks, func(x week) bool { return !x.from.Before(w.From) && !x.from.IsZero() })
		if w.From.IsZero() {
			keep = 0
		}
		if keep >= 0 {
			out.weeks = out.weeks[:keep]
		}
		out.weeks = append(out.weeks, compiled)
	}
	if len(l.Days) > 0 {
		out.days = maps.Clone(c.days)
	}
	for _, d := range l.Days {
		switch {
		case !d.Date.Valid():
			return nil, fmt.Errorf("calendar: %v is no day", d.Date)
		case d.Kind != UnitOff && d.Kind != UnitWork:
			return nil, fmt.Errorf("calendar: %s: %s is not for one unit to say", d.Date, d.Kind)
		case d.Kind == UnitOff && out.Day(d.Date).Kind.Off():
			continue // the city has it off with a better reason
		}
		out.days[d.Date] = d
	}
	return &out, nil
}

// Version names the facts.
func (c *Calendar) Version() string { return c.version }

// Known reports whether the facts cover the day; outside them a holiday may be missing.
func (c *Calendar) Known(d clock.Date) bool {
	return !c.first.IsZero() && !d.Before(c.first) && !d.After(c.last)
}

// Day tells what kind of day d is.
func (c *Calendar) Day(d clock.Date) Day {
	if f, ok := c.days[d]; ok {
		return f
	}
	if !c.week(d).counts[d.Weekday()] {
		return Day{Date: d, Kind: Weekend}
	}
	return Day{Date: d, Kind: Plain}
}

// IsWorking reports whether d counts as a working day. An office that opens on Saturday
// morning does not make Saturday one: its week must say so.
func (c *Calendar) IsWorking(d clock.Date) bool { return !c.Day(d).Kind.Off() }

// NextWorking is the first working day after d.
func (c *Calendar) NextWorking(d clock.Date) clock.Date {
	for d = d.AddDays(1); !c.IsWorking(d); d = d.AddDays(1) {
	}
	return d
}

// PrevWorking is the last working day before d.
func (c *Calendar) PrevWorking(d clock.Date) clock.Date {
	for d = d.AddDays(-1); !c.IsWorking(d); d = d.AddDays(-1) {
	}
	return d
}

// WorkingDays counts the working days after from, up to and including to;
// negative where to lies before from.
func (c *Calendar) WorkingDays(from, to clock.Date) int {
	if to.Before(from) {
		return -c.WorkingDays(to, from)
	}
	n := 0
	for d := from.AddDays(1); !d.After(to); d = d.AddDays(1) {
		if c.IsWorking(d) {
			n++
		}
	}
	return n
}

// Worked is the office time of working days between two instants, zero where to is not
// after from.
func (c *Calendar) Worked(from, to time.Time) time.Duration {
	var sum time.Duration
	for d, last := clock.DateOf(from), clock.DateOf(to); !d.After(last); d = d.AddDays(1) {
		if !c.IsWorking(d) {
			continue
		}
		for _, h := range c.Hours(d) {
			a, b := h.From.On(d), h.To.On(d)
			if from.After(a) {
				a = from
			}
			if to.Before(b) {
				b = to
			}
			if b.After(a) {
				sum += b.Sub(a)
			}
		}
	}
	return sum
}

// Hours are the spans in which the office is open on a day, none where it is closed. The
// slice is shared: do not change it.
func (c *Calendar) Hours(d clock.Date) []Span {
	w, kind := c.week(d), c.Day(d).Kind
	switch {
	case kind == SwappedWork, kind == UnitWork && len(w.hours[d.Weekday()]) == 0:
		return w.full
	case kind.Off() && kind != Weekend:
		return nil
	}
	return w.hours[d.Weekday()]
}

// Open reports whether the office is open at t, also on a day that does not count.
func (c *Calendar) Open(t time.Time) bool {
	d := clock.DateOf(t)
	for _, h := range c.Hours(d) {
		if !t.Before(h.From.On(d)) && t.Before(h.To.On(d)) {
			return true
		}
	}
	return false
}

// opening and closing are the bounds of the office day of a working day.
func (c *Calendar) opening(d clock.Date) time.Time { return c.Hours(d)[0].From.On(d) }

func (c *Calendar) closing(d clock.Date) time.Time {
	h := c.Hours(d)
	if len(h) == 0 { // a term in calendar days ends on whatever day it is
		h = c.week(d).full
	}
	return h[len(h)-1].To.On(d)
}

// week is the week that holds on a day.
func (c *Calendar) week(d clock.Date) *week {
	i := len(c.weeks) - 1
	for i > 0 && d.Before(c.weeks[i].from) {
		i--
	}
	return &c.weeks[i]
}

func weekend(d clock.Date) bool {
	w := d.Weekday()
	return w == time.Saturday || w == time.Sunday
}
