package dossier

import (
	"context"
	"time"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/onestop/form"
	"khue/internal/onestop/process"
	"khue/internal/onestop/service"
	"khue/internal/register/access"
	"khue/internal/register/orgunit"
)

// What a one-stop counter asks of dossiers: where one goes, what lies ready to be returned,
// and what somebody who stands there answered before.

// receivesFor reports whether a clerk may accept a dossier, ask for more or refuse it for
// the agency that will handle it: it was handed in at their own counter and nobody has
// received it yet. The applicant leaves with the paper of that act in hand.
func (s *Service) receivesFor(ctx context.Context, sub auth.Subject, d Dossier, role string) bool {
	return d.State == process.Submitted && d.Channel != service.Online && d.Reception != d.Receiving &&
		role == string(orgunit.RoleClerk) && s.mayAct(ctx, sub, role, d.Reception)
}

// Way is where a dossier would go.
type Way struct {
	Reception orgunit.Unit // where it is handed in
	Receiving orgunit.Unit // whose one-stop handles it
	Competent orgunit.Unit // who decides
}

// Forwarded reports whether the dossier leaves the place where it is handed in.
func (w Way) Forwarded() bool { return w.Reception.ID != w.Receiving.ID }

// Whither is where a submission would go if it were filed now. Errors as of Submit.
func (s *Service) Whither(ctx context.Context, in Submission) (w Way, err error) {
	defer errs.Op(&err, "dossier.Whither(%s)", in.Service)
	now := s.Clock.Now()
	pkg, err := s.Services.Find(in.Service, clock.DateOf(now))
	if err != nil {
		return w, err
	}
	d, err := s.newDossier(in, pkg, in.Answers, auth.From(ctx), nowAt{at: now})
	if err != nil {
		return w, err
	}
	t := s.Units.At(clock.DateOf(now))
	w.Reception, _ = t.Get(d.Reception)
	w.Receiving, _ = t.Get(d.Receiving)
	w.Competent, _ = t.Get(d.Competent)
	return w, nil
}

// Earlier are the answers of dossiers, the first named winning, for a person who stands at a
// counter. Whose dossiers they are, and that the look is written down, is the caller's part.
func (s *Service) Earlier(ctx context.Context, ids []ID) (facts form.Answers, err error) {
	defer errs.Op(&err, "dossier.Earlier")
	facts = form.Answers{}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		for _, one := range ids[:min(len(ids), previousDossiers)] {
			d, err := findByID(v, one)
			if err != nil {
				return err
			}
			if err := s.lend(v, d, facts); err != nil {
				return err
			}
		}
		return nil
	})
	return facts, err
}

// Ready is a result that waits for its owner.
type Ready struct {
	Task    Task
	Phone   string
	Since   time.Time // the result lies ready
	Channel service.Channel
}

// ReadyFilter selects results at one counter, those that wait longest first.
type ReadyFilter struct {
	Unit  orgunit.UnitID // required: where the reader is clerk
	Code  string         // exact
	Phone string         // digits, exact
	// Dossiers are the only ones looked for; none: all.
	Dossiers []ID
	Before   time.Time  // ready before; zero: all
	Since    time.Time  // ready since; zero: all
	After    TaskCursor // Due: when it became ready
	Limit    int
}

// ReadyPage is one page of results.
type ReadyPage struct {
	Items []Ready
	Next  *TaskCursor
}

// ReadyToReturn lists the results that wait at a counter. Forbidden where the reader is not
// a clerk there.
func (s *Service) ReadyToReturn(ctx context.Context, f ReadyFilter) (page ReadyPage, err error) {
	defer errs.Op(&err, "dossier.ReadyToReturn")
	if err := s.Policies.Can(ctx, actReturn, unitResource(f.Unit)); err != nil {
		return page, err
	}
	if f.Limit <= 0 || f.Limit > maxPageSize {
		f.Limit = pageSize
	}
	want := f.Limit
	f.Limit++
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		page.Items, err = ready(v, f)
		return err
	})
	if err == nil && len(page.Items) > want {
		page.Items = page.Items[:want]
		last := page.Items[want-1]
		page.Next = &TaskCursor{Due: db.Millis(last.Since), ID: last.Task.ID}
	}
	if err == nil {
		err = s.listedReady(ctx, page.Items)
	}
	if err != nil {
		return ReadyPage{}, err
	}
	return page, nil
}

func (s *Service) listedReady(ctx context.Context, list []Ready) error {
	tasks := make([]Task, len(list))
	for i, r := range list {
		tasks[i] = r.Task
	}
	return s.listedTasks(ctx, access.List, access.DutyCounter, tasks)
}

// ReadyCounts counts the results that wait at a counter by how long: how many became ready
// at or after each instant of since (the youngest first), and in the last place all others.
func (s *Service) ReadyCounts(ctx context.Context, unit orgunit.UnitID, since []time.Time) (out []int, err error) {
	defer errs.Op(&err, "dossier.ReadyCounts")
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = countReady(v, unit, since)
		return err
	})
	return out, err
}
