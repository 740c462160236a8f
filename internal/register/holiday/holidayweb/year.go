package holidayweb

import (
	"context"
	"strconv"
	"time"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
)

// month is one month as it is drawn: weeks from Monday.
type month struct {
	Name  string
	Weeks [][7]cell
}

// cell is one day of a drawn month; empty outside it.
type cell struct {
	Day   string
	Class string // beside kh-year__day
	Mark  string // a letter that says the kind without colour
	Title string // in full, for screen readers; "" for a plain day
	Today bool
}

// yearOf draws a year of a calendar.
func yearOf(ctx context.Context, cal *calendar.Calendar, year int, today clock.Date) []month {
	out := make([]month, 0, 12)
	for m := time.January; m <= time.December; m++ {
		first := clock.Date{Year: year, Month: m, Day: 1}
		mo := month{Name: i18n.T(ctx, "holidayweb.months.m"+strconv.Itoa(int(m)))}
		for d := first; d.Month == m; d = d.AddDays(1) {
			at := (int(d.Weekday()) + 6) % 7 // Monday first
			if at == 0 || len(mo.Weeks) == 0 {
				mo.Weeks = append(mo.Weeks, [7]cell{})
			}
			mo.Weeks[len(mo.Weeks)-1][at] = cellOf(ctx, cal.Day(d), d == today)
		}
		out = append(out, mo)
	}
	return out
}

func cellOf(ctx context.Context, d calendar.Day, today bool) cell {
	c := cell{Day: strconv.Itoa(d.Date.Day), Today: today}
	if d.Kind == calendar.Plain {
		return c
	}
	kind := d.Kind.String()
	c.Class = "kh-year__day--" + kind
	if d.Kind == calendar.Weekend {
		return c
	}
	c.Mark = i18n.T(ctx, "holidayweb.mark."+kind)
	c.Title = i18n.T(ctx, "holidayweb.kind."+kind)
	if words := d.Words(ctx); words != "" {
		c.Title += ": " + words
	}
	return c
}

func (c cell) class() string {
	out := "kh-year__day"
	if c.Class != "" {
		out += " " + c.Class
	}
	if c.Today {
		out += " kh-year__day--today"
	}
	return out
}

// legend are the kinds of days that a year shows, with their marks.
func legend(ctx context.Context) []cell {
	var out []cell
	for _, k := range []calendar.DayKind{calendar.Holiday, calendar.Compensatory, calendar.SwappedOff, calendar.SwappedWork, calendar.UnitOff, calendar.UnitWork} {
		out = append(out, cell{Day: "0", Class: "kh-year__day--" + k.String(), Mark: i18n.T(ctx, "holidayweb.mark."+k.String()), Title: i18n.T(ctx, "holidayweb.kind."+k.String())})
	}
	return out
}
