package dossier

import (
	"cmp"
	"context"
	"slices"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/process"
	"khue/internal/register/access"
	"khue/internal/register/orgunit"
)

// Urgency is how near the term of a task is.
type Urgency uint8

// The urgencies, as lists are filtered by them.
const (
	AnyTime Urgency = iota
	Overdue         // its term has run out
	DueToday
	DueThisWeek // after today, before Monday
	DueLater
)

func (u Urgency) String() string { return [...]string{"", "late", "today", "week", "later"}[u] }

// Urgencies are what lists are filtered by, the nearest first.
func Urgencies() []Urgency { return []Urgency{Overdue, DueToday, DueThisWeek, DueLater} }

// ParseUrgency reads the word of a filter; AnyTime and false where it is none.
func ParseUrgency(s string) (Urgency, bool) {
	for _, u := range Urgencies() {
		if u.String() == s {
			return u, true
		}
	}
	return AnyTime, false
}

// Terms are the instants between which the urgencies of a moment lie.
type Terms struct{ Now, Tomorrow, Monday time.Time }

// TermsAt are the terms of a moment, by the calendar of the wall.
func TermsAt(now time.Time) Terms {
	day := clock.DateOf(now)
	next := day.AddDays(1)
	monday := next
	for monday.Weekday() != time.Monday {
		monday = monday.AddDays(1)
	}
	return Terms{now, next.At(0, 0), monday.At(0, 0)}
}

// Span is from which instant to which an urgency reaches; the zero instant is open.
func (t Terms) Span(u Urgency) (from, before time.Time) {
	switch u {
	case Overdue:
		return time.Time{}, t.Now
	case DueToday:
		return t.Now, t.Tomorrow
	case DueThisWeek:
		return t.Tomorrow, t.Monday
	case DueLater:
		return t.Monday, time.Time{}
	}
	return time.Time{}, time.Time{}
}

// Of is the urgency of a term.
func (t Terms) Of(due time.Time) Urgency {
	switch {
	case due.Before(t.Now):
		return Overdue
	case due.Before(t.Tomorrow):
		return DueToday
	case due.Before(t.Monday):
		return DueThisWeek
	}
	return DueLater
}

// Holder selects tasks by who took them: an account, or HeldByNobody.
type Holder int64

// The holders that are no account.
const (
	AnyHolder    Holder = 0
	HeldByNobody Holder = -1
)

// Pile is how many open tasks of a unit are alike in all that lists are filtered by.
type Pile struct {
	Role      string
	State     process.State
	Procedure string
	Holder    Holder // an account or HeldByNobody
	Due       Urgency
	N         int
}

// Matches reports whether the tasks of a pile are among those of a filter.
func (t Pile) Matches(f TaskFilter) bool {
	return (len(f.Roles) == 0 || slices.Contains(f.Roles, t.Role)) && (f.State == 0 || f.State == t.State) &&
		(f.Procedure == "" || f.Procedure == t.Procedure) && (f.Holder == AnyHolder || f.Holder == t.Holder) &&
		(f.Due == AnyTime || f.Due == t.Due)
}

// Piles counts the open tasks of units that the reader may act on, so that the number beside
// each filter is told without asking again. A unit where the reader has no role is left out.
func (s *Service) Piles(ctx context.Context, units ...orgunit.UnitID) (out map[orgunit.UnitID][]Pile, err error) {
	defer errs.Op(&err, "dossier.Piles")
	roles := map[orgunit.UnitID][]string{}
	for _, u := range units {
		if own := s.RolesAt(ctx, u); len(own) > 0 {
			roles[u] = own
		}
	}
	if len(roles) == 0 {
		return nil, nil
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = pilesOf(v, roles, TermsAt(s.Clock.Now()))
		return err
	})
	return out, err
}

// Today is what an officer should do next.
type Today struct {
	Tasks []Task // what will be late first stands first
	Held  int    // how many of them the reader took
	More  bool   // there are more than were asked for: the unit's list has them all
}

// Today lists the reader's tasks: those that they took, and those free in their posts whose
// term has run out or ends by the next working day. The broken promise stands before the one that
// breaks next; a task that is late only by its step follows the promise that it endangers.
func (s *Service) Today(ctx context.Context, limit int) (out Today, err error) {
	defer errs.Op(&err, "dossier.Today")
	sub, now := auth.From(ctx), s.Clock.Now()
	soon := clock.DateOf(now).AddDays(1)
	for cal, n := s.Calendars.City(), 0; !cal.IsWorking(soon) && n < 14; n++ {
		soon = soon.AddDays(1)
	}
	until := soon.AddDays(1).At(0, 0)
	var held, free []Task
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		if held, err = heldBy(v, sub.Account, limit+1); err != nil {
			return err
		}
		free, err = freeFor(v, s.standsOf(ctx, sub), until, limit+1)
		return err
	})
	if err != nil {
		return out, err
	}
	out.Tasks = append(held, free...)
	slices.SortStableFunc(out.Tasks, func(a, b Task) int {
		return cmp.Or(a.breaks(now).Compare(b.breaks(now)), a.DueAt.Compare(b.DueAt), cmp.Compare(a.ID, b.ID))
	})
	if out.More = len(out.Tasks) > limit; out.More {
		out.Tasks = out.Tasks[:limit]
	}
	for _, t := range out.Tasks {
		if t.Assignee != 0 {
			out.Held++
		}
	}
	if err := s.listedTasks(ctx, access.List, access.DutyPost, out.Tasks); err != nil {
		return Today{}, err
	}
	return out, nil
}

// Open is how much lies open for an officer.
type Open struct {
	Mine int            // that they took
	Unit orgunit.UnitID // of their first post
	Here int            // that they may act on there, whoever took them
}

// maxCounted bounds what is counted in each post: beyond it a menu shows no difference.
const maxCounted = 1000

// Open counts the open tasks of the reader and those of the unit of their first post.
func (s *Service) Open(ctx context.Context) (out Open, err error) {
	defer errs.Op(&err, "dossier.Open")
	sub := auth.From(ctx)
	if posts := s.Posts(ctx); len(posts) > 0 {
		out.Unit = posts[0]
	}
	roles := s.rolesAt(ctx, sub, out.Unit, nil)
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out.Mine, out.Here, err = countsOf(v, sub.Account, out.Unit, roles, maxCounted)
		return err
	})
	return out, err
}

// breaks is when a term that matters runs out: the task's own while it holds, and the
// promise to the applicant where the task's own is past.
func (t Task) breaks(now time.Time) time.Time {
	if t.DueAt.Before(now) && !t.Promised.IsZero() {
		return t.Promised
	}
	return t.DueAt
}

// stand is a unit and a role in which somebody may act there.
type stand struct {
	unit orgunit.UnitID
	role string
}

// standsOf lists where a subject's own posts let them act; what lies below a post is left to
// the lists of those units.
func (s *Service) standsOf(ctx context.Context, sub auth.Subject) (out []stand) {
	for _, u := range s.Posts(ctx) {
		for _, r := range s.rolesAt(ctx, sub, u, nil) {
			out = append(out, stand{u, r})
		}
	}
	return out
}
