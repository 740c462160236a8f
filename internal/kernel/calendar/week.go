package calendar

import (
	"errors"
	"fmt"
	"time"

	"khue/internal/kernel/clock"
)

// Span is a part of the day in which the office is open.
type Span struct {
	From TimeOfDay `json:"from"`
	To   TimeOfDay `json:"to"`
}

// OfficeHours are 08:00-12:00 and 13:30-17:00, the hours of the city's one-stop shops.
func OfficeHours() []Span {
	return []Span{{At(8, 0), At(12, 0)}, {At(13, 30), At(17, 0)}}
}

// Week says when an office is open from a day on, and which days of the week count as
// working days. The two differ: an office may open on Saturday morning without Saturday
// counting. Both lists begin with Sunday, as time.Weekday does.
type Week struct {
	From   clock.Date `json:"from,omitzero"` // zero: always
	Hours  [7][]Span  `json:"hours"`
	Counts [7]bool    `json:"counts"`
}

// Weekdays is the plain week: Monday to Friday with the same hours.
func Weekdays(hours ...Span) Week {
	var w Week
	for d := time.Monday; d <= time.Friday; d++ {
		w.Hours[d], w.Counts[d] = hours, true
	}
	return w
}

// Check reports what is wrong with a week: hours out of order, a day that counts while
// the office is closed, no day that counts.
func (w Week) Check() error {
	_, err := w.compile()
	return err
}

// Week is the week that holds on a day. Its slices are shared: do not change them.
func (c *Calendar) Week(d clock.Date) Week {
	w := c.week(d)
	return Week{From: w.from, Hours: w.hours, Counts: w.counts}
}

// week is a checked Week.
type week struct {
	from   clock.Date
	hours  [7][]Span
	counts [7]bool
	full   []Span // the longest day: what a swapped rest day is worked by
}

func (w Week) compile() (week, error) {
	out := week{from: w.From, hours: w.Hours, counts: w.Counts}
	longest := TimeOfDay(0)
	for i, hours := range w.Hours {
		var end, sum TimeOfDay
		for _, h := range hours {
			if h.From >= h.To || h.From < end || h.To > At(24, 0) || h.From < 0 {
				return week{}, fmt.Errorf("calendar: office hours %s-%s are not in order", h.From, h.To)
			}
			end, sum = h.To, sum+h.To-h.From
		}
		switch {
		case w.Counts[i] && sum == 0:
			return week{}, fmt.Errorf("calendar: %s counts, but the office is closed", time.Weekday(i))
		case w.Counts[i] && sum > longest:
			longest, out.full = sum, hours
		}
	}
	if longest == 0 {
		return week{}, errors.New("calendar: no day of the week counts")
	}
	return out, nil
}
