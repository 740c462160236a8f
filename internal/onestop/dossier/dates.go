package dossier

import (
	"context"
	"strings"
	"time"

	"khue/internal/kernel/calendar"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/i18n"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
)

// Reason is why one date of a dossier is what it is.
type Reason struct {
	Why calendar.Why
	Due calendar.Due // counted again, to the same instant
}

// Words are the sentences of a reason in the reader's language.
func (r Reason) Words(ctx context.Context) string { return r.Due.ExplainAs(ctx, r.Why) }

// countOf is how a line of a timeline set the promised date; false where it set none.
// Lines from before counts were kept are counted by the declared term.
func countOf(l Line, d Dossier, pkg *service.Package, cal *calendar.Calendar) (calendar.Count, bool) {
	switch {
	case l.Due == 0 || l.DueWhy == "":
		return calendar.Count{}, false
	case l.Count != nil:
		return *l.Count, true
	}
	k := calendar.Count{Start: l.At, Version: cal.Version()}
	if l.Term != nil {
		k.Term = *l.Term
		return k, true
	}
	dl, ok := pkg.Process.Deadline(d.Case, string(d.Channel))
	k.Term = dl.Term
	return k, ok
}

// ReasonAt explains the date that a line of a timeline set. It is false for a line that
// set none, and where counting again gives another date: what cannot be shown is not
// claimed.
func (s *Service) ReasonAt(l Line, d Dossier, pkg *service.Package) (Reason, bool) {
	cal := s.Calendars.Of(d.Receiving)
	k, ok := countOf(l, d, pkg, cal)
	if !ok {
		return Reason{}, false
	}
	if was, ok := s.Calendars.Version(k.Version); ok {
		cal = was
	}
	due, err := k.On(cal)
	return Reason{Why: calendar.Why(l.DueWhy), Due: due}, err == nil && due.At.UnixMilli() == l.Due
}

// dated finds the line that set the present date.
func dated(d Dossier, lines []Line) (Line, bool) {
	for i := len(lines) - 1; i >= 0; i-- {
		if lines[i].DueWhy != "" {
			return lines[i], !d.DueAt.IsZero() && lines[i].Due == d.DueAt.UnixMilli()
		}
	}
	return Line{}, false
}

// DueReason explains the promised date; false where there is none, or none that can be
// counted again.
func (s *Service) DueReason(d Dossier, pkg *service.Package, lines []Line) (Reason, bool) {
	l, ok := dated(d, lines)
	if !ok {
		return Reason{}, false
	}
	return s.ReasonAt(l, d, pkg)
}

// DueWords say why the dossier's date is what it is now, a sentence or a few: how it was
// counted, and, where the count stands still or starts again later, that it does. "" where
// there is no date and none to come. It costs no query.
func (s *Service) DueWords(ctx context.Context, d Dossier, pkg *service.Package, lines []Line) string {
	var out []string
	if r, ok := s.DueReason(d, pkg, lines); ok {
		out = append(out, r.Words(ctx))
	}
	lang := i18n.LangOf(ctx)
	switch {
	case d.State.Ended() || d.State == process.Done:
	case d.AcceptedAt.IsZero() && !d.UnpaidAt.IsZero():
		out = append(out, i18n.T(ctx, "dossier.due.afterPayment"))
	case d.AcceptedAt.IsZero():
		out = append(out, i18n.T(ctx, "dossier.due.afterAcceptance"))
	case d.DueAt.IsZero() && d.State == process.Supplement:
		out = append(out, i18n.T(ctx, "dossier.due.restarts"))
	case !d.PausedAt.IsZero() && !d.DueAt.IsZero():
		cal := s.Calendars.Of(d.Receiving)
		left := max(cal.WorkingDays(clock.DateOf(d.PausedAt), clock.DateOf(d.DueAt)), 0)
		key := "dossier.due.paused"
		switch {
		case d.State == process.Supplement:
			key = "dossier.due.pausedForYou"
		case !d.UnpaidAt.IsZero():
			key = "dossier.due.pausedForFee"
		}
		out = append(out, i18n.T(ctx, key, "at", i18n.DateTime(lang, d.PausedAt), "n", left))
	}
	return strings.Join(out, " ")
}

// Wait is a term that runs while a dossier waits: a consultation whose silence agrees, the
// applicant's confirmation, a supplement.
type Wait struct {
	Step string
	At   time.Time
	Reason
}

// Waits are the terms that run at a dossier now.
func (s *Service) Waits(d Dossier, pkg *service.Package) []Wait {
	var out []Wait
	for _, t := range d.Instance.Tokens {
		if t.Timer == 0 {
			continue
		}
		w := Wait{Step: t.Step, At: t.Timer.Time()}
		text := withinOf(pkg, t.Step)
		w.Why = calendar.Silence
		if t.Wait == process.ForSupplement {
			w.Why, text = calendar.Lapse, pkg.Process.Terms().Supplement.Within.String()
		}
		term, err := calendar.ParseTerm(text)
		if err != nil {
			continue // a timer of the process, nobody's term
		}
		due, err := term.Due(t.Since.Time(), s.Calendars.Of(d.Receiving))
		if err != nil || !due.At.Equal(w.At) {
			continue
		}
		w.Due = due
		out = append(out, w)
	}
	return out
}

// Apology is the term of an apology: the law wants it a day before the promised date.
type Apology struct {
	By   time.Time // close of office of the last working day before the promised date
	Late bool      // it comes after By: still possible, and said so
	Past bool      // the promised date itself has passed
}

// ApologyOf is the apology for a date, if it is given now.
func ApologyOf(cal *calendar.Calendar, due, now time.Time) Apology {
	day := cal.PrevWorking(clock.DateOf(due))
	hours := cal.Hours(day)
	by := hours[len(hours)-1].To.On(day)
	return Apology{By: by, Late: now.After(by), Past: now.After(due)}
}

// ApologyOf is the apology for a dossier's date, if it is given now; false where no date
// is promised.
func (s *Service) ApologyOf(d Dossier) (Apology, bool) {
	if d.DueAt.IsZero() {
		return Apology{}, false
	}
	return ApologyOf(s.Calendars.Of(d.Receiving), d.DueAt, s.Clock.Now()), true
}
