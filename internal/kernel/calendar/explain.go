package calendar

import (
	"context"
	"strings"
	"time"

	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
)

// listed is how many counted days a sentence names one by one.
const listed = 10

// Why is the occasion on which a date was counted.
type Why string

// The occasions.
const (
	Accepted  Why = "accepted"  // the dossier was accepted
	Restarted Why = "restarted" // it was completed, and the count began anew
	Resumed   Why = "resumed"   // it was completed, and the count went on with what was left
	Extended  Why = "extended"  // the office apologised and took the term of an extension
	Redated   Why = "redated"   // the days off changed after the date was promised
	Silence   Why = "silence"   // somebody was asked; when the date passes, silence agrees
	Lapse     Why = "lapse"     // the applicant was asked to complete the dossier by the date
)

// Explain is ExplainAs of an acceptance.
func (due Due) Explain(ctx context.Context) string { return due.ExplainAs(ctx, Accepted) }

// ExplainAs says in the reader's language why the date is what it is: when the
// count began and on which occasion, what it counted, what it passed over, when it ends.
// An occasion without words of its own reads as an acceptance.
func (due Due) ExplainAs(ctx context.Context, why Why) string {
	l := i18n.LangOf(ctx)
	dl := due.Deadline
	start, end, term := "calendar.start", "calendar.end", "calendar.term."
	switch why {
	case Restarted, Resumed, Extended, Redated:
		start, term = "calendar.startOf."+string(why), "calendar.next."
	case Silence, Lapse:
		start, end, term = "calendar.startOf."+string(why), "calendar.endOf."+string(why), "calendar.next."
	case Accepted:
	}
	out := []string{i18n.T(ctx, start, "at", i18n.DateTime(l, due.Start))}
	switch {
	case due.Elapsed > 0 && due.Elapsed%time.Hour == 0:
		out = append(out, i18n.T(ctx, "calendar.next.hours", "n", int(due.Elapsed/time.Hour)))
	case due.Elapsed > 0:
		out = append(out, i18n.T(ctx, "calendar.next.minutes", "n", int(due.Elapsed/time.Minute)))
	default:
		out = append(out, i18n.T(ctx, term+dl.Kind.String(), "n", dl.N))
	}
	accepted := clock.DateOf(due.Start)
	switch {
	case due.From != accepted && due.Day(accepted).Kind.Off():
		out = append(out, i18n.T(ctx, "calendar.movedOff", "from", i18n.Date(l, due.From)))
	case due.From != accepted:
		out = append(out, i18n.T(ctx, "calendar.movedLate", "cutoff", dl.cutoff().String(), "from", i18n.Date(l, due.From)))
	case !due.Forward.Equal(due.Start) && dl.Kind != WorkingHours && term == "calendar.term.":
		out = append(out, i18n.T(ctx, "calendar.forwarded", "at", i18n.DateTime(l, due.Forward)))
	}
	if dl.Kind == WorkingDays && len(due.Days) > 0 {
		first, last := due.Days[0], due.Days[len(due.Days)-1]
		if len(due.Days) <= listed {
			out = append(out, i18n.T(ctx, "calendar.counted", "days", dates(l, due.Days)))
		} else {
			out = append(out, i18n.T(ctx, "calendar.countedRange", "n", len(due.Days), "first", i18n.Date(l, first), "last", i18n.Date(l, last)))
		}
	}
	if s := passedOver(ctx, l, due.Skipped); s != "" {
		out = append(out, i18n.T(ctx, "calendar.skipped", "days", s))
	}
	if s := passedOver(ctx, l, due.Rolled); s != "" {
		out = append(out, i18n.T(ctx, "calendar.rolled", "days", s))
	}
	out = append(out, i18n.T(ctx, end, "at", i18n.DateTime(l, due.At)))
	if due.Uncertain {
		out = append(out, i18n.T(ctx, "calendar.uncertain", "year", clock.DateOf(due.At).Time().Format("2006")))
	}
	return strings.Join(out, " ")
}

// Day finds a day that was passed over; Plain where it was not.
func (due Due) Day(d clock.Date) Day {
	for _, s := range due.Skipped {
		if s.Date == d {
			return s
		}
	}
	return Day{Date: d}
}

// passedOver names holidays one by one and counts plain weekend days.
func passedOver(ctx context.Context, l i18n.Lang, days []Day) string {
	var parts []string
	weekends := 0
	for i := 0; i < len(days); i++ {
		d := days[i]
		if d.Kind == Weekend {
			weekends++
			continue
		}
		// Days of one occasion in a row are named once.
		j := i
		for j+1 < len(days) && days[j+1].Kind == d.Kind && days[j+1].Name == d.Name && days[j+1].VI == d.VI && days[j+1].Date == days[j].Date.AddDays(1) {
			j++
		}
		span := i18n.Date(l, d.Date)
		if j > i {
			span = i18n.T(ctx, "calendar.span", "first", span, "last", i18n.Date(l, days[j].Date))
		}
		name := i18n.T(ctx, "calendar.kind."+d.Kind.String())
		if words := d.Words(ctx); words != "" {
			if d.Kind == Holiday {
				name = words
			} else {
				name = i18n.T(ctx, "calendar.of."+d.Kind.String(), "name", words)
			}
		}
		parts = append(parts, i18n.T(ctx, "calendar.dayWithName", "day", span, "name", name))
		i = j
	}
	if weekends > 0 {
		parts = append(parts, i18n.T(ctx, "calendar.weekends", "n", weekends))
	}
	return strings.Join(parts, "; ")
}

func dates(l i18n.Lang, ds []clock.Date) string {
	out := make([]string, len(ds))
	for i, d := range ds {
		out[i] = i18n.Date(l, d)
	}
	return strings.Join(out, ", ")
}
