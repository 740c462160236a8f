package calendar

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
)

// Term is a span as a process declares it for a wait, a timer or a consultation:
//
//	sameDay            until the office closes; received late, on the next working day
//	5 workingDays      counted from the next working day, over at the close of office
//	16 workingHours    office hours only
//	12 calendarDays    also P12D, P2W: over at the close of office of the last day
//	2 months           also P2M, P1Y
//	PT8H, P1DT30M      hours and minutes that run on by the wall clock, day and night
//
// The zero Term is none.
type Term struct {
	Kind    Kind          // 0 where Elapsed says it
	N       int           // of Kind
	Elapsed time.Duration // wall-clock span
}

// maxElapsed bounds what runs by the wall clock.
const maxElapsed = MaxN * 24 * time.Hour

// ParseTerm reads a span in any of the forms of Term.
func ParseTerm(s string) (Term, error) {
	var t Term
	ok := false
	switch n, kind, two := strings.Cut(s, " "); {
	case s == SameDay.String():
		return Term{Kind: SameDay}, nil
	case two:
		t, ok = parseCounted(n, kind)
	case strings.HasPrefix(s, "P"):
		t, ok = parseISO(s[1:])
	}
	if !ok {
		return Term{}, fmt.Errorf("calendar: %q is not a term such as 5 workingDays, 12 calendarDays, 16 workingHours, sameDay, P30D, P2M or PT8H", s)
	}
	return t, nil
}

func parseCounted(n, kind string) (t Term, ok bool) {
	if t.N, ok = number(n); !ok || t.Kind.UnmarshalText([]byte(kind)) != nil || t.N > MaxN || t.Kind == SameDay {
		return Term{}, false
	}
	return t, true
}

// parseISO reads what follows the P of an ISO 8601 duration.
func parseISO(s string) (t Term, ok bool) {
	date, clocked, timed := strings.Cut(s, "T")
	var months, days int
	for i, unit := range "YMWD" {
		n, rest, found, good := take(date, unit)
		if !good {
			return Term{}, false
		}
		if date = rest; found {
			months += n * [...]int{12, 1, 0, 0}[i]
			days += n * [...]int{0, 0, 7, 1}[i]
		}
	}
	var wall time.Duration
	for i, unit := range "HMS" {
		n, rest, found, good := take(clocked, unit)
		if !good {
			return Term{}, false
		}
		if clocked = rest; found {
			wall += time.Duration(n) * [...]time.Duration{time.Hour, time.Minute, time.Second}[i]
		}
	}
	switch {
	case date != "" || clocked != "" || timed && wall == 0 || months > 0 && (days > 0 || timed):
		return Term{}, false
	case months > 0 && months <= MaxN:
		return Term{Kind: Months, N: months}, true
	case timed && wall <= maxElapsed && days <= MaxN:
		return Term{Elapsed: time.Duration(days)*24*time.Hour + wall}, true
	case !timed && days > 0 && days <= MaxN:
		return Term{Kind: CalendarDays, N: days}, true
	}
	return Term{}, false
}

// take reads a number before a unit, where the text begins with one.
func take(s string, unit rune) (n int, rest string, found, ok bool) {
	i := strings.IndexFunc(s, func(r rune) bool { return r < '0' || r > '9' })
	if i <= 0 || rune(s[i]) != unit {
		return 0, s, false, true
	}
	n, ok = number(s[:i])
	return n, s[i+1:], true, ok
}

// number is a count from 1 on, in digits alone, small enough to be multiplied.
func number(s string) (int, bool) {
	if s == "" || len(s) > 6 || s[0] < '1' || s[0] > '9' {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

// IsZero reports whether there is no term.
func (t Term) IsZero() bool { return t == Term{} }

// String is the shortest form that ParseTerm reads as the same term.
func (t Term) String() string {
	switch t.Kind {
	case SameDay:
		return SameDay.String()
	case WorkingDays, WorkingHours:
		return strconv.Itoa(t.N) + " " + t.Kind.String()
	case CalendarDays:
		return "P" + strconv.Itoa(t.N) + "D"
	case Months:
		return "P" + strconv.Itoa(t.N) + "M"
	}
	if t.Elapsed <= 0 {
		return ""
	}
	out := "PT"
	for _, u := range [...]struct {
		span time.Duration
		sign string
	}{{time.Hour, "H"}, {time.Minute, "M"}, {time.Second, "S"}} {
		if n := t.Elapsed % (60 * u.span) / u.span; u.span == time.Hour {
			if n = t.Elapsed / u.span; n > 0 {
				out += strconv.Itoa(int(n)) + u.sign
			}
		} else if n > 0 {
			out += strconv.Itoa(int(n)) + u.sign
		}
	}
	return out
}

// MarshalText writes String.
func (t Term) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText reads a term; an empty text is none.
func (t *Term) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*t = Term{}
		return nil
	}
	v, err := ParseTerm(string(b))
	if err == nil {
		*t = v
	}
	return err
}

// Deadline is the term as a deadline; a wall-clock term has none.
func (t Term) Deadline() (dl Deadline, ok bool) {
	return Deadline{Kind: t.Kind, N: t.N}, t.Kind != 0
}

// End is when a term that begins at start ends.
func (t Term) End(start time.Time, cal *Calendar) (time.Time, error) {
	if t.Kind == 0 {
		return start.Add(t.Elapsed), nil
	}
	due, err := t.Due(start, cal)
	return due.At, err
}

// Due is End with its reasons. The zero Term is Invalid with key calendar.badDeadline.
func (t Term) Due(start time.Time, cal *Calendar) (Due, error) {
	if t.Kind != 0 {
		return cal.Due(start, Deadline{Kind: t.Kind, N: t.N})
	}
	if t.Elapsed <= 0 {
		return Due{}, errs.E(errs.Invalid, "calendar.badDeadline")
	}
	start = start.In(clock.Zone)
	return Due{
		Start: start, At: start.Add(t.Elapsed), Forward: start, From: clock.DateOf(start), Elapsed: t.Elapsed, Version: cal.version,
	}, nil
}
