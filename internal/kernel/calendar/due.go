package calendar

import (
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/errs"
)

// Due is a computed date with its reasons.
type Due struct {
	Start    time.Time    // acceptance, or submission for the term of acceptance itself
	At       time.Time    // the promised instant; close of office where days are counted
	Forward  time.Time    // when the examining office gets it: Start, or the next opening
	From     clock.Date   // the day that counts as the day of acceptance; never counted itself
	Days     []clock.Date // counted, in order; for hours the days on which they fell
	Skipped  []Day        // passed over between From and At, with the kind of each
	Rolled   []Day        // days off at the end of a calendar term that moved it on
	Deadline Deadline
	Elapsed  time.Duration // of a term that runs by the wall clock; Deadline is zero then
	Version  string        // of the calendar's facts
	// Uncertain: the term leaves the years whose holidays are known.
	Uncertain bool
}

// Count is how a date was counted: little enough to be kept with the date, and enough to
// count it again and explain it years later.
type Count struct {
	Start   time.Time     `json:"start"`
	Term    Deadline      `json:"term,omitzero"`
	Elapsed time.Duration `json:"elapsed,omitzero"`
	Version string        `json:"version"` // of the calendar's facts
}

// Count is how due was counted.
func (due Due) Count() Count {
	return Count{Start: due.Start, Term: due.Deadline, Elapsed: due.Elapsed, Version: due.Version}
}

// On counts again on a calendar: on that of k.Version it gives the same date, on a newer
// one the date with the days off of today.
func (k Count) On(c *Calendar) (Due, error) {
	if k.Elapsed > 0 {
		return Term{Elapsed: k.Elapsed}.Due(k.Start, c)
	}
	return c.Due(k.Start, k.Term)
}

// Due computes when a term that starts at start ends. A deadline that fails
// Check is Invalid with key calendar.badDeadline.
func (c *Calendar) Due(start time.Time, dl Deadline) (Due, error) {
	if err := dl.Check(); err != nil {
		return Due{}, errs.E(errs.Invalid, "calendar.badDeadline", errs.Cause(err))
	}
	start = start.In(clock.Zone)
	day := clock.DateOf(start)
	due := Due{Start: start, Forward: start, From: day, Deadline: dl, Version: c.version}

	late := !c.IsWorking(day) || start.After(dl.cutoff().On(day)) || !start.Before(c.closing(day))
	if dl.Kind != WorkingHours {
		if late {
			due.Forward = c.opening(c.NextWorking(day))
		}
		if late && dl.movesResult() {
			due.From = c.NextWorking(day)
			due.Skipped = c.off(day.AddDays(1), due.From.AddDays(-1))
			if k := c.Day(day); k.Kind.Off() {
				due.Skipped = append([]Day{k}, due.Skipped...)
			}
		}
	}

	switch dl.Kind {
	case SameDay:
		due.sameDay(c)
	case WorkingDays:
		due.workingDays(c)
	case CalendarDays:
		due.calendarTerm(c, due.From.AddDays(dl.N))
	case Months:
		due.calendarTerm(c, due.From.AddMonths(dl.N))
	case WorkingHours:
		due.workingHours(c)
	}
	due.Uncertain = !c.Known(day) || !c.Known(clock.DateOf(due.At))
	return due, nil
}

func (due *Due) sameDay(c *Calendar) {
	d := due.From
	// Without a cutoff on the result an office that has closed still cannot answer.
	if !c.IsWorking(d) || !due.Start.Before(c.closing(d)) {
		next := c.NextWorking(d)
		if k := c.Day(d); k.Kind.Off() {
			due.Skipped = append(due.Skipped, k)
		}
		due.Skipped = append(due.Skipped, c.off(d.AddDays(1), next.AddDays(-1))...)
		d = next
	}
	due.Days = []clock.Date{d}
	due.At = c.closing(d)
}

func (due *Due) workingDays(c *Calendar) {
	due.Days = make([]clock.Date, 0, due.Deadline.N)
	for d := due.From.AddDays(1); ; d = d.AddDays(1) {
		if k := c.Day(d); k.Kind.Off() {
			due.Skipped = append(due.Skipped, k)
			continue
		}
		due.Days = append(due.Days, d)
		if len(due.Days) == due.Deadline.N {
			due.At = c.closing(d)
			return
		}
	}
}

func (due *Due) calendarTerm(c *Calendar, end clock.Date) {
	due.Skipped = nil // nothing is passed over in calendar terms
	for d := due.From.AddDays(1); !d.After(end); d = d.AddDays(1) {
		due.Days = append(due.Days, d)
	}
	if due.Deadline.Roll && !c.IsWorking(end) {
		next := c.NextWorking(end)
		due.Rolled = c.off(end, next.AddDays(-1))
		end = next
	}
	due.At = c.closing(end)
}

func (due *Due) workingHours(c *Calendar) {
	left := time.Duration(due.Deadline.N) * time.Hour
	at := due.Start
	begun := false
	for d := due.From; ; d = d.AddDays(1) {
		if k := c.Day(d); k.Kind.Off() {
			due.Skipped = append(due.Skipped, k)
			continue
		}
		for _, h := range c.Hours(d) {
			from, to := h.From.On(d), h.To.On(d)
			if at.After(from) {
				from = at
			}
			if !from.Before(to) {
				continue
			}
			if n := len(due.Days); n == 0 || due.Days[n-1] != d {
				due.Days = append(due.Days, d)
			}
			if !begun {
				due.Forward, begun = from, true
			}
			if left <= to.Sub(from) {
				due.At = from.Add(left)
				return
			}
			left -= to.Sub(from)
		}
	}
}

// off lists the days off from a to b, both inclusive.
func (c *Calendar) off(a, b clock.Date) []Day {
	var out []Day
	for d := a; !d.After(b); d = d.AddDays(1) {
		if k := c.Day(d); k.Kind.Off() {
			out = append(out, k)
		}
	}
	return out
}
