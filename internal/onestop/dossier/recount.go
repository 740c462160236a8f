package dossier

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/calendar"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/process"
	"khue/internal/register/orgunit"
)

// RecountOf makes the report of an agency again from the journal: whose the dossier is and
// how it came never changes and is read from its row, everything that moves from its
// entries. It asks once for each dossier and is for checking a report, not for showing it.
// What was erased from the journal is not counted. Errors as of ReportOf.
func (s *Service) RecountOf(ctx context.Context, unit orgunit.UnitID, p Period) (r Report, err error) {
	defer errs.Op(&err, "dossier.RecountOf")
	if err := p.check(maxReportDays); err != nil {
		return r, err
	}
	if err := s.Policies.Can(ctx, actReport, s.agency(auth.From(ctx), unit)); err != nil {
		return r, err
	}
	r = Report{Period: p, At: s.judgedAt(p)}
	tallies := map[string]*Tally{}
	for after := ID(0); ; {
		var batch []Dossier
		err := s.DB.View(ctx, func(_ context.Context, v *db.View) (err error) {
			batch, err = dossiersAfter(v, after, maxPageSize)
			return err
		})
		if err != nil {
			return r, err
		}
		for _, d := range batch {
			if after = d.ID; d.Competent != unit {
				continue
			}
			lines, err := s.Timeline(ctx, d, SeeAll)
			if err != nil {
				return r, err
			}
			var t Tally
			if at := replayed(lines); t.count(at.of(d), p, r.At) {
				if tallies[d.Procedure] == nil {
					tallies[d.Procedure] = &Tally{}
				}
				*tallies[d.Procedure] = tallies[d.Procedure].Plus(t)
			}
		}
		if len(batch) < maxPageSize {
			break
		}
	}
	for code, t := range tallies {
		r.Lines = append(r.Lines, ReportLine{Unit: unit, Procedure: code, Tally: *t})
	}
	slices.SortFunc(r.Lines, func(a, b ReportLine) int { return cmp.Compare(a.Procedure, b.Procedure) })
	return r, nil
}

func (p standpoint) of(d Dossier) standpoint {
	p.channel = d.Channel
	return p
}

// replayed is where the entries of a dossier leave it.
func replayed(lines []Line) (p standpoint) {
	for _, l := range lines {
		if l.Erased || !steps(l.Kind) {
			continue
		}
		at := l.At
		if l.When != 0 {
			at = db.Time(l.When)
		}
		if p.accepted.IsZero() && accepts(l) {
			p.accepted = at
		}
		switch over := l.State.Ended() || l.State == process.Done; {
		case !over:
			p.closed = time.Time{}
		case p.closed.IsZero():
			p.closed = at
		}
		p.due, p.paused = time.Time{}, time.Time{}
		if l.Due != 0 {
			p.due = db.Time(l.Due)
		}
		if l.Paused != 0 {
			p.paused = db.Time(l.Paused)
		}
	}
	return p
}

// steps reports whether entries of a kind tell where the process stands after them.
func steps(kind string) bool {
	switch kind {
	case KindNote, KindClaimed, KindAssigned, KindEscalated, KindDateKept, kindCorrectPrefix + "merged":
		return false
	}
	return strings.HasPrefix(kind, SubjectType+".")
}

// accepts reports whether a dossier was accepted by an entry, where it was not before.
func accepts(l Line) bool {
	switch l.State {
	case process.Accepted, process.Processing, process.Financial, process.Done, process.Returned:
		return true
	default:
		return l.DueWhy == string(calendar.Accepted)
	}
}
