package dossier

import (
	"context"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/service"
	"khue/internal/register/orgunit"
)

// Period is a span of days, both included.
type Period struct{ From, To clock.Date }

// Spans are what reports and books may cover at most.
const (
	maxReportDays = 20 * 366
	maxBookDays   = 366
)

// check returns Invalid with the field that is wrong.
func (p Period) check(days int) error {
	path, key := "", ""
	switch {
	case !p.From.Valid():
		path, key = "from", "dossier.report.from"
	case !p.To.Valid() || p.To.Before(p.From):
		path, key = "to", "dossier.report.to"
	case p.To.Sub(p.From) >= days:
		path, key = "to", "dossier.report.long"
	default:
		return nil
	}
	params := errs.Params{"days": days}
	return errs.E(errs.Invalid, key, errs.P("days", days), errs.WithFields(errs.Field{Path: path, Key: key, Params: params}))
}

// instants are the first of the period and the first after it.
func (p Period) instants() (from, to time.Time) {
	return p.From.At(0, 0), p.To.AddDays(1).At(0, 0)
}

// Tally counts dossiers of a period. Received is Settled and Pending together.
type Tally struct {
	Online, Counter, Post int // accepted in the period, by channel; a kiosk stands at a counter
	Carried               int // accepted before, and open when it began
	Early, OnTime, Late   int // ended in the period, against the promised day
	InTerm, Overdue       int // open when it ended, or now
}

// New is what was accepted in the period.
func (t Tally) New() int { return t.Online + t.Counter + t.Post }

// Received is what there was to settle.
func (t Tally) Received() int { return t.New() + t.Carried }

// Settled is what was settled.
func (t Tally) Settled() int { return t.Early + t.OnTime + t.Late }

// Pending is what was left.
func (t Tally) Pending() int { return t.InTerm + t.Overdue }

// Plus adds two tallies.
func (t Tally) Plus(o Tally) Tally {
	return Tally{
		t.Online + o.Online, t.Counter + o.Counter, t.Post + o.Post, t.Carried + o.Carried,
		t.Early + o.Early, t.OnTime + o.OnTime, t.Late + o.Late, t.InTerm + o.InTerm, t.Overdue + o.Overdue,
	}
}

// ReportLine is one procedure at one agency that decides.
type ReportLine struct {
	Unit      orgunit.UnitID
	Procedure string // national code
	Tally
}

// Report is the state of settling procedures in a period. It speaks of the dossiers as
// they stand now: the date in force, the end that was not undone.
type Report struct {
	Period Period
	At     time.Time // open dossiers are judged at: the end of the period, or now
	Lines  []ReportLine
}

// Total is the sum of all lines.
func (r Report) Total() (t Tally) {
	for _, l := range r.Lines {
		t = t.Plus(l.Tally)
	}
	return t
}

// ReportOf counts the dossiers that an agency decides on; of unit 0, those of every agency
// that the reader has a post in or above. Errors: Forbidden, Invalid with fields.
func (s *Service) ReportOf(ctx context.Context, unit orgunit.UnitID, p Period) (r Report, err error) {
	defer errs.Op(&err, "dossier.ReportOf")
	if err := p.check(maxReportDays); err != nil {
		return r, err
	}
	sub := auth.From(ctx)
	if err := s.canReport(ctx, unit); err != nil {
		return r, err
	}
	r = Report{Period: p, At: s.judgedAt(p)}
	var lines []ReportLine
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		lines, err = reportLines(v, unit, p, r.At)
		return err
	})
	if err != nil {
		return r, err
	}
	mine := map[orgunit.UnitID]bool{unit: unit != 0}
	for _, l := range lines {
		may, known := mine[l.Unit]
		if !known {
			may = s.hasPost(ctx, sub, l.Unit)
			mine[l.Unit] = may
		}
		if may {
			r.Lines = append(r.Lines, l)
		}
	}
	return r, nil
}

func (s *Service) judgedAt(p Period) time.Time {
	_, end := p.instants()
	if now := s.Clock.Now(); now.Before(end) {
		return now
	}
	return end
}

// hasPost reports whether an officer has a post at a unit, or above it.
func (s *Service) hasPost(ctx context.Context, sub auth.Subject, u orgunit.UnitID) bool {
	return s.Policies.Permits(ctx, sub, actReport, s.agency(sub, u))
}

// standpoint is what a report reads of one dossier.
type standpoint struct {
	channel                       service.Channel
	accepted, due, closed, paused time.Time
}

// count puts one dossier into its place. The query of reportLines says the same in SQL;
// here it counts what the journal tells.
func (t *Tally) count(d standpoint, p Period, at time.Time) bool {
	from, to := p.instants()
	if d.accepted.IsZero() || !d.accepted.Before(to) || !d.closed.IsZero() && d.closed.Before(from) {
		return false
	}
	switch {
	case d.accepted.Before(from):
		t.Carried++
	case d.channel == service.Online:
		t.Online++
	case d.channel == service.Post:
		t.Post++
	default:
		t.Counter++
	}
	running := !d.due.IsZero()
	switch settled := !d.closed.IsZero() && d.closed.Before(to); {
	case settled && running && clock.DateOf(d.closed).Before(clock.DateOf(d.due)):
		t.Early++
	case settled && running && d.closed.After(d.due):
		t.Late++
	case settled:
		t.OnTime++ // also what ended while nothing was promised
	case running && d.due.Before(at) && (d.paused.IsZero() || !d.paused.Before(at)):
		t.Overdue++
	default:
		t.InTerm++
	}
	return true
}
