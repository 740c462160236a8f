package dossier

import (
	"context"
	"slices"
	"strings"

	"khue/internal/kernel/auth"
	"khue/internal/kernel/clock"
	"khue/internal/kernel/db"
	"khue/internal/kernel/errs"
	"khue/internal/register/access"
	"khue/internal/register/mandate"
	"khue/internal/register/orgunit"
)

// looked writes down that the reader is about to see a whole dossier; tasks are those of its
// tasks that are at hand. Where no post of an officer's has it in hand, and no reason was
// given, the error is access.AskReason. Owners leave nothing.
func (s *Service) looked(ctx context.Context, d Dossier, what access.What, tasks ...Task) error {
	sub := auth.From(ctx)
	l := access.Look{What: what, Basis: access.ByDossier, Type: SubjectType, About: []int64{int64(d.ID)}}
	switch {
	case isOwner(sub, d) && sub.Kind != auth.KindSystem:
		return nil
	case sub.Kind == auth.KindOfficer:
		var ok bool
		if l.Basis, l.Why, ok = s.basis(ctx, sub, d, tasks); ok {
			break
		}
		today := clock.DateOf(s.Clock.Now()).Time()
		ok, err := s.Looks.Continues(ctx, int64(d.ID), today)
		if err != nil {
			return err
		}
		if ok {
			l.Basis = access.ByDossier
			break
		}
		if err := s.Looks.Open(ctx, SubjectType, int64(d.ID), d.Competent, d.Code); err != nil {
			return err
		}
		r, ok, err := s.Looks.Reasoned(ctx, int64(d.ID))
		if err != nil {
			return err
		}
		if !ok {
			return access.AskReason(d.Code)
		}
		l.Basis, l.Why, l.Words = access.ByReason, r.Choice, r.Words
	}
	return s.Looks.Looked(ctx, l)
}

// Restricted reports whether the person of a dossier had its use restricted. What is in hand goes
// on all the same; who has it in hand is told.
func (s *Service) Restricted(ctx context.Context, d Dossier) (bool, error) {
	return s.Looks.Restricted(ctx, SubjectType, int64(d.ID))
}

// basis is why an officer may look at a dossier without saying why: a post of theirs is part
// of its process, or answers for who is, while it is open and on the day that it ended.
// Inspection ends with nothing.
func (s *Service) basis(ctx context.Context, sub auth.Subject, d Dossier, tasks []Task) (b access.Basis, why string, ok bool) {
	today := clock.DateOf(s.Clock.Now())
	endedToday := slices.ContainsFunc(tasks, func(t Task) bool { return !t.Open && clock.DateOf(t.LastAt) == today }) || clock.DateOf(d.ClosedAt) == today
	if !d.State.Ended() || endedToday {
		if s.handles(ctx, sub, d, tasks) {
			return access.ByDossier, "", true
		}
		over := []orgunit.UnitID{d.Receiving, d.Competent, d.Reception}
		for _, t := range tasks {
			over = append(over, t.Unit)
		}
		for _, u := range over {
			if s.mayAct(ctx, sub, string(orgunit.RoleHead), u) || s.mayAct(ctx, sub, "deputyHead", u) || s.mayAct(ctx, sub, string(orgunit.RoleLeader), u) {
				return access.ByDuty, access.DutySupervision, true
			}
		}
	}
	if s.Looks.Inspects(ctx, sub, d.Competent) || s.Looks.Inspects(ctx, sub, 0) {
		return access.ByDuty, access.DutyInspection, true
	}
	return "", "", false
}

// handles reports whether a post of the subject's acts in the process of a dossier: at the
// one-stop, at one of its steps, or where one of its tasks stands.
func (s *Service) handles(ctx context.Context, sub auth.Subject, d Dossier, tasks []Task) bool {
	at := []orgunit.UnitID{d.Receiving, d.Competent}
	if s.mayAct(ctx, sub, string(orgunit.RoleClerk), d.Receiving) || s.mayAct(ctx, sub, string(orgunit.RoleClerk), d.Reception) {
		return true
	}
	for _, t := range tasks {
		if t.Assignee == sub.Account || s.mayAct(ctx, sub, t.Role, t.Unit) {
			return true
		}
		if !slices.Contains(at, t.Unit) {
			at = append(at, t.Unit)
		}
	}
	pkg, err := s.pkg(d)
	if err != nil {
		return false
	}
	for _, st := range pkg.Process.Steps() {
		for _, u := range at {
			if st.Role != "" && u != 0 && (s.mayAct(ctx, sub, st.Role, u) || s.inOffice(sub, st.Role, u)) {
				return true
			}
		}
	}
	return false
}

// inOffice reports whether a subject holds a role in an office of an agency: a process may send
// a step there.
func (s *Service) inOffice(sub auth.Subject, role string, agency orgunit.UnitID) bool {
	for _, g := range sub.Grants {
		if !orgunit.Role(g.Role).Acts(orgunit.Role(role)) {
			continue
		}
		u, err := parseScope(g.Scope)
		if err != nil {
			continue
		}
		if a, ok := s.Units.Now().AgencyOf(u); ok && a.ID == agency {
			return true
		}
	}
	return false
}

// listed writes down that a list is about to name dossiers to the reader.
func (s *Service) listed(ctx context.Context, what access.What, why string, ids []int64) error {
	if sub := auth.From(ctx); why == access.DutyPost && s.Looks.Inspects(ctx, sub, 0) {
		why = access.DutyInspection
	}
	return s.Looks.Looked(ctx, access.Look{What: what, Basis: access.ByDuty, Why: why, Type: SubjectType, About: ids})
}

// listedTasks is listed of tasks.
func (s *Service) listedTasks(ctx context.Context, what access.What, why string, tasks []Task) error {
	ids := make([]int64, len(tasks))
	for i, t := range tasks {
		ids[i] = int64(t.Dossier)
	}
	return s.listed(ctx, what, why, ids)
}

func dossierIDs(list []Dossier) []int64 {
	ids := make([]int64, len(list))
	for i, d := range list {
		ids[i] = int64(d.ID)
	}
	return ids
}

// Seeable finds a dossier that the reader may be asked a reason for: their posts let them see
// it. Nothing of it is shown. NotFound.
func (s *Service) Seeable(ctx context.Context, code string) (v ID, name string, err error) {
	d, a, err := s.find(ctx, code, Viewer{})
	if err != nil {
		return 0, "", err
	}
	if a != SeeAll {
		return 0, "", errs.E(errs.NotFound, "dossier.notFound")
	}
	return d.ID, d.Code, s.Looks.Open(ctx, SubjectType, int64(d.ID), d.Competent, d.Code)
}

// NamesIn lists the names that stand in a dossier: applicant, submitter, and every answer
// that is a person's name.
func (s *Service) NamesIn(q db.Querier, v ID) (out []string, err error) {
	c, err := findContent(q, v)
	if errs.Is(err, errs.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	out = append(out, c.Filing.Applicant.Name, c.Filing.Submitter.Name)
	for path, a := range c.Answers {
		if text, ok := a.Value.(string); ok && (path == "name" || strings.HasSuffix(path, ".name")) {
			out = append(out, text)
		}
	}
	return out, nil
}

// Whose are the account and the party whose data a dossier holds: who filed it for themselves,
// or for whom it was filed. 0 and "" where nobody is known.
func (s *Service) Whose(q db.Querier, v ID) (account int64, party mandate.Party, err error) {
	list, err := shortDossiers(q, []ID{v})
	if err != nil || len(list) == 0 {
		return 0, "", err
	}
	row, err := behalfOf(q, list[0])
	if row.mandate != 0 {
		return 0, row.party, err
	}
	return list[0].Submitter, row.party, err
}

// maxOwn is how many dossiers of one account are told apart in its list of looks.
const maxOwn = 500

// OwnOf lists the dossiers that the subject of ctx filed, and those that anybody filed for the
// person whose account it is, at a counter or by a mandate; the youngest first, in short.
func (s *Service) OwnOf(ctx context.Context) (out []Dossier, err error) {
	defer errs.Op(&err, "dossier.OwnOf")
	sub := auth.From(ctx)
	if sub.Account == 0 {
		return nil, errs.E(errs.Unauthenticated, "auth.error.sign_in_first")
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		own, err := s.Mandates.Own(v, sub.Account)
		if err != nil {
			return err
		}
		out, err = bySubmitterOr(v, sub.Account, own, maxOwn)
		return err
	})
	return out, err
}

// OfPeople are all dossiers that an account filed (0: none), and those that anybody filed for one
// of the parties, whether erased or not.
func (s *Service) OfPeople(q db.Querier, account int64, parties []mandate.Party) ([]ID, error) {
	return idsOfPeople(q, account, parties)
}

// Codes are the codes of dossiers by id; what is no dossier is left out. It shows nothing
// else of them.
func (s *Service) Codes(ctx context.Context, ids []int64) (out map[int64]string, err error) {
	defer errs.Op(&err, "dossier.Codes(%d)", len(ids))
	out = make(map[int64]string, len(ids))
	var asked []ID
	for _, v := range ids {
		if v != 0 && !slices.Contains(asked, ID(v)) {
			asked = append(asked, ID(v))
		}
	}
	err = s.DB.View(ctx, func(_ context.Context, v *db.View) error {
		list, err := shortDossiers(v, asked)
		for _, d := range list {
			out[int64(d.ID)] = d.Code
		}
		return err
	})
	return out, err
}
