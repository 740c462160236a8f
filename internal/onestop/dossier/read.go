package dossier

import (
	"context"
	"slices"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/kernel/journal"
	"khue/internal/register/access"
	"khue/internal/register/orgunit"
)

// Access is how much of a dossier a reader sees.
type Access uint8

// The accesses.
const (
	SeeNothing Access = iota
	SeeState          // state, dates and public steps: bearer of the key or phone
	SeeAll            // the owner, and officers of its agencies
)

// Find returns a dossier and how much of it the reader may see. NotFound also
// where they may see nothing, so that codes cannot be tried out.
func (s *Service) Find(ctx context.Context, code string, viewer Viewer) (d Dossier, a Access, err error) {
	defer errs.Op(&err, "dossier.Find")
	d, a, err = s.find(ctx, code, viewer)
	if err != nil || a != SeeAll {
		return d, a, err
	}
	err = s.looked(ctx, d, access.Dossier)
	if access.Asks(err) && s.viewerFits(d, viewer) {
		return d, SeeState, nil
	}
	if err != nil {
		return Dossier{}, SeeNothing, err
	}
	return d, a, nil
}

// find is Find before anything is shown.
func (s *Service) find(ctx context.Context, code string, viewer Viewer) (d Dossier, a Access, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		d, err = findByCode(v, NormalCode(code))
		return err
	})
	if err != nil {
		return Dossier{}, SeeNothing, err
	}
	sub := auth.From(ctx)
	if a = s.access(ctx, sub, d, viewer); a != SeeAll && sub.Kind == auth.KindOfficer {
		var tasks []Task
		if err = s.DB.View(ctx, func(_ context.Context, v *db.View) error { tasks, err = tasksOf(v, d.ID); return err }); err != nil {
			return Dossier{}, SeeNothing, err
		}
		if s.worksOn(ctx, sub, tasks...) {
			a = SeeAll
		}
	}
	if a != SeeAll {
		reaches, err := s.reaches(ctx, sub, d)
		if err != nil {
			return Dossier{}, SeeNothing, err
		}
		if reaches {
			a = SeeAll
		}
	}
	if a == SeeNothing && sub.Kind == auth.KindCitizen {
		follows, err := s.Follows(ctx, d)
		if err != nil {
			return Dossier{}, SeeNothing, err
		}
		if follows {
			a = SeeState
		}
	}
	if a == SeeNothing {
		return Dossier{}, a, errs.E(errs.NotFound, "dossier.notFound")
	}
	return d, a, nil
}

func (s *Service) access(ctx context.Context, sub auth.Subject, d Dossier, viewer Viewer) Access {
	switch {
	case s.Policies.Permits(ctx, sub, actRead, resourceOf(d)):
		return SeeAll
	case s.viewerFits(d, viewer) && s.Policies.Permits(ctx, sub, actTrack, auth.Resource{Type: "Dossier", ID: d.Code, Facts: []string{byKey}}):
		return SeeState
	}
	return SeeNothing
}

// Read returns a dossier with its content and open tasks, for its owner and officers. It is a
// look of an officer's: access.AskReason where they must say why first.
func (s *Service) Read(ctx context.Context, code string) (d Dossier, c Content, tasks []Task, err error) {
	defer errs.Op(&err, "dossier.Read")
	return s.read(ctx, code, access.Dossier)
}

func (s *Service) read(ctx context.Context, code string, what access.What) (d Dossier, c Content, tasks []Task, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		if d, err = findByCode(v, NormalCode(code)); err != nil {
			return err
		}
		if tasks, err = tasksOf(v, d.ID); err != nil {
			return err
		}
		if sub := auth.From(ctx); s.access(ctx, sub, d, Viewer{}) != SeeAll && !s.worksOn(ctx, sub, tasks...) {
			if acts, err := s.actsAs(v, sub, d); err != nil || !acts {
				return errs.E(errs.NotFound, "dossier.notFound", errs.Cause(err))
			}
		}
		c, err = findContent(v, d.ID)
		return err
	})
	if err == nil && c.Filing.Erased {
		err = errs.E(errs.Gone, "dossier.erased")
	}
	if err == nil {
		err = s.looked(ctx, d, what, tasks...)
	}
	if err != nil {
		return Dossier{}, Content{}, nil, err
	}
	return d, c, tasks, nil
}

// ContentOf returns what was filed, for a bearer of the key who may complete it.
func (s *Service) ContentOf(ctx context.Context, d Dossier) (c Content, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		c, err = findContent(v, d.ID)
		return err
	})
	if err == nil && c.Filing.Erased {
		err = errs.E(errs.Gone, "dossier.erased")
	}
	return c, err
}

// ReadTask returns a task with its dossier and content. Forbidden where the reader
// may see the dossier and not act on the task is no error here: pages show it read-only.
func (s *Service) ReadTask(ctx context.Context, v TaskID) (t Task, d Dossier, c Content, err error) {
	defer errs.Op(&err, "dossier.ReadTask(%s)", v)
	err = s.DB.View(ctx, func(_ context.Context, q *db.View) error {
		if t, d, err = findForTask(q, v); err != nil {
			return err
		}
		if sub := auth.From(ctx); s.access(ctx, sub, d, Viewer{}) != SeeAll && !s.worksOn(ctx, sub, t) {
			return errs.E(errs.NotFound, "dossier.task.notFound")
		}
		c, err = findContent(q, d.ID)
		return err
	})
	if err == nil && c.Filing.Erased {
		err = errs.E(errs.Gone, "dossier.erased")
	}
	if err == nil {
		err = s.looked(ctx, d, access.Dossier, t)
	}
	if err != nil {
		return Task{}, Dossier{}, Content{}, err
	}
	return t, d, c, nil
}

// OpenTasks are the tasks of a dossier that somebody is to act on.
func (s *Service) OpenTasks(ctx context.Context, d Dossier) (out []Task, err error) {
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		all, err := tasksOf(v, d.ID)
		out = slices.DeleteFunc(all, func(t Task) bool { return !t.Open })
		return err
	})
	return out, err
}

// MayAct reports whether the reader may act on a task now.
func (s *Service) MayAct(ctx context.Context, t Task) bool {
	return t.Open && s.mayAct(ctx, auth.From(ctx), t.Role, t.Unit)
}

// Timeline returns what happened to a dossier, oldest first. A reader who sees the
// state only gets the lines without officers' names and inner comments.
func (s *Service) Timeline(ctx context.Context, d Dossier, a Access) (out []Line, err error) {
	defer errs.Op(&err, "dossier.Timeline")
	subject := journal.Subject{Type: SubjectType, ID: int64(d.ID)}
	officer, notes := auth.From(ctx).Kind == auth.KindOfficer, a == SeeAll && s.readsNotes(ctx, d)
	for after := journal.EntryID(0); ; {
		records, err := s.Journal.BySubject(ctx, subject, after, 200)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			l, err := lineOf(r)
			if err != nil {
				return nil, err
			}
			if officersOnly(l.Kind) && !officer || l.Kind == KindNote && !notes {
				continue
			}
			if a != SeeAll {
				l.By, l.For, l.Actor = "", "", 0
				if !l.Public {
					l.Comment = ""
				}
				switch l.Kind {
				case KindClaimed, KindAssigned, KindEscalated, KindStandsIn, KindStoodBack:
					continue
				}
			}
			out = append(out, l)
		}
		if len(records) < 200 {
			return out, nil
		}
		after = records[len(records)-1].ID
	}
}

const (
	pageSize    = 50
	maxPageSize = 200
)

// Queue returns a page of tasks. Unit and roles must be ones that the reader's posts
// cover; without roles it takes all that they act in there.
func (s *Service) Queue(ctx context.Context, f TaskFilter) (page TaskPage, err error) {
	defer errs.Op(&err, "dossier.Queue")
	sub := auth.From(ctx)
	if f.Limit <= 0 || f.Limit > maxPageSize {
		f.Limit = pageSize
	}
	var roles []string
	switch {
	case f.Mine != 0:
		f.Mine = sub.Account
		roles = []string{""}
	case f.Unit == 0:
		return page, errs.E(errs.Invalid, "dossier.queue.unit", errs.WithFields(errs.Field{Path: "unit", Key: "dossier.queue.unit"}))
	default:
		roles = s.rolesAt(ctx, sub, f.Unit, f.Roles)
		if len(roles) == 0 {
			return page, errs.E(errs.Forbidden, "dossier.queue.notYours")
		}
	}
	want := f.Limit
	f.Limit = want + 1
	pages := make([][]Task, 0, len(roles))
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		for _, r := range roles {
			p, err := queue(v, f, r)
			if err != nil {
				return err
			}
			pages = append(pages, p)
		}
		return nil
	})
	if err != nil {
		return page, err
	}
	page.Tasks = mergeByDue(pages, want+1)
	if len(page.Tasks) > want {
		last := page.Tasks[want-1]
		page.Tasks = page.Tasks[:want]
		page.Next = &TaskCursor{Due: db.Millis(last.DueAt), ID: last.ID}
	}
	if err := s.listedTasks(ctx, access.List, access.DutyPost, page.Tasks); err != nil {
		return TaskPage{}, err
	}
	return page, nil
}

// RolesAt lists the roles in which the reader may act at a unit.
func (s *Service) RolesAt(ctx context.Context, u orgunit.UnitID) []string {
	return s.rolesAt(ctx, auth.From(ctx), u, nil)
}

// rolesAt lists the roles in which a subject may act at a unit, of those asked for.
func (s *Service) rolesAt(ctx context.Context, sub auth.Subject, u orgunit.UnitID, asked []string) []string {
	var out []string
	for _, r := range orgunit.Roles() {
		// A chairman's queue holds what any leader may sign.
		if len(asked) > 0 && !slices.ContainsFunc(asked, func(a string) bool { return orgunit.Role(a).Acts(r.Role) }) {
			continue
		}
		if s.mayAct(ctx, sub, string(r.Role), u) {
			out = append(out, string(r.Role))
		}
	}
	return out
}

// Count is how many tasks are open, and how many of them past their term.
type Count struct{ Open, Late int }

// Counts counts the open tasks of a unit by role.
func (s *Service) Counts(ctx context.Context, u orgunit.UnitID) (out map[string]Count, err error) {
	defer errs.Op(&err, "dossier.Counts")
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		out, err = countOpen(v, u, s.Clock.Now())
		return err
	})
	return out, err
}

// Posts lists the agencies at which a subject holds a post, in order of their grants.
func (s *Service) Posts(ctx context.Context) []orgunit.UnitID {
	var out []orgunit.UnitID
	for _, g := range auth.From(ctx).Grants {
		u, err := parseScope(g.Scope)
		if err == nil && !slices.Contains(out, u) {
			out = append(out, u)
		}
	}
	return out
}
