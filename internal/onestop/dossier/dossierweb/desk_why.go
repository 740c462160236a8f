package dossierweb

import (
	"context"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/ui"
	"khue/internal/onestop/dossier"
)

// why says in words why a task stands where it stands in today's list: how long its own
// term still runs, when the promise to the applicant breaks, and since when it waits.
func (h *handlers) why(ctx context.Context, t dossier.Task, now time.Time) ui.Cell {
	c := ui.Cell{Tagged: true, Tag: ui.ToneNeutral}
	left := t.DueAt.Sub(now)
	promise := !t.Promised.IsZero()
	switch {
	case promise && t.Promised.Before(now):
		c.Tag, c.Text = ui.ToneLate, i18n.T(ctx, "dossierweb.why.broken", "for", distance(ctx, now.Sub(t.Promised)))
	case t.DueAt.Before(now):
		c.Tag, c.Text = ui.ToneLate, i18n.T(ctx, "dossierweb.why.stepLate", "for", distance(ctx, -left))
	case clock.DateOf(t.DueAt) == clock.DateOf(now):
		c.Tag, c.Text = ui.ToneSoon, i18n.T(ctx, "dossierweb.why.today", "at", i18n.Time(t.DueAt), "for", distance(ctx, left))
	default:
		c.Text = i18n.T(ctx, "dossierweb.why.by", "when", dayWord(ctx, t.DueAt, now))
	}
	var notes []string
	switch {
	case !promise:
		notes = append(notes, i18n.T(ctx, "dossierweb.why.notAccepted"))
	case t.Promised.Before(now):
		notes = append(notes, i18n.T(ctx, "dossierweb.why.wasPromised", "when", dayWord(ctx, t.Promised, now)))
	case t.Promised.Equal(t.DueAt):
		notes = append(notes, i18n.T(ctx, "dossierweb.why.promiseToo"))
	default:
		notes = append(notes, i18n.T(ctx, "dossierweb.why.promise", "when", dayWord(ctx, t.Promised, now)))
	}
	if clock.DateOf(t.OpenedAt).Before(clock.DateOf(now)) {
		notes = append(notes, i18n.T(ctx, "dossierweb.why.since", "when", dayWord(ctx, t.OpenedAt, now)))
	}
	c.Note = strings.Join(notes, " · ")
	return c
}

// dayWord names a day as people at a desk do: today, yesterday, tomorrow, a weekday of these days, a date.
func dayWord(ctx context.Context, at, now time.Time) string {
	day, today := clock.DateOf(at), clock.DateOf(now)
	hour := i18n.Time(at)
	switch n := day.Sub(today); {
	case n == 0:
		return i18n.T(ctx, "dossierweb.day.today", "at", hour)
	case n == 1:
		return i18n.T(ctx, "dossierweb.day.tomorrow", "at", hour)
	case n == -1:
		return i18n.T(ctx, "dossierweb.day.yesterday", "at", hour)
	case n > -7 && n < 7:
		return i18n.T(ctx, "dossierweb.weekday."+strings.ToLower(day.Weekday().String()), "date", shortDay(ctx, at))
	}
	return shortDay(ctx, at)
}

func shortDay(ctx context.Context, t time.Time) string {
	if i18n.LangOf(ctx) == i18n.EN {
		return t.In(clock.Zone).Format("2 Jan 2006")
	}
	return t.In(clock.Zone).Format("02/01/2006")
}
