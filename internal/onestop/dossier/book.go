package dossier

import (
	"context"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/process"
	"khue/internal/register/access"
	"khue/internal/register/orgunit"
)

// BookRow is one dossier in the tracking book of a one-stop.
type BookRow struct {
	ID         ID
	Code       string
	Procedure  string
	Package    string
	State      process.State
	Competent  orgunit.UnitID
	Applicant  string
	Phone      string
	Filing     Filing
	AcceptedAt time.Time // and forwarded: an accepted dossier is with the officers at once
	DueAt      time.Time
	ClosedAt   time.Time

	lastAt time.Time
}

// ResultAt is when the one-stop had the result; zero where there is none.
func (r BookRow) ResultAt() time.Time {
	if r.State == process.Done || r.State == process.Returned {
		return r.ClosedAt
	}
	return time.Time{}
}

// ReturnedAt is when the owner had it; zero where they have not.
func (r BookRow) ReturnedAt() time.Time {
	if r.State == process.Returned {
		return r.lastAt
	}
	return time.Time{}
}

// Late reports whether it ended, or is open, after its date.
func (r BookRow) Late(now time.Time) bool {
	return Dossier{DueAt: r.DueAt, ClosedAt: r.ClosedAt}.Late(now)
}

// BookCursor is the row after which a page begins.
type BookCursor struct {
	At int64 // of acceptance, epoch milliseconds
	ID ID
}

// bookPage is how many rows are read at a time.
const bookPage = 500

// Book reads a page of the tracking book: what a one-stop accepted in a period, oldest
// first. Only officers of the unit, or above it, read it: it names people. next is nil at
// the end. Errors: Forbidden, Invalid with fields.
func (s *Service) Book(ctx context.Context, unit orgunit.UnitID, p Period, after BookCursor, limit int) (rows []BookRow, next *BookCursor, err error) {
	defer errs.Op(&err, "dossier.Book")
	if err := p.check(maxBookDays); err != nil {
		return nil, nil, err
	}
	if err := s.Policies.Can(ctx, actReport, s.agency(auth.From(ctx), unit)); err != nil {
		return nil, nil, err
	}
	if unit == 0 {
		return nil, nil, errs.E(errs.Invalid, "dossier.report.unit", errs.WithFields(errs.Field{Path: "unit", Key: "dossier.report.unit"}))
	}
	if limit <= 0 || limit > bookPage {
		limit = bookPage
	}
	from, to := p.instants()
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		rows, err = bookRows(v, unit, from, to, after, limit+1)
		return err
	})
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		next = &BookCursor{At: db.Millis(last.AcceptedAt), ID: last.ID}
	}
	ids := make([]int64, len(rows))
	for i, r := range rows {
		ids[i] = int64(r.ID)
	}
	if err == nil {
		err = s.listed(ctx, access.Book, access.DutyPost, ids)
	}
	if err != nil {
		return nil, nil, err
	}
	return rows, next, nil
}

// EachInBook reads the whole book of a period, a page at a time, so that no book is ever
// held in memory. Errors as of Book, and what do returns.
func (s *Service) EachInBook(ctx context.Context, unit orgunit.UnitID, p Period, do func(BookRow) error) error {
	for after := (&BookCursor{}); after != nil; {
		rows, next, err := s.Book(ctx, unit, p, *after, bookPage)
		if err != nil {
			return err
		}
		for _, r := range rows {
			if err := do(r); err != nil {
				return err
			}
		}
		after = next
	}
	return nil
}
