package calendar

import (
	"fmt"
	"time"

	"khue/internal/kernel/clock"
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
)

//nolint:gochecknoglobals // immutable table
var dayKindNames = [...]string{"plain", "weekend", "holiday", "compensatory", "swapOff", "swapWork"}

// String is the name used in message keys and facts.
func (k DayKind) String() string {
	if int(k) < len(dayKindNames) {
		return dayKindNames[k]
	}
	return "plain"
}

// Off reports whether offices are closed on such a day.
func (k DayKind) Off() bool { return k != Plain && k != SwappedWork }

// Day is one dated fact.
type Day struct {
	Date clock.Date
	Kind DayKind
	Name string // message key of the occasion; may be empty
}

// Span is a part of the day in which the office is open.
type Span struct{ From, To TimeOfDay }

// Calendar knows which days are worked. It is immutable and safe for concurrent use.
type Calendar struct {
	days    map[clock.Date]Day
	version string
	first   clock.Date // the facts cover first to last, both inclusive
	last    clock.Date
	hours   []Span
}

// OfficeHours are 08:00-12:00 and 13:30-17:00, the hours of the city's one-stop shops.
func OfficeHours() []Span {
	return []Span{{At(8, 0), At(12, 0)}, {At(13, 30), At(17, 0)}}
}

// New builds a calendar from facts. The version names them in every Due. The
// facts are taken to cover whole years, from the first year named to the last; outside
// them only weekends are known and a Due says so. A day named twice, or a swap that
// changes nothing, is an error of the facts.
func New(facts []Day, version string, hours ...Span) (*Calendar, error) {
	c := &Calendar{days: make(map[clock.Date]Day, len(facts)), version: version, hours: hours}
	if len(c.hours) == 0 {
		c.hours = OfficeHours()
	}
	var end TimeOfDay
	for _, h := range c.hours {
		if h.From >= h.To || h.From < end || h.To > At(24, 0) {
			return nil, fmt.Errorf("calendar: office hours %s-%s are not in order", h.From, h.To)
		}
		end = h.To
	}
	for _, d := range facts {
		rest := weekend(d.Date)
		switch {
		case !d.Date.Valid():
			return nil, fmt.Errorf("calendar: %v is no day", d.Date)
		case d.Kind == Plain || d.Kind == Weekend || int(d.Kind) >= len(dayKindNames):
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
	if weekend(d) {
		return Day{Date: d, Kind: Weekend}
	}
	return Day{Date: d, Kind: Plain}
}

// IsWorking reports whether offices work on d.
func (c *Calendar) IsWorking(d clock.Date) bool { return !c.Day(d).Kind.Off() }

// NextWorking is the first working day after d.
func (c *Calendar) NextWorking(d clock.Date) clock.Date {
	for d = d.AddDays(1); !c.IsWorking(d); d = d.AddDays(1) {
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

// Worked is the office time between two instants, zero where to is not after from.
func (c *Calendar) Worked(from, to time.Time) time.Duration {
	var sum time.Duration
	for d, last := clock.DateOf(from), clock.DateOf(to); !d.After(last); d = d.AddDays(1) {
		if !c.IsWorking(d) {
			continue
		}
		for _, h := range c.hours {
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

// Open reports whether the office is open at t.
func (c *Calendar) Open(t time.Time) bool {
	d := clock.DateOf(t)
	if !c.IsWorking(d) {
		return false
	}
	for _, h := range c.hours {
		if !t.Before(h.From.On(d)) && t.Before(h.To.On(d)) {
			return true
		}
	}
	return false
}

// opening and closing are the bounds of the office day.
func (c *Calendar) opening(d clock.Date) time.Time { return c.hours[0].From.On(d) }
func (c *Calendar) closing(d clock.Date) time.Time { return c.hours[len(c.hours)-1].To.On(d) }

func weekend(d clock.Date) bool {
	w := d.Weekday()
	return w == time.Saturday || w == time.Sunday
}
