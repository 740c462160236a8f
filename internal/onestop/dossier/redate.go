package dossier

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/calendar"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/i18n"
	"khue/internal/kernel/id"
	"khue/internal/kernel/once"
	"khue/internal/onestop/process"
	"khue/internal/register/access"
	"khue/internal/register/orgunit"
)

// RedateID names a proposed date.
type RedateID = id.Of[Redate]

// Redate is a new date that a change of the calendar makes right for an open dossier. It
// never comes before the printed date, and changes nothing until an officer accepts it.
type Redate struct {
	ID        RedateID
	Dossier   ID
	Change    int64          // of the calendar
	Unit      orgunit.UnitID // agency that promised the date
	Code      string
	Package   string
	Applicant string
	Old       time.Time
	New       time.Time
	Days      int            // working days between the two
	Count     calendar.Count // how New was counted
	Was       calendar.Why   // the occasion on which Old was counted
	Status    string         // open, accepted, kept
}

// Milestones and journal kinds of a decision.
const (
	KindRedated  = "dossier.redated"
	KindDateKept = "dossier.dateKept"

	milestoneRedated = "redated"
)

const (
	redateOpen     = "open"
	redateAccepted = "accepted"
	redateKept     = "kept"
)

func (s *Service) mayRedate(ctx context.Context, sub auth.Subject, u orgunit.UnitID) bool {
	return s.Policies.Permits(ctx, sub, actRedate, unitResource(u))
}

// RedatePage is one page of proposed dates, the first due first.
type RedatePage struct {
	Items []Redate
	Total int
	Next  *TaskCursor // nil at the end
}

// Redates lists the open proposals of an agency. Proposals whose dossier has ended or got
// another date meanwhile are left out. Errors: Forbidden for who may not decide there.
func (s *Service) Redates(ctx context.Context, u orgunit.UnitID, after TaskCursor, limit int) (page RedatePage, err error) {
	defer errs.Op(&err, "dossier.Redates")
	if err := s.Policies.Can(ctx, actRedate, unitResource(u)); err != nil {
		return page, err
	}
	if limit <= 0 || limit > maxPageSize {
		limit = pageSize
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		if page.Items, err = openRedates(v, u, after, limit+1); err != nil {
			return err
		}
		page.Total, err = countRedates(v, u)
		return err
	})
	if len(page.Items) > limit {
		page.Items = page.Items[:limit]
		last := page.Items[limit-1]
		page.Next = &TaskCursor{Due: db.Millis(last.Old), ID: TaskID(last.ID)}
	}
	ids := make([]int64, len(page.Items))
	for i, x := range page.Items {
		ids[i] = int64(x.Dossier)
	}
	if err == nil {
		err = s.listed(ctx, access.List, access.DutyPost, ids)
	}
	if err != nil {
		return RedatePage{}, err
	}
	return page, nil
}

// ReasonOf explains the date that a proposal would promise.
func (s *Service) ReasonOf(r Redate) (Reason, bool) {
	cal, ok := s.Calendars.Version(r.Count.Version)
	if !ok {
		return Reason{}, false
	}
	due, err := r.Count.On(cal)
	return Reason{Why: calendar.Redated, Due: due}, err == nil
}

// DecideDate accepts a proposed date: the dossier is promised for it, form 04 is made
// again and the applicant told. Or it keeps the printed date, with a reason. Errors:
// NotFound, Forbidden, Invalid without a reason, Conflict where somebody decided, or the
// dossier has ended or got another date meanwhile.
func (s *Service) DecideDate(ctx context.Context, v RedateID, accept bool, reason, key string) (err error) {
	defer errs.Op(&err, "dossier.DecideDate(%s)", v)
	sub := auth.From(ctx)
	reason = i18n.NFC(strings.TrimSpace(reason))
	if n := utf8.RuneCountInString(reason); !accept && n < 5 || n > 500 {
		return errs.E(errs.Invalid, "dossier.redate.reason", errs.WithFields(errs.Field{Path: "reason", Key: "dossier.redate.reason"}))
	}
	hash := Command{Task: TaskID(v), Action: map[bool]string{true: redateAccepted, false: redateKept}[accept], Comment: reason}.hash()
	for range maxRestep {
		if err = s.decideDate(ctx, sub, v, accept, reason, key, hash); !errors.Is(err, errMoved) {
			break
		}
	}
	if err == nil {
		return nil
	}
	if _, again, onceErr := s.replay(ctx, sub.Account, key, hash); onceErr != nil || again {
		return onceErr
	}
	if errors.Is(err, errMoved) {
		err = errs.E(errs.Conflict, "dossier.busy", errs.Cause(err))
	}
	return err
}

func (s *Service) decideDate(ctx context.Context, sub auth.Subject, v RedateID, accept bool, reason, key string, hash []byte) error {
	var r Redate
	var d Dossier
	err := s.DB.View(ctx, func(_ context.Context, q *db.View) (err error) {
		if r, err = findRedate(q, v); err != nil {
			return err
		}
		d, err = findByID(q, r.Dossier)
		return err
	})
	if err != nil {
		return err
	}
	switch {
	case !s.mayRedate(ctx, sub, r.Unit):
		return errs.E(errs.NotFound, "dossier.redate.notFound")
	case r.Status != redateOpen:
		return errs.E(errs.Conflict, "dossier.redate.decided")
	case accept && (!d.DueAt.Equal(r.Old) || !d.ClosedAt.IsZero() || d.State.Ended()):
		return errs.E(errs.Conflict, "dossier.redate.stale")
	}
	if accept {
		// The calendar may have changed again since the proposal was made.
		if due, err := r.Count.On(s.Calendars.Of(d.Receiving)); err != nil || !due.At.Equal(r.New) {
			return errs.E(errs.Conflict, "dossier.redate.recount", errs.Cause(err))
		}
	}
	now := nowAt{at: s.Clock.Now()}
	ch := &change{before: d, dossier: d, happened: Happening{State: d.State, Mail: d.Mail, Due: r.Old.UnixMilli()}}
	kind := KindDateKept
	if accept {
		kind = KindRedated
		if ch, err = s.redate(ctx, d, r, now); err != nil {
			return err
		}
	}
	entry, err := ch.entry(kind, sub, r.Unit.String(), now, func(h *Happening) { h.By, h.Comment = sub.Name, reason })
	if err != nil {
		return err
	}
	r.Status = redateKept
	if accept {
		r.Status = redateAccepted
	}
	return s.DB.InTx(ctx, func(_ context.Context, tx *db.Tx) error {
		if accept {
			if err := updateDossier(tx, ch.dossier, ch.instance); err != nil {
				return err
			}
			if err := promiseTasks(tx, d.ID, r.Old, r.New); err != nil {
				return err
			}
		}
		if err := decideRedate(tx, r, sub.Name, now.at, reason); err != nil {
			return err
		}
		if _, err := s.Journal.Append(tx, entry); err != nil {
			return err
		}
		return once.Record(tx, sub.Account, key, hash, int64(d.ID))
	})
}

// redate steps a dossier to its new date.
func (s *Service) redate(ctx context.Context, d Dossier, r Redate, now nowAt) (*change, error) {
	pkg, err := s.pkg(d)
	if err != nil {
		return nil, err
	}
	var c Content
	if pkg.TermByTable() { // the table of terms reads the answers
		if c, err = s.ContentOf(ctx, d); err != nil {
			return nil, err
		}
	}
	ch, err := s.step(d, pkg, process.Event{Kind: process.Redate, At: r.New, Why: string(calendar.Redated)}, now, c)
	if err != nil {
		return nil, err
	}
	ch.happened.Count = &r.Count // the process knows the date, not how it was counted
	return ch, nil
}
